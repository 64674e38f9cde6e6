"""What a firing asks for, until somebody has done it: a line of the morning list."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, UniqueConstraint, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedByOneKey, points_at
from app.truancy.law.firing import Blocked
from app.truancy.law.words import DUTIES
from app.truancy.models.attendance_case import AttendanceCase

OPEN: Final = "open"
DONE: Final = "done"
DISMISSED: Final = "dismissed"
#: What it rests on does not hold any more: an excuse came later.
WITHDRAWN: Final = "withdrawn"
#: The lot fell so: this family is not written to, and compared with those who are.
HELD_BACK: Final = "held back"
STATES: Final = (OPEN, DONE, DISMISSED, WITHDRAWN, HELD_BACK)
#: What was drawn for it: nothing, that it is done, that it is held back.
NOT_DRAWN, TOLD, NOT_TOLD = "", "told", "not told"


class CaseDuty(OwnedByOneKey, Base):
    """One duty of one firing. A firing is known by student, rule, window and ordinal."""

    __tablename__ = "case_duties"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = (
        points_at("case_id", "attendance_cases"),
        points_at("student_id", "students"),
        points_at("settled_by_id", "accounts"),
        points_at("released_by_id", "accounts"),
        UniqueConstraint("district_id", "student_id", "rule_id", "window", "ordinal", "do", "to"),
        CheckConstraint("state in ('open','done','dismissed','withdrawn','held back')", name="state"),
        CheckConstraint("drawn in ('','told','not told')", name="drawn"),
        CheckConstraint(
            "state <> 'held back' or (drawn = 'not told' and released_at is null and not for_person)",
            name="held_back_by_lot",
        ),
        CheckConstraint("(released_by_id is null) = (released_at is null)", name="released"),
        CheckConstraint("(state in ('done','dismissed')) = (settled_by_id is not null)", name="settled"),
        CheckConstraint("state <> 'dismissed' or reason <> ''", name="dismissed_with_a_reason"),
        CheckConstraint("jsonb_typeof(blocked) = 'array'", name="blocked"),
        Index(None, "district_id", "case_id"),
        # The morning list: what is open, in the order in which it is due.
        Index("ix_case_duties_open", "district_id", "by_day", "id", postgresql_where="state = 'open'"),
        Index("ix_case_duties_open_of", "district_id", "student_id", postgresql_where="state = 'open'"),
        Index(
            "ix_case_duties_held_back_of", "district_id", "student_id", postgresql_where="state = 'held back'"
        ),
        Index(None, "district_id", "settled_by_id", postgresql_where="settled_by_id is not null"),
        Index(None, "district_id", "released_by_id", postgresql_where="released_by_id is not null"),
        # What takes part in a comparison.
        Index("ix_case_duties_drawn", "district_id", "rule_id", postgresql_where="drawn <> ''"),
    )
    FOUND_BY = ("id",)

    case_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    window: Mapped[str] = mapped_column(info=PUBLIC)
    ordinal: Mapped[int] = mapped_column(info=PUBLIC)
    #: The day on which the rule fired.
    trigger: Mapped[date] = mapped_column(info=PUBLIC)
    do: Mapped[str] = mapped_column(info=PUBLIC)
    to: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: The last day on which it is in time; date.max where the law names none.
    by_day: Mapped[date] = mapped_column(default=date.max, info=PUBLIC)
    #: [[why, about], …], as firings say what stands in the way.
    blocked: Mapped[list[Any]] = mapped_column(JSONB(), default=list, info=PUBLIC)
    #: True where the law, or what is known of the student, leaves it to a person and to no batch.
    for_person: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    state: Mapped[str] = mapped_column(default=OPEN, info=PUBLIC)
    settled_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    settled_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: By which it is undone: all that was settled with one press.
    batch_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    reason: Mapped[str] = mapped_column(default="", info=PRIVATE)
    #: What a notice of it has met, that asks for a person: nobody could be reached. "" where nothing does.
    trouble: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: Stays, whatever becomes of it: those for whom it was drawn are compared as it was drawn.
    drawn: Mapped[str] = mapped_column(default=NOT_DRAWN, server_default=NOT_DRAWN, info=PRIVATE)
    #: Who had it done all the same.
    released_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    released_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    case: Mapped[AttendanceCase] = relationship(
        primaryjoin=lambda: foreign(CaseDuty.case_id) == AttendanceCase.id, viewonly=True
    )
    settled_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(CaseDuty.settled_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The duty of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def is_open(cls) -> ColumnElement[bool]:
        """True of those that are open. Spelled out: behind a parameter a plan that is kept does not see the index."""
        return cls.state == literal_column(f"'{OPEN}'")

    @classmethod
    def locked(cls, ids: Collection[UUID]) -> list[Self]:
        """Those of them that are open, held until the transaction ends: what two press is settled once."""
        asked = select(cls).where(cls.id.in_(ids), cls.state == OPEN).order_by(cls.id).with_for_update()
        return list(db.session.scalars(asked.execution_options(populate_existing=True)))

    @classmethod
    def of_case(cls, case_id: UUID) -> list[Self]:
        """All of a case, in the order in which they are due."""
        return list(
            db.session.scalars(select(cls).where(cls.case_id == case_id).order_by(cls.by_day, cls.id))
        )

    @property
    def due(self) -> date | None:
        """The last day on which it is in time; None where the law names none."""
        return None if self.by_day == date.max else self.by_day

    @property
    def stands_in_the_way(self) -> list[Blocked]:
        """What is to be done before it."""
        return [Blocked(why, about) for why, about in self.blocked]

    @property
    def words(self) -> str:
        """As the office says it."""
        return DUTIES[self.do]

    def settle(self, state: str, *, by_id: UUID, batch: UUID, reason: str = "") -> None:
        """It is done, or dismissed for a reason."""
        self.state, self.settled_by_id, self.settled_at = state, by_id, clock.now()
        self.batch_id, self.reason, self.trouble = batch, reason, ""

    def release(self, by_id: UUID) -> None:
        """It is done all the same."""
        self.state, self.released_by_id, self.released_at = OPEN, by_id, clock.now()

    def withdraw(self) -> None:
        """What it rests on does not hold any more."""
        self.state, self.trouble = WITHDRAWN, ""

    def reopen(self) -> None:
        """It is to be done after all."""
        self.state, self.settled_by_id, self.settled_at = OPEN, None, None
        self.batch_id, self.reason = None, ""
