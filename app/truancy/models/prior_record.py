"""What a school outside the district wrote down of a student's absences before they came, with the paper that says so.

One person enters it, another confirms it; only then the rules that count such records see it (law/prior.py). What it
says is never changed: who finds it wrong withdraws it, and enters it anew.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, Select, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db, one_of
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.person import Person
from app.roster.models.student import Student
from app.truancy.law.prior import DAYS, HALF_DAYS, HOURS, LATES, Prior
from app.truancy.law.rule import whole

#: What its numbers are of, as the office says it.
UNITS: Final = {DAYS: "Whole days", HALF_DAYS: "Half days", HOURS: "Hours", LATES: "Times late"}
_ONE: Final = {DAYS: "day", HALF_DAYS: "half day", HOURS: "hour", LATES: "time late"}
_MANY: Final = {DAYS: "days", HALF_DAYS: "half days", HOURS: "hours", LATES: "times late"}
#: Why they were missed, by its three numbers.
KINDS: Final = {
    "unexcused": "without an excuse",
    "excused": "with an excuse",
    "unknown": "for a reason that is not known",
}
WAITING, CONFIRMED, WITHDRAWN = "waiting", "confirmed", "withdrawn"
STATES: Final = {WAITING: "Waits for a second person", CONFIRMED: "Confirmed", WITHDRAWN: "Withdrawn"}
#: A record speaks of a school year at most, and some weeks.
MOST_DAYS: Final = 400
#: Lines of a list.
MOST_SHOWN: Final = 100
#: It cannot say more of a day: half days, hours. A time late is at most one of the lessons of a day.
_AT_MOST: Final = "case unit when 'day' then 1 when 'half_day' then 2 else 24 end"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the paper says. Numbers are of `unit`, a word of UNITS."""

    school_name: str
    school_place: str
    first: date
    last: date
    unit: str
    unexcused: Decimal = Decimal(0)
    excused: Decimal = Decimal(0)
    unknown: Decimal = Decimal(0)


class PriorRecord(HoldsAFile, DistrictOwned, Base):
    """One of them. Its id is the key of the form it was entered by, so that sent twice it is one."""

    __tablename__ = "prior_records"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("entered_by_id", "accounts"),
        points_at("confirmed_by_id", "accounts"),
        points_at("withdrawn_by_id", "accounts"),
        CheckConstraint("unit in ('day','half_day','hour','late')", name="unit"),
        CheckConstraint("school_name <> '' and name <> ''", name="named"),
        CheckConstraint(f"last >= first and last - first < {MOST_DAYS}", name="days"),
        CheckConstraint("least(unexcused, excused, unknown) >= 0", name="numbers"),
        CheckConstraint("unexcused + excused + unknown > 0", name="says_something"),
        CheckConstraint(
            f"unexcused + excused + unknown <= (last - first + 1) * {_AT_MOST}", name="fits_into_its_days"
        ),
        CheckConstraint(
            "unit = 'hour' or (trunc(unexcused) = unexcused and trunc(excused) = excused and trunc(unknown) = unknown)",
            name="whole_numbers",
        ),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("octet_length(sha256) = 64", name="sha256"),
        CheckConstraint("content_type in ('image/jpeg','image/png','application/pdf')", name="content_type"),
        CheckConstraint("confirmed_by_id <> entered_by_id", name="two_people"),
        CheckConstraint("(confirmed_by_id is null) = (confirmed_at is null)", name="confirmed"),
        CheckConstraint(
            "(withdrawn_by_id is null) = (withdrawn_at is null) and (withdrawn_by_id is null) = (why_withdrawn = '')",
            name="withdrawn",
        ),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "entered_by_id"),
        Index(None, "district_id", "confirmed_by_id"),
        Index(None, "district_id", "withdrawn_by_id"),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: The school that wrote it, and where that is.
    school_name: Mapped[str] = mapped_column(info=PERSONAL)
    school_place: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: The first and the last day that it speaks of.
    first: Mapped[date] = mapped_column(info=PERSONAL)
    last: Mapped[date] = mapped_column(info=PERSONAL)
    unit: Mapped[str] = mapped_column(info=PUBLIC)
    unexcused: Mapped[Decimal] = mapped_column(Numeric(6, 2), info=PERSONAL)
    excused: Mapped[Decimal] = mapped_column(Numeric(6, 2), info=PERSONAL)
    unknown: Mapped[Decimal] = mapped_column(Numeric(6, 2), info=PERSONAL)
    #: The paper: its name, what it is by its own first bytes, and where it lies.
    name: Mapped[str] = mapped_column(info=PERSONAL)
    content_type: Mapped[str] = mapped_column(info=PUBLIC)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    storage_key: Mapped[str] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    entered_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    entered_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    confirmed_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    confirmed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    withdrawn_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    withdrawn_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    why_withdrawn: Mapped[str] = mapped_column(default="", info=PRIVATE)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(PriorRecord.student_id) == Student.id, viewonly=True
    )
    entered_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(PriorRecord.entered_by_id) == Account.id, viewonly=True
    )
    confirmed_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(PriorRecord.confirmed_by_id) == Account.id, viewonly=True
    )
    withdrawn_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(PriorRecord.withdrawn_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The record of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def any(cls) -> bool:
        """Whether the district has one at all."""
        return db.session.scalar(select(cls.id).limit(1)) is not None

    @classmethod
    def of_student(cls, student_id: UUID) -> Sequence[Self]:
        """All of a student, the newest time first, withdrawn ones among them."""
        asked = select(cls).where(cls.student_id == student_id)
        return db.session.scalars(asked.order_by(cls.last.desc(), cls.id.desc())).all()

    @classmethod
    def waiting(cls, schools: Collection[UUID] | None) -> Sequence[Self]:
        """Those that wait for a second person, the oldest first, of students of these schools; None means all."""
        asked = cls._at(schools).where(cls.confirmed_by_id.is_(None), cls.withdrawn_by_id.is_(None))
        return db.session.scalars(asked.order_by(cls.id).limit(MOST_SHOWN)).all()

    @classmethod
    def decided(cls, schools: Collection[UUID] | None) -> Sequence[Self]:
        """The newest of the others."""
        asked = cls._at(schools).where(cls.confirmed_by_id.is_not(None) | cls.withdrawn_by_id.is_not(None))
        return db.session.scalars(asked.order_by(cls.id.desc()).limit(MOST_SHOWN)).all()

    @classmethod
    def _at(cls, schools: Collection[UUID] | None) -> Select[Self]:
        asked = select(cls)
        if schools is not None:
            asked = asked.join(Person, Person.id == cls.student_id).where(one_of(Person.school_id, schools))
        return asked

    @property
    def state(self) -> str:
        """A word of STATES."""
        if self.withdrawn_by_id is not None:
            return WITHDRAWN
        return WAITING if self.confirmed_by_id is None else CONFIRMED

    @property
    def where(self) -> str:
        """The school with its place."""
        return ", ".join(filter(None, (self.school_name, self.school_place)))

    @property
    def numbers(self) -> list[tuple[str, Decimal]]:
        """How many, and why they were missed: only those that are not nought."""
        return [(said, number) for kind, said in KINDS.items() if (number := getattr(self, kind))]

    @property
    def said(self) -> str:
        """As a line: "4 days without an excuse, 1 day with an excuse"."""
        return ", ".join(
            f"{number.normalize():f} {(_ONE if number == 1 else _MANY)[self.unit]} {why}"
            for why, number in self.numbers
        )

    def as_the_law_sees_it(self) -> Prior:
        """What the rules count, and a digest of all that it says, the paper's own among it."""
        numbers = [whole(Fraction(one)) for one in (self.unexcused, self.excused, self.unknown)]
        told = json.dumps(
            [
                self.school_name,
                self.school_place,
                str(self.first),
                str(self.last),
                self.unit,
                *map(str, numbers),
                self.sha256,
            ]
        )
        digest = hashlib.sha256(told.encode("utf-8")).hexdigest()
        unexcused, excused, unknown = numbers
        return Prior(str(self.id), self.first, self.last, self.unit, unexcused, excused, unknown, digest)


def prior_of(student_ids: Collection[UUID]) -> dict[UUID, list[Prior]]:
    """The confirmed records of these students that nobody withdrew, as the rules count them."""
    asked = select(PriorRecord).where(
        one_of(PriorRecord.student_id, student_ids),
        PriorRecord.confirmed_by_id.is_not(None),
        PriorRecord.withdrawn_by_id.is_(None),
    )
    found: dict[UUID, list[Prior]] = {}
    for one in db.session.scalars(asked):
        found.setdefault(one.student_id, []).append(one.as_the_law_sees_it())
    return found
