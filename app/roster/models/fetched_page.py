"""What a source answered, as it is kept until it is read: reduced to what we take in, a row a page."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import spool
from app.core.db import Base, db
from app.core.feed import Feed
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class FetchedPage(DistrictOwned, Base):
    """One page of a sync. Its place in the source is committed with it (RosterImport.place)."""

    __tablename__ = "roster_fetched_pages"
    __keeping__ = Keeping("staff", "until the sync is over, 7 days at most", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "roster_imports"), UniqueConstraint("district_id", "import_id", "number")
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: From 1.
    number: Mapped[int] = mapped_column(info=PUBLIC)
    items: Mapped[str] = mapped_column(info=PERSONAL)

    @classmethod
    def feed(cls, import_id: UUID) -> Feed:
        """All that was fetched, in its order."""
        for text in cls._texts(import_id):
            yield from spool.read_back(text)

    @classmethod
    def forget(cls, import_id: UUID) -> None:
        """Delete the pages of a sync."""
        rows = delete(cls).where(cls.import_id == import_id)
        db.session.execute(rows.execution_options(synchronize_session=False))

    @classmethod
    def _texts(cls, import_id: UUID) -> Iterator[str]:
        number = 1
        # One at a time: whoever reads them commits between, and all together they may be large.
        while text := db.session.scalar(
            select(cls.items).where(cls.import_id == import_id, cls.number == number)
        ):
            yield text
            number += 1
