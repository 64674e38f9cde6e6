"""A kind of trouble, in the district's own words: "Projector", "Printer", "Password"."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class Category(DistrictOwned, Base):
    """What a request is about. Retired ones stay on old tickets and leave the form."""

    __tablename__ = "categories"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "name"),
        CheckConstraint("name <> ''", name="named"),
    )

    name: Mapped[str] = mapped_column(info=PUBLIC)
    active: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    position: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def choices(cls, also: UUID | None = None) -> Select[UUID, str]:
        """Id and name of those that a form offers, in the district's order; and of one that may be retired."""
        offered = select(cls.id, cls.name).where(cls.active | (cls.id == also))
        return offered.order_by(cls.position, cls.name, cls.id)
