"""A school of the district."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, directory
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class School(DistrictOwned, Base):
    """A building with a name that people say, and the clock on its wall."""

    __tablename__ = "schools"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "name"),
        CheckConstraint("name <> '' and short_name <> ''", name="named"),
    )
    FOUND_BY = ("id",)

    name: Mapped[str] = mapped_column(info=PUBLIC)
    short_name: Mapped[str] = mapped_column(info=PUBLIC)
    #: An IANA zone where the school's differs from its district's.
    zone: Mapped[str | None] = mapped_column(info=PUBLIC)
    active: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The school of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def by_name(cls) -> Select[Self]:
        """All schools, in the order of a list."""
        return select(cls).order_by(cls.name, cls.id)

    @classmethod
    def in_use(cls) -> Select[Self]:
        """The schools that people may choose."""
        return cls.by_name().where(cls.active)

    @classmethod
    def of(cls, ids: Iterable[UUID | None]) -> Sequence[Self]:
        """The schools of these ids."""
        asked = {id for id in ids if id is not None}
        return db.session.scalars(select(cls).where(cls.id.in_(asked))).all() if asked else ()

    @property
    def zone_name(self) -> str:
        """The zone in which times about this school are shown."""
        if self.zone:
            return self.zone
        district = directory.district_by_id(self.district_id)
        return district.zone if district else "UTC"
