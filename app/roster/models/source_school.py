"""Which school a source means by an id of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class SourceSchool(DistrictOwned, Base):
    """A school as a source knows it, and what the source called it last."""

    __tablename__ = "source_schools"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "source_id", "key"),
        CheckConstraint("key <> ''", name="keyed"),
        Index(None, "district_id", "school_id"),
    )

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    key: Mapped[str] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PUBLIC)
    said_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
