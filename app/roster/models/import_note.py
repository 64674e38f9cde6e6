"""The log of an import, in words. Never about a person: of rows it names the file and the line."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class ImportNote(DistrictOwned, Base):
    """One sentence."""

    __tablename__ = "roster_import_notes"
    __keeping__ = Keeping(
        "nobody", "30 days after the import", exported=False, erased="keep: no personal data"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "roster_imports"), Index(None, "district_id", "import_id", "id")
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    sentence: Mapped[str] = mapped_column(info=PUBLIC)

    @classmethod
    def write(cls, import_id: UUID, sentence: str) -> None:
        """Add a line."""
        db.session.add(cls(import_id=import_id, sentence=sentence))

    @classmethod
    def of(cls, import_id: UUID) -> list["ImportNote"]:
        """All of them, the first first."""
        return list(
            db.session.scalars(select(cls).where(cls.import_id == import_id).order_by(cls.at, cls.id))
        )
