"""A review: the rules in use are put to students whose register changed, or to all. The row is the progress."""

from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

WORKING: Final = "working"
DONE: Final = "done"
#: Why: somebody's register changed; the rules, codes or years are others; a person asked.
CHANGED, RULES, ASKED = "changed", "rules", "asked"


class Review(DistrictOwned, Base):
    """One review. It falls into ranges of students, which workers share (ReviewRange)."""

    __tablename__ = "reviews"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: holds counts only")
    # Its progress would be an entry a batch.
    __audited__ = False
    __table_args__ = owned(
        CheckConstraint("state in ('working','done')", name="state"),
        CheckConstraint("why in ('changed','rules','asked')", name="why"),
        CheckConstraint("(state = 'done') = (ended_at is not null)", name="ended"),
        # Two at once would share the same students.
        Index(
            "uq_reviews_one_at_work",
            "district_id",
            unique=True,
            postgresql_where=text("state = 'working'"),
        ),
    )
    FOUND_BY = ("id",)

    why: Mapped[str] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=WORKING, info=PUBLIC)
    #: The day of looking: what is due from when it was found is due from then.
    seen_on: Mapped[date] = mapped_column(info=PUBLIC)
    #: Of the rules, codes and school years that it goes by: others make a review of everybody.
    terms_sha256: Mapped[str] = mapped_column(info=PUBLIC)
    #: {school: day}: how far each school's register was in.
    current_to: Mapped[dict[str, Any]] = mapped_column(info=PUBLIC)
    began_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The account that asked for it; None for the timetable.
    asked_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    @property
    def is_of_everybody(self) -> bool:
        """True where it goes through all students of the district, whoever of them waits."""
        return self.why != CHANGED

    @classmethod
    def of_everybody(cls) -> ColumnElement[bool]:
        """True of such reviews."""
        return cls.why != CHANGED

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The review of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def at_work(cls) -> Self | None:
        """The one that is not done, if there is one."""
        return db.session.scalar(select(cls).where(cls.state == WORKING))

    @classmethod
    def last_done(cls) -> Self | None:
        """The newest that is done."""
        return db.session.scalar(select(cls).where(cls.state == DONE).order_by(cls.id.desc()).limit(1))
