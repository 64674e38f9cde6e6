"""A room of a school: where the help is needed."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.school import School


class Room(DistrictOwned, Base):
    """A classroom, an office, a gym."""

    __tablename__ = "rooms"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "school_id", "name"),
        CheckConstraint("name <> ''", name="named"),
    )
    FOUND_BY = ("id",)

    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PUBLIC)
    active: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    school: Mapped[School] = relationship(primaryjoin=lambda: foreign(Room.school_id) == School.id)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The room of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_school(cls, school_id: UUID) -> Select[Self]:
        """The rooms of a school, in the order of a list."""
        return select(cls).where(cls.school_id == school_id).order_by(cls.name, cls.id)
