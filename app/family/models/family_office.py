"""Whom a family calls, when, and what the school offers: of a school, or of the district for all that say nothing."""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

LINK_DAYS: Final = 60
MOST_LINK_DAYS: Final = 365
LONGEST: Final = {"phone": 40, "hours": 120, "offers": 1500}


class FamilyOffice(DistrictOwned, Base):
    """One for the district, and one for each school that says something of its own."""

    __tablename__ = "family_offices"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("school_id", "schools"),
        CheckConstraint("link_days between 1 and 365", name="link_days"),
        Index(
            "uq_family_offices_school",
            "district_id",
            "school_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    #: None: the district's.
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    phone: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    hours: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    #: Plain text, a line a thing.
    offers: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    #: How long links work; the district's alone is asked.
    link_days: Mapped[int] = mapped_column(
        SmallInteger(), default=LINK_DAYS, server_default="60", info=PUBLIC
    )
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def own(cls, school_id: UUID | None) -> Self:
        """What that school, or the district, says itself; a new row for what nobody has written yet."""
        found = db.session.scalar(select(cls).where(cls.school_id.is_not_distinct_from(school_id)))
        return found or cls(school_id=school_id, phone="", hours="", offers="", link_days=LINK_DAYS)

    @classmethod
    def written(cls) -> dict[UUID | None, Self]:
        """All that is written, by school."""
        return {one.school_id: one for one in db.session.scalars(select(cls))}

    def change(self, phone: str, hours: str, offers: str, link_days: int | None = None) -> None:
        """Write it anew."""
        self.phone, self.hours, self.offers = phone, hours, offers
        if link_days is not None:
            self.link_days = link_days
        db.session.add(self)

    @classmethod
    def lasting(cls) -> timedelta:
        """How long a new link works."""
        return timedelta(days=cls.own(None).link_days)
