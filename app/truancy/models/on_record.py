"""What is on record of a student's case in one school year, put against what the law asks for before a referral."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.notices.actions.lettering import day_in_words
from app.notices.models.notice import FAILED as NOT_ARRIVED
from app.notices.models.notice import State
from app.truancy.law.packets import Asked, asked_in
from app.truancy.law.words import DUTIES, why_blocked
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase, school_year
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.firing import Firing
from app.truancy.models.notice_trail import Trail, duties_of, trails
from app.truancy.models.regional_words import regional_words
from app.truancy.models.rule_activation import place_of
from app.truancy.models.student_flag import StudentFlag

#: Duties whose doing is a measure: what was tried before anybody is referred.
MEASURES: Final = frozenset(
    {
        "prevention_measure",
        "supportive_services",
        "offer_counseling",
        "child_study_team",
        "attendance_review_team",
    }
)
IN_A_GROUP: Final = (
    "The student is in a group that is for a person to look at. Say why they are referred all the same."
)
#: A penalty of longer ago counts no more.
PENALTIES_COUNT_FOR: Final = timedelta(days=3 * 365)


@dataclass(frozen=True)
class OnRecord:
    """Of one case. Entries, firings and notices in the order in which they happened."""

    case: AttendanceCase
    entries: Sequence[CaseEntry]
    firings: Sequence[Firing]
    notices: Sequence[Trail]
    #: Penalty notices of three years, of this case or an earlier one.
    penalties: Sequence[CaseEntry]

    @property
    def left(self) -> list[Trail]:
        """The notices that have left, for a family and not in practice."""
        return [one for one in self.notices if one.notice.left_at is not None and not one.notice.practice]


@dataclass(frozen=True)
class Answer:
    """One line of the checklist, and what is on record for it: lines, each with its day. Empty: it is missing."""

    asked: Asked
    found: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """True where it is missing and nothing may be put together without a person's word."""
        return self.asked.stops and not self.found


def on_record(case: AttendanceCase) -> OnRecord:
    """Everything, read now."""
    all_years = Firing.of_student(case.student_id)
    in_it = {day for day in {one.trigger_day for one in all_years} if school_year(day) == case.year}
    firings = sorted((one for one in all_years if one.trigger_day in in_it), key=lambda one: one.trigger_day)
    notices = {one.notice.id: one for firing in firings for one in trails(firing, duties_of(firing))}
    asked = select(CaseEntry).where(CaseEntry.case_id == case.id, CaseEntry.undone_at.is_(None))
    entries = list(db.session.scalars(asked.order_by(CaseEntry.on, CaseEntry.id)))
    return OnRecord(
        case=case,
        entries=entries,
        firings=firings,
        notices=sorted(notices.values(), key=lambda one: one.notice.made_at),
        penalties=_penalties(case.student_id, max((one.on for one in entries), default=case.made_at.date())),
    )


def answers(record: OnRecord, duty: CaseDuty, goes_to: str = "", reason: str = "") -> list[Answer]:
    """The checklist of the duty's place, answered. `goes_to` and `reason`: as the person wrote them."""
    written = {"board": (goes_to,) if goes_to else (), "reason": (reason,) if reason else ()}
    return [
        Answer(one, written[one.key] if one.key in written else tuple(_FOUND[one.key](record)))
        for one in asked_in(place_of(duty.rule_id))
    ]


def undone_before(record: OnRecord, duty: CaseDuty) -> list[str]:
    """What comes before this duty and nobody has done yet, a sentence each: for a person to mend, or to explain."""
    found = [why_blocked(one) for one in duty.stands_in_the_way if one.why != "excluded"]
    found += [
        f"{one.asked.says}: {one.asked.missing}" for one in answers(record, duty, "-", "-") if one.stops
    ]
    for one in CaseDuty.of_case(record.case.id):
        if one.state == "open" and one.id != duty.id and one.trigger <= duty.trigger and not one.for_person:
            found.append(f"Still to do: {one.words}, since {day_in_words(one.trigger)}.")
    if StudentFlag.holds_for(record.case.student_id):
        found.append(IN_A_GROUP)
    return list(dict.fromkeys(found))


def told(entry: CaseEntry, *, with_note: bool = False) -> str:
    """An entry of the case in a line, without its day."""
    said = regional_words().kinds[entry.kind]
    if entry.kind in (case_entry.DONE, case_entry.DISMISSED):
        said = f"{said}: {DUTIES.get(entry.name, entry.name)}"
    elif entry.words or entry.name:
        said = f"{said}: {entry.words or entry.name.replace('_', ' ')}"
    if entry.further:
        said = f"{said}, {entry.further}"
    return f"{said}. {entry.note}" if with_note and entry.note else said


def _of(*kinds: str) -> Callable[[OnRecord], Iterator[str]]:
    def find(record: OnRecord) -> Iterator[str]:
        return (f"{day_in_words(one.on)}: {told(one)}" for one in record.entries if one.kind in kinds)

    return find


def _local(moment: datetime) -> date:
    """The day it was in the district."""
    card = district_by_id(current_district_id())
    return clock.local(moment, card.zone if card else "UTC").date()


def _notices(record: OnRecord) -> Iterator[str]:
    for one in record.left:
        if one.corrects or one.notice.state in (State.WITHDRAWN, *NOT_ARRIVED):
            continue
        assert one.notice.left_at is not None  # it is among those that have left
        to = ", ".join(one.to)
        left, language = day_in_words(_local(one.notice.left_at)), one.notice.said_in
        yield f"{left}: {one.channel} to {to}, {language}, {one.notice.code}"
    yield from _of(case_entry.DELIVERED)(record)


def _measures(record: OnRecord) -> Iterator[str]:
    kinds = (case_entry.PLAN, case_entry.REFERRAL, case_entry.HELD)
    for one in record.entries:
        if one.kind in kinds or (one.kind == case_entry.DONE and one.name in MEASURES):
            yield f"{day_in_words(one.on)}: {told(one)}"


def _assessments(record: OnRecord) -> Iterator[str]:
    for one in record.entries:
        if one.kind == case_entry.DONE and one.name == "assessment_warns":
            yield f"{day_in_words(one.on)}: {told(one)}"


_FOUND: Final[Mapping[str, Callable[[OnRecord], Iterator[str]]]] = {
    "notice": _notices,
    "conference": _of(case_entry.SCHEDULED, case_entry.HELD, case_entry.MISSED),
    "contact": _of(case_entry.CONTACT),
    "plan": _of(case_entry.PLAN),
    "plan_failed": _of(case_entry.PLAN_FAILED),
    "barrier": _of(case_entry.BARRIER),
    "measure": _measures,
    "assessment": _assessments,
    "committee": _of(case_entry.COMMITTEE),
    "penalties": lambda record: (f"{day_in_words(one.on)}: {told(one)}" for one in record.penalties),
}


def _penalties(student_id: UUID, until: date) -> list[CaseEntry]:
    asked = (
        select(CaseEntry)
        .join(AttendanceCase, AttendanceCase.id == CaseEntry.case_id)
        .where(
            AttendanceCase.student_id == student_id,
            CaseEntry.kind == case_entry.PENALTY,
            CaseEntry.undone_at.is_(None),
            CaseEntry.on > until - PENALTIES_COUNT_FOR,
        )
        .order_by(CaseEntry.on, CaseEntry.id)
    )
    return list(db.session.scalars(asked))
