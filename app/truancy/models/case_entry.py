"""What people did about a student's attendance, or found out: a line of the case. It can be undone, never changed."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db, one_of, uuid_or_none
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.guardian import Guardian
from app.truancy.law.facts import CaseEvent
from app.truancy.models.attendance_case import AttendanceCase

CONTACT: Final = "contact"
SCHEDULED: Final = "conference_scheduled"
HELD: Final = "conference_held"
MISSED: Final = "conference_missed"
PLAN: Final = "plan"
PLAN_FAILED: Final = "plan_failed"
BARRIER: Final = "barrier"
REFERRAL: Final = "referral"
ATTESTED: Final = "attested"
DELIVERED: Final = "delivered"
PENALTY: Final = "penalty"
COMMITTEE: Final = "committee_told"
DONE: Final = "done"
DISMISSED: Final = "dismissed"

KINDS: Final = {
    CONTACT: "Contact",
    SCHEDULED: "Conference scheduled",
    HELD: "Conference held",
    MISSED: "Conference held, the parent did not come",
    PLAN: "Plan made",
    PLAN_FAILED: "Plan failed",
    BARRIER: "Barrier found",
    REFERRAL: "Referred",
    ATTESTED: "Confirmed",
    DELIVERED: "Notice arrived",
    PENALTY: "Penalty notice",
    COMMITTEE: "The committee was told",
    DONE: "Done",
    DISMISSED: "Dismissed",
}
MEANS: Final = {
    "call": "Telephone call",
    "text": "Text message",
    "email": "Email",
    "visit": "Home visit",
    "in_person": "Spoke at school",
}
OUTCOMES: Final = {
    "reached": "Reached",
    "message": "Left a message",
    "no_answer": "No answer",
    "wrong_number": "Wrong number or address",
}
PLANS: Final = {
    "attendance_plan": "Plan to resolve the absences",
    "action_plan": "Action plan",
    "written_plan": "Written plan of a conference",
}
#: Why students miss school, as attendance teams sort it.
BARRIERS: Final = {
    "transport": "Transport",
    "health": "Health",
    "mental_health": "Mental health, anxiety",
    "safety": "Safety on the way or at school",
    "bullying": "Bullying",
    "housing": "Housing",
    "food_clothing": "Food, clothing, laundry",
    "caring": "Caring for family, working",
    "family": "Trouble in the family",
    "language": "Language",
    "learning": "Falling behind, support in learning",
    "belonging": "Sees no point in it, feels left out",
    "discipline": "Discipline at school",
    "not_known": "Did not know how many days were missed",
    "other": "Something else",
}
REFERRALS: Final = {
    "counseling": "Counseling",
    "health": "Health services",
    "social_services": "Social services",
    "community": "Community organisation",
    "mckinney_vento": "Liaison for homeless or foster students",
    "review_board": "Attendance review board",
    "court": "Court",
}
#: Bodies that a law has told of a student: EC 48263; FS 1003.26; SB 123 (Georgia); RCW 28A.225.030; 19 TAC 129.1043.
COMMITTEES: Final = {
    "review_board": "Attendance review board",
    "review_team": "Attendance review team or committee",
    "child_study_team": "Child study team",
    "engagement_board": "Community engagement board",
    "ard": "ARD or IEP committee",
    "section_504": "Section 504 committee",
}
#: How a committee was told.
BY_MEANS: Final = {
    "letter": "By letter",
    "email": "By email",
    "meeting": "In a meeting",
    "call": "By telephone",
    "form": "By its own form",
}
#: Those that a person decides about who may.
FOR_WHO_DECIDES: Final = frozenset({"review_board", "engagement_board", "court"})
#: What `name` is of, by kind.
NAMES: Final = {
    CONTACT: MEANS,
    PLAN: PLANS,
    BARRIER: BARRIERS,
    REFERRAL: REFERRALS,
    COMMITTEE: COMMITTEES,
}
#: As the engine knows them. A contact that asks for a conference is an attempt; one without the parent was held.
_EVENTS: Final = {
    SCHEDULED: "conference_attempted",
    HELD: "conference_held",
    MISSED: "conference_held",
    PLAN: "done",
    PLAN_FAILED: "plan_failed",
    ATTESTED: "attested",
    DELIVERED: "delivered",
    PENALTY: "penalty",
    DONE: "done",
}


class CaseEntry(DistrictOwned, Base):
    """One of them. What was undone stays, and says nothing any more."""

    __tablename__ = "case_entries"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("case_id", "attendance_cases"),
        points_at("duty_id", "case_duties"),
        points_at("by_id", "accounts"),
        points_at("undone_by_id", "accounts"),
        CheckConstraint("kind in ({})".format(",".join(f"'{kind}'" for kind in KINDS)), name="kind"),
        CheckConstraint(
            "(kind = 'committee_told') = (told <> '') and (kind = 'committee_told') = (means <> '')",
            name="committee_told",
        ),
        CheckConstraint("(undone_at is null) = (undone_by_id is null)", name="undone_by_somebody"),
        Index(None, "district_id", "case_id"),
        Index(None, "district_id", "duty_id", postgresql_where="duty_id is not null"),
        Index(None, "district_id", "by_id", "made_at"),
        Index(None, "district_id", "batch_id"),
        Index(None, "district_id", "undone_by_id", postgresql_where="undone_by_id is not null"),
    )
    FOUND_BY = ("id",)

    case_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: What it was done for, if it was.
    duty_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    #: Of a conference, when it is held; else the day on which it was so.
    on: Mapped[date] = mapped_column(info=PUBLIC)
    #: Which means, plan, barrier, referral, committee, duty; of what is confirmed, the claim; of a penalty notice, the
    #: id of the parent.
    name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: Whose notice arrived.
    rule_id: Mapped[str] = mapped_column(default="", info=PUBLIC)
    outcome: Mapped[str] = mapped_column(default="", info=PERSONAL)
    note: Mapped[str] = mapped_column(default="", info=PRIVATE)
    #: Of a committee: who of it was told, and by what means.
    told: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    means: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: All that was written with one press.
    batch_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    undone_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    undone_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(CaseEntry.by_id) == Account.id, viewonly=True
    )

    @classmethod
    def any(cls) -> bool:
        """Whether the district has one at all."""
        return db.session.scalar(select(cls.id).limit(1)) is not None

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The entry of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def committees_told(cls, case_id: UUID) -> list[Self]:
        """Which committees were told of the student, in the order of the days."""
        asked = select(cls).where(cls.case_id == case_id, cls.kind == COMMITTEE, cls.undone_at.is_(None))
        return list(db.session.scalars(asked.order_by(cls.on, cls.id)))

    @classmethod
    def of_case(cls, case_id: UUID) -> list[Self]:
        """What stands in the case, the newest first; 200 at most."""
        asked = select(cls).where(cls.case_id == case_id, cls.undone_at.is_(None))
        return list(db.session.scalars(asked.order_by(cls.made_at.desc(), cls.id.desc()).limit(200)))

    @property
    def words(self) -> str:
        """What it is of its kind: "Telephone call", "Transport"; of a penalty notice, whose."""
        if self.kind == PENALTY:
            known = uuid_or_none(self.name)
            parent = Guardian.find(known) if known else None
            return f"to {parent.name}" if parent else "to a parent who is not in the roster any more"
        return NAMES.get(self.kind, {}).get(self.name, "")

    @property
    def further(self) -> str:
        """What belongs to it besides: how a contact turned out; who of a committee was told, and how. "" if nothing."""
        if self.kind == COMMITTEE:
            return f"{self.told}, {BY_MEANS[self.means].lower()}"
        return OUTCOMES.get(self.outcome, self.outcome).lower()

    def event(self, zone_name: str) -> CaseEvent | None:
        """As the rules ask about it; None for what no rule asks about."""
        kind = _EVENTS.get(self.kind)
        if kind is None:
            return None
        # A conference was attempted on the day on which it was asked for, and not on the one on which it will be.
        on = clock.local(self.made_at, zone_name).date() if self.kind == SCHEDULED else self.on
        named = kind in ("done", "attested", "penalty")
        return CaseEvent(kind, on, self.name if named else "", self.rule_id if kind == "delivered" else "")


def case_events(student_ids: Collection[UUID], zone_name: str) -> dict[UUID, list[CaseEvent]]:
    """What stands in the cases of these students, of all years, as the rules ask about it."""
    asked = (
        select(AttendanceCase.student_id, CaseEntry)
        .join(AttendanceCase, AttendanceCase.id == CaseEntry.case_id)
        .where(one_of(AttendanceCase.student_id, student_ids), CaseEntry.undone_at.is_(None))
        .order_by(CaseEntry.id)
    )
    found: dict[UUID, list[CaseEvent]] = {}
    for student_id, entry in db.session.execute(asked):
        event = entry.event(zone_name)
        if event is not None:
            found.setdefault(student_id, []).append(event)
    return found
