"""What a source answered, until it is read: reduced to what we take in, packed and sealed, a row a page."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import spool
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.feed import Feed, Item
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class FetchedPage(DistrictOwned, Base):
    """One page of a sync. Its place in the source is committed with it (RosterImport.place)."""

    __tablename__ = "roster_fetched_pages"
    __keeping__ = Keeping(
        "staff, students and guardians",
        "until the sync is over, 7 days at most",
        exported=False,
        erased="delete",
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "roster_imports"), UniqueConstraint("district_id", "import_id", "number")
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: From 1.
    number: Mapped[int] = mapped_column(info=PUBLIC)
    items_sealed: Mapped[str] = mapped_column(info=PERSONAL)
    #: Packed: what is sealed shrinks no more.
    items = Sealed("items_sealed")

    @classmethod
    def keep(cls, import_id: UUID, number: int, items: Sequence[Item]) -> int:
        """Write a page down; how many octets that takes."""
        packed = b64encode(zlib.compress(spool.written(items).encode())).decode()
        db.session.add(cls(import_id=import_id, number=number, items=packed))
        return len(packed)

    @classmethod
    def feed(cls, import_id: UUID) -> Feed:
        """All that was fetched, in its order."""
        for packed in cls._each(import_id):
            yield from spool.read_back(zlib.decompress(b64decode(packed)).decode())

    @classmethod
    def forget(cls, import_id: UUID) -> None:
        """Delete the pages of a sync."""
        rows = delete(cls).where(cls.import_id == import_id)
        db.session.execute(rows.execution_options(synchronize_session=False))

    @classmethod
    def _each(cls, import_id: UUID) -> Iterator[str]:
        number = 1
        # One at a time: whoever reads them commits between, and all together they may be large.
        while page := db.session.scalar(select(cls).where(cls.import_id == import_id, cls.number == number)):
            yield page.items or ""
            number += 1
