"""That a rule fired for a student, as it was found: by which marks, what is owed by when, and whether it still stands.

Written by reviewing.py alone, hundreds of thousands of rows at a time. A firing whose marks were excused is retracted
and stays; if it holds again it is reinstated, and is the same firing: nobody gets a second letter for it by itself.
"""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, SmallInteger, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedByOneKey, points_at
from app.roster.models.student import Student
from app.truancy.law.rule import Amount, whole

STANDING: Final = "standing"
RETRACTED: Final = "retracted"


class Firing(OwnedByOneKey, Base):
    """One firing of one rule: there is one for each student, rule, window and number in it."""

    __tablename__ = "firings"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    # A review tells how many it wrote; what became of one of them is a FiringChange.
    __audited__ = False
    __table_args__ = (
        points_at("student_id", "students"),
        UniqueConstraint("district_id", "student_id", "rule_id", "window_name", "ordinal"),
        CheckConstraint("state in ('standing','retracted')", name="state"),
        CheckConstraint("(state = 'retracted') = (retracted_at is not null)", name="retracted"),
        CheckConstraint("ordinal > 0", name="numbered"),
        # What a day alone may take out of the way: asked for each night.
        Index(
            "ix_firings_wait_for_a_day",
            "district_id",
            "student_id",
            postgresql_where=text("""state = 'standing' and blocked @> '[["conference_date_not_passed"]]'"""),
        ),
        # By its length: to look at each letter is a third of what writing a firing takes.
        CheckConstraint("octet_length(evidence_sha256) = 64", name="evidence_sha256"),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    #: Rule.sha256 of what it fired under, the district's overlay included.
    rule_version: Mapped[str] = mapped_column(info=PUBLIC)
    #: Which window, and which firing in it: "2026-27", 1.
    window_name: Mapped[str] = mapped_column(info=PUBLIC)
    ordinal: Mapped[int] = mapped_column(SmallInteger(), info=PUBLIC)
    #: The day on which the threshold was first met. Never moved by when it was found.
    trigger_day: Mapped[date] = mapped_column(info=PERSONAL)
    #: [["2026-09-04", "DAY", "U", null], …]: day, slot, the code as it stood in the register, minutes.
    #: As text: they are kept, and never searched.
    marks: Mapped[list[list[Any]]] = mapped_column(JSON(), info=PERSONAL)
    evidence_sha256: Mapped[str] = mapped_column(info=PUBLIC)
    #: What was counted, exactly: "3", "7/2". Of hours it is minutes.
    total: Mapped[str] = mapped_column(info=PERSONAL)
    #: What the total is a share of, where the rule asks for one.
    out_of: Mapped[int | None] = mapped_column(info=PERSONAL)
    #: [["notice", "parent", "2026-09-18", ""], …]: what, to whom, its last day or null where the law names none, and
    #: "human" where a person decides.
    duties: Mapped[list[list[Any]]] = mapped_column(JSONB(), info=PERSONAL)
    #: [["conference_not_attempted", "us-ca.truant.1"], …]: why what it asks for may not be done yet.
    blocked: Mapped[list[list[str]]] = mapped_column(JSONB(), info=PERSONAL)
    #: Flags for which a person looks at it, and no machine.
    excluded: Mapped[list[str]] = mapped_column(info=PERSONAL)
    state: Mapped[str] = mapped_column(default=STANDING, info=PUBLIC)
    #: When it was found: late, if its trigger lies long before.
    known_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    retracted_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(Firing.student_id) == Student.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The firing of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def behind(cls, student_id: UUID, rule_id: str, window: str, ordinal: int) -> Self | None:
        """The one of that key; None where there is none, as behind a duty that was opened by hand."""
        asked = select(cls).where(
            cls.student_id == student_id,
            cls.rule_id == rule_id,
            cls.window_name == window,
            cls.ordinal == ordinal,
        )
        return db.session.scalar(asked)

    @classmethod
    def of_student(cls, student_id: UUID) -> Sequence[Self]:
        """All of a student, the newest trigger first."""
        asked = select(cls).where(cls.student_id == student_id)
        return db.session.scalars(asked.order_by(cls.trigger_day.desc(), cls.rule_id, cls.ordinal)).all()

    @classmethod
    def standing(cls) -> Select[Self]:
        """Those that the register supports."""
        return select(cls).where(cls.state == STANDING)

    @classmethod
    def is_standing(cls, id: UUID) -> bool:
        """The last question before a notice leaves. Until the transaction ends nobody retracts it."""
        asked = select(cls.state).where(cls.id == id).with_for_update(read=True)
        return db.session.scalar(asked) == STANDING

    @classmethod
    def count_by_rule(cls) -> dict[str, int]:
        """How many stand, rule by rule."""
        counted = select(cls.rule_id, func.count()).where(cls.state == STANDING).group_by(cls.rule_id)
        return dict(db.session.execute(counted).all())

    @property
    def stands(self) -> bool:
        """True as far as this row knows: for a page, not for a letter."""
        return self.state == STANDING

    @property
    def amount(self) -> Amount:
        """What was counted, as a number."""
        return whole(Fraction(self.total))
