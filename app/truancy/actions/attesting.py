"""Records of earlier schools: entered from their paper by one person, confirmed by another, withdrawn with a reason.

Each raises Refused with a sentence for whoever asked. What was confirmed counts from the next review on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.core import clock, pictures, quotas, sniffing, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.expiring import today
from app.core.files import StorageFault
from app.core.pictures import FileRefused, Prepared
from app.register.models.school_enrollment import SchoolEnrollment
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.roster.models.student import Student
from app.truancy.law.prior import DAYS, HALF_DAYS, LATES
from app.truancy.models.prior_record import MOST_DAYS, WAITING, WITHDRAWN, PriorRecord, Said

FOLDER: Final = "prior"
PDF: Final = "application/pdf"
#: Records of one student that were not withdrawn.
MOST_OF_ONE: Final = 50
#: A paper of longer ago says nothing that a rule counts.
FURTHEST: Final = timedelta(days=3 * 366)

NO_PAPER: Final = "Choose the paper that says this, as a PDF or a photo."
NOT_A_PAPER: Final = "The paper must be a PDF, a JPEG or a PNG. Print it to PDF, or take a photo of it."
ROOM_IS_OUT: Final = "There is no room left for files. Ask your administrator, then enter it again."
YOU_ENTERED_IT: Final = "You entered this yourself. Somebody else must look at the paper and confirm it."
IT_IS_OVER: Final = "Somebody decided about this in the meantime. Nothing was changed."


@dataclass(frozen=True)
class Paper:
    """The paper as it came. Neither its name nor its type is believed."""

    name: str
    data: bytes


def enter(student: Student, said: Said, paper: Paper | None, *, by: Actor, once: UUID) -> PriorRecord:
    """Write down what a paper says; it waits for a second person. `once`: sent twice it is one record."""
    assert by.id is not None, "A person enters it."
    known = PriorRecord.find(once)
    if known is not None:
        return known
    if paper is None or not paper.data:
        raise Refused(NO_PAPER)
    _refuse_what_no_paper_says(said)
    _hold(student)
    _refuse_days_that_others_speak_of(student.id, said.first, said.last, said.unit)
    file = _prepared(paper)
    try:
        quotas.refuse_if_reached(quotas.STORED)
        stored = storage.put((FOLDER, uuid7()), file.data, file.content_type)
    except StorageFault as fault:
        raise Refused(ROOM_IS_OUT) from fault
    made = PriorRecord(
        id=once,
        student_id=student.id,
        school_name=said.school_name,
        school_place=said.school_place,
        first=said.first,
        last=said.last,
        unit=said.unit,
        unexcused=said.unexcused,
        excused=said.excused,
        unknown=said.unknown,
        name=file.name,
        content_type=file.content_type,
        size=stored.size,
        sha256=stored.sha256,
        storage_key=stored.key,
        entered_by_id=by.id,
    )
    db.session.add(made)
    db.session.flush()
    return made


def confirm(record: PriorRecord, *, by: Actor) -> None:
    """A second person has read the paper, and it says so. From now on the rules that count such records count it."""
    _lock(record)
    if record.state != WAITING:
        raise Refused(IT_IS_OVER)
    if by.id is None or by.id == record.entered_by_id:
        raise Refused(YOU_ENTERED_IT)
    _refuse_days_that_others_speak_of(
        record.student_id, record.first, record.last, record.unit, besides=record.id
    )
    record.confirmed_by_id, record.confirmed_at = by.id, clock.now()
    db.session.flush()


def withdraw(record: PriorRecord, why: str, *, by: Actor) -> None:
    """It was wrong. What rested on it is taken back by the next review, as after an excuse."""
    assert by.id is not None, "A person withdraws it."
    _lock(record)
    if record.state == WITHDRAWN:
        raise Refused(IT_IS_OVER)
    if not why.strip():
        raise Refused("Write why it is withdrawn.")
    record.withdrawn_by_id, record.withdrawn_at, record.why_withdrawn = by.id, clock.now(), why.strip()
    db.session.flush()


def speaks_here(student_id: UUID, first: date, last: date) -> Sequence[str]:
    """The schools of the district at which the student was enrolled on one of these days, of which registers speak."""
    asked = (
        select(School.name)
        .join(SchoolEnrollment, SchoolEnrollment.school_id == School.id)
        .where(
            SchoolEnrollment.student_id == student_id,
            SchoolEnrollment.entry <= last,
            SchoolEnrollment.exit.is_(None)
            | (SchoolEnrollment.exit >= func.greatest(first, SchoolEnrollment.entry)),
        )
        .order_by(School.name)
    )
    return list(dict.fromkeys(db.session.scalars(asked)))


def _hold(student: Student) -> None:
    """Two papers about one student are entered one after the other."""
    db.session.execute(select(Student.id).where(Student.id == student.id).with_for_update(of=Student))


def _lock(record: PriorRecord) -> None:
    """Two people who press at once are asked one after the other."""
    _hold(record.student)
    db.session.refresh(record, with_for_update=True)


def _refuse_what_no_paper_says(said: Said) -> None:
    days, much = (said.last - said.first).days + 1, said.unexcused + said.excused + said.unknown
    if said.last < said.first:
        raise Refused("The last day is before the first.")
    if said.last >= today():
        raise Refused("The last day that the paper speaks of is before today.")
    if days > MOST_DAYS or said.first < today() - FURTHEST:
        raise Refused(
            f"A record speaks of at most {MOST_DAYS} days of the last three years. Enter a longer one in parts."
        )
    if much <= 0:
        raise Refused("Write how many there were, at least in one of the three lines.")
    if much > days * {DAYS: 1, HALF_DAYS: 2}.get(said.unit, 24):
        there = "is 1 day" if days == 1 else f"are {days} days"
        raise Refused(f"From the first day to the last there {there}: too few for so many.")


def _refuse_days_that_others_speak_of(
    student_id: UUID, first: date, last: date, unit: str, *, besides: UUID | None = None
) -> None:
    schools = speaks_here(student_id, first, last)
    if schools:
        raise Refused(
            f"On some of these days the student was enrolled at {', '.join(schools)}, and of those the register "
            "speaks. Enter only the days before they came, or have the enrollment corrected."
        )
    others = [
        one for one in PriorRecord.of_student(student_id) if one.state != WITHDRAWN and one.id != besides
    ]
    if besides is None and len(others) >= MOST_OF_ONE:
        raise Refused(f"A student has at most {MOST_OF_ONE} records. Withdraw those that are wrong.")
    for one in others:
        if one.first <= last and first <= one.last and (one.unit == LATES) == (unit == LATES):
            raise Refused(
                f"Another record, of {one.where}, speaks of some of these days. Withdraw that one first, or enter "
                "other days."
            )


def _prepared(paper: Paper) -> Prepared:
    try:
        file = pictures.prepare(paper.name, sniffing.content_type(paper.data), paper.data)
    except FileRefused as refused:
        raise Refused(str(refused)) from None
    # Nor several pages in one picture.
    if file.content_type != PDF and file.content_type not in ("image/jpeg", "image/png"):
        raise Refused(NOT_A_PAPER)
    return file
