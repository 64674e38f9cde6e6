"""What a code of the register means: the district's own letters, and the words that rules know.

The words are those of app/truancy/law/traits.py, and a test holds the two against each other; the register itself has
never heard of a law. A file may propose a meaning; it counts from when a person of the district has signed it off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, SmallInteger, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

#: What a mark says of the student, and how that is said. "" is not said yet.
KINDS: Final = {
    "": "Nobody has said yet",
    "present": "Present",
    "absent": "Absent",
    "tardy": "Late",
    "early_out": "Left early",
    "suspended_out": "Suspended, out of school",
    "suspended_in": "Suspended, in school",
    "offsite_instruction": "Taught elsewhere",
    "not_expected": "Not expected that day",
}
EXCUSES: Final = {
    "": "Does not apply",
    "excused": "Excused",
    "unexcused": "Unexcused",
    "unknown": "Reason not known",
}
FLAGS: Final = {"medical": "Medical", "state_excused": "Excused by the state"}
#: What a mark says whose reason nobody knows, and what it says once the time to give one is over.
UNKNOWN, UNEXCUSED = "unknown", "unexcused"
#: School days that a district may give for a reason, at most.
LONGEST_TO_JUSTIFY: Final = 60
#: Of these a rule asks whether they were excused.
AWAY: Final = ("absent", "tardy", "early_out")
LONGEST: Final = {"code": 60, "description": 120}
_ONE_OF_KINDS: Final = "kind in ({})".format(",".join(f"'{kind}'" for kind in KINDS))
_ONE_OF_EXCUSES: Final = "excuse in ({})".format(",".join(f"'{excuse}'" for excuse in EXCUSES))


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What somebody says that a code means, from a day to a day."""

    kind: str
    excuse: str = ""
    flags: Sequence[str] = ()
    description: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    #: School days after which a mark without a reason counts as unexcused; None: never.
    unexcused_after: int | None = None

    @property
    def words(self) -> tuple[str, str, tuple[str, ...]]:
        """All that decides what a mark counts for."""
        return self.kind, self.excuse, tuple(sorted(self.flags))


class AttendanceCode(DistrictOwned, Base):
    """One meaning of one code, from a day to a day. Proposed until somebody signs it off.

    A proposal never changes what is signed off: another meaning is another row, and the old one ends where it begins.
    """

    __tablename__ = "attendance_codes"
    __keeping__ = Keeping("staff", "the contract", exported=True, erased="keep: who vouched for what counts")
    __table_args__ = owned(
        points_at("school_id", "schools"),
        CheckConstraint("code <> '' and code = btrim(code)", name="coded"),
        CheckConstraint(_ONE_OF_KINDS, name="kind"),
        CheckConstraint(_ONE_OF_EXCUSES, name="excuse"),
        CheckConstraint("jsonb_typeof(flags) = 'array'", name="flags"),
        CheckConstraint("valid_from <= valid_to", name="begins_before_it_ends"),
        CheckConstraint(
            f"unexcused_after is null or unexcused_after between 1 and {LONGEST_TO_JUSTIFY} and excuse = '{UNKNOWN}'",
            name="unexcused_after",
        ),
        CheckConstraint(
            "(signed_off_at is null) = (signed_off_by is null) and (signed_off_at is null or kind <> '')",
            name="signed_off_by_somebody",
        ),
        Index(
            "uq_attendance_codes_signed_off",
            "district_id",
            "school_id",
            "code",
            "valid_from",
            unique=True,
            postgresql_where=text("signed_off_at is not null"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_attendance_codes_proposed",
            "district_id",
            "school_id",
            "code",
            unique=True,
            postgresql_where=text("signed_off_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    FOUND_BY = ("id",)

    #: None: the whole district. What a school says of a code goes before it.
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    code: Mapped[str] = mapped_column(info=PUBLIC)
    description: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    kind: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    excuse: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    flags: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    #: The first and last day of which marks have this meaning; None: since ever, until further notice.
    valid_from: Mapped[date | None] = mapped_column(info=PUBLIC)
    valid_to: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: School days after which one of its marks counts as unexcused if no reason came (lapsing.py); None: never.
    unexcused_after: Mapped[int | None] = mapped_column(SmallInteger(), info=PUBLIC)
    #: The account, and the name as it was when they signed.
    signed_off_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    signed_off_by: Mapped[str | None] = mapped_column(info=PERSONAL)
    signed_off_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The meaning of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def all(cls) -> Sequence[Self]:
        """Every meaning, signed off or proposed, by code; those of the district before those of a school."""
        order = (cls.code, cls.school_id.nulls_first(), cls.valid_from.desc().nulls_last(), cls.id)
        return db.session.scalars(select(cls).order_by(*order)).all()

    @classmethod
    def counting(cls) -> Sequence[Self]:
        """Those that are signed off: no other says anything."""
        return db.session.scalars(select(cls).where(cls.signed_off_at.is_not(None))).all()

    @classmethod
    def waiting(cls) -> Sequence[Self]:
        """Those that nobody has signed off."""
        return db.session.scalars(
            select(cls).where(cls.signed_off_at.is_(None)).order_by(cls.code, cls.id)
        ).all()

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        """True of those whose meaning holds on that day."""
        return or_(cls.valid_from.is_(None), cls.valid_from <= day) & or_(
            cls.valid_to.is_(None), cls.valid_to >= day
        )

    @property
    def counts(self) -> bool:
        """True once a person vouches for it."""
        return self.signed_off_at is not None

    @property
    def words(self) -> list[str]:
        """The same as rules know it: the kind, the excuse, the flags."""
        return self.words_of(None)

    def words_of(self, unexcused_since: date | None) -> list[str]:
        """The same of a mark that has counted as unexcused since that day; None of one that has not."""
        return [word for word in (self.kind, self.excuse_of(unexcused_since), *self.flags) if word]

    def excuse_of(self, unexcused_since: date | None) -> str:
        """Whether such a mark is excused. What says more than that nobody knows is not touched by the day."""
        return UNEXCUSED if unexcused_since is not None and self.excuse == UNKNOWN else self.excuse
