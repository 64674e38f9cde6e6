"""One thing of each kind that an address can name: of Bell at North, of Ortiz at Cedar, and of Birch.

A door whose id finds a model that has no row here fails tests/house/test_doors.py: add one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask

from app.admin.models.operator_visit import OperatorVisit
from app.auth.models.held_sign_in import HeldSignIn
from app.auth.models.passkey import Passkey
from app.auth.models.sign_in_identity import SignInIdentity
from app.core import clock, sessions, storage
from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.core.sessions import WebSession
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.family.actions import answering, linking
from app.family.actions.answering import Sent
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_file import FamilyFile
from app.family.models.family_link import FamilyLink
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.notices.models.demo_mail import DemoMail
from app.notices.models.incident import Incident
from app.notices.models.message import Message
from app.notices.models.muted_address import MutedAddress
from app.notices.models.notice import Notice
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.models.print_batch import PrintBatch, PrintFile
from app.register.models.attendance_code import AttendanceCode
from app.register.models.register_import import RegisterImport
from app.roster.models.contact import Contact
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.enrollment import Enrollment
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import Household, HouseholdMember
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import GOOGLE_DIRECTORY, ONEROSTER_CSV, RosterSource
from app.roster.models.school import School
from app.roster.models.school_class import SchoolClass
from app.roster.models.school_year import PAST, SchoolYear
from app.roster.models.school_year_school import LEAVE, SchoolYearSchool
from app.roster.models.student import Student
from app.truancy.law.packs import shipped
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.firing import Firing
from app.truancy.models.prior_record import PriorRecord
from app.truancy.models.rule_activation import RuleActivation
from app.truancy.models.student_flag import StudentFlag
from tests.roster import families
from tests.world import Place, Player, World

#: Stands in everything made here; no page that refuses may say it.
SECRET: Final = "quokka"

Keys = dict[str, Any]


@dataclass(frozen=True)
class Corner:
    """A school, and somebody who works there."""

    place: Place
    school: str
    who: Player
    number: int


@dataclass(frozen=True)
class Things:
    """How to address one thing of each model, in each corner."""

    north: dict[type[Any], Keys]
    cedar: dict[type[Any], Keys]
    birch: dict[type[Any], Keys]


def make(app: Flask, world: World) -> Things:
    """Write one of everything into each corner. Birch's numbers and names do not exist at Maple."""
    corners = (
        Corner(world.maple, "North", world.bell, 2001),
        Corner(world.maple, "Cedar", world.ortiz, 2002),
        Corner(world.birch, "North", world.quincy, 3001),
    )
    made = []
    for corner in corners:
        with app.app_context(), as_district(corner.place.id):
            made.append({model: maker(corner) for model, maker in MAKERS.items()})
            db.session.commit()
    return Things(*made)


def _ticket(corner: Corner) -> Ticket:
    found = Ticket.find(corner.number)
    if found is None:
        found = Ticket(
            number=corner.number,
            title=f"The {SECRET} is stuck",
            school_id=corner.place.schools[corner.school],
            requester_id=corner.who.person_id,
        )
        db.session.add(found)
        db.session.flush()
    return found


def _attachment(corner: Corner) -> Keys:
    file = Attachment(
        ticket_id=_ticket(corner).id,
        name=f"{SECRET}.txt",
        content_type="text/plain",
        size=6,
        sha256="0" * 64,
        storage_key=_stored("attachments"),
        thumbnail_key=_stored("attachments"),
    )
    return _added(file)


def _stored(folder: str) -> str:
    """A file that is really there: a door without its guard would hand it out."""
    return storage.put((folder, uuid7()), SECRET.encode(), "text/plain").key


def _inbound_email(corner: Corner) -> Keys:
    mail = InboundEmail(
        mailbox=corner.place.desk,
        sha256=f"{corner.number:064d}",
        size=6,
        storage_key=_stored("mail"),
        state="held",
        reason="unknown_sender",
        subject=f"About the {SECRET}",
    )
    return _added(mail)


def _message(corner: Corner) -> Keys:
    message = Message(
        kind="ticket_reply",
        to_address=f"{SECRET}{corner.number}@{corner.place.domain}",
        subject=SECRET,
        text=SECRET,
        state="failed",
        reason="For this test.",
    )
    return _added(message)


def _muted_address(corner: Corner) -> Keys:
    muted = MutedAddress.mute(
        f"{SECRET}{corner.number}@{corner.place.domain}", "the mailbox is full", _message(corner)["id"]
    )
    return _added(muted)


def _demo_mail(corner: Corner) -> Keys:
    folder = Path(get_settings().instance) / "mail" / corner.place.slug
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    name = f"{corner.number}.{corner.place.slug}"
    (folder / "new" / name).write_text(
        f"From: {corner.place.desk}\nTo: {corner.who.email}\nSubject: {SECRET}\n\n{SECRET}\n"
    )
    return {"name": name}


def _notice_template(corner: Corner) -> Keys:
    return _added(NoticeTemplate(wanted=f"{SECRET}.{corner.number}", title=SECRET))


def _notice_text(corner: Corner) -> Keys:
    template = NoticeTemplate(wanted=f"{SECRET}.text.{corner.number}", title=SECRET)
    db.session.add(template)
    db.session.flush()
    text = NoticeText(
        template_id=template.id, language="en", number=1, origin="shipped", heading=SECRET, body=SECRET
    )
    return _added(text)


def _notice(corner: Corner) -> Keys:
    text = NoticeText.find(_notice_text(replace(corner, number=corner.number + 500))["id"])
    assert text is not None
    student = families.student(
        SECRET, corner.school, number=f"{SECRET}{corner.number}", school=corner.place.schools[corner.school]
    )
    notice = Notice(
        code=f"CDE{corner.number}X",
        grounds_kind="student",
        grounds_id=student.id,
        duty=SECRET,
        student_id=student.id,
        school_id=student.school_id,
        channel="letter",
        language="en",
        text_id=text.id,
        state="waiting",
    )
    return _added(notice)


def _incident(corner: Corner) -> Keys:
    notice = Notice.find(_notice(replace(corner, number=corner.number + 700))["id"])
    assert notice is not None
    incident = Incident(
        notice_id=notice.id,
        school_id=notice.school_id,
        cause="other",
        reached=SECRET,
        noticed_at=clock.now(),
        recorded_by_id=corner.who.id,
        recorded_at=clock.now(),
    )
    return _added(incident)


def _print_batch(corner: Corner) -> Keys:
    return _added(PrintBatch(day=date(2001, 1, 1) + timedelta(days=corner.number), practice=False))


def _print_file(corner: Corner) -> Keys:
    file = PrintFile(
        batch_id=_print_batch(replace(corner, number=corner.number + 900))["id"],
        first_envelope=1,
        last_envelope=1,
        letters=1,
        size=6,
        storage_key=_stored("letters"),
        sha256="0" * 64,
    )
    return _added(file)


def _roster_import(corner: Corner) -> Keys:
    # Over: a district has one under way at most, and Maple has two corners.
    run = RosterImport(
        source_id=RosterSource.of_kind(ONEROSTER_CSV).id,
        state="failed",
        sentence=SECRET,
        size=0,
        file_size=6,
        sha256="0" * 64,
    )
    return _added(run)


def _register_import(corner: Corner) -> Keys:
    # Over: a district has one under way at most, and Maple has two corners.
    run = RegisterImport(state="failed", sentence=SECRET, size=0, file_size=6, sha256="0" * 64)
    return _added(run)


def _attendance_code(corner: Corner) -> Keys:
    school = corner.place.schools[corner.school]
    return _added(AttendanceCode(code=f"{SECRET}-{corner.number}", description=SECRET, school_id=school))


def _school_year(corner: Corner) -> Keys:
    # One after the other: Maple has two corners, and years do not overlap.
    last = SchoolYear.last()
    begins = last.last_day + timedelta(days=60) if last else date(2001, 8, 20)
    year = SchoolYear(
        name=f"{SECRET} {corner.number}",
        first_day=begins,
        last_day=begins + timedelta(days=300),
        follows_day=last.last_day if last else None,
        told_since=begins,
        state=PAST,
    )
    return _added(year)


def _school_year_school(corner: Corner) -> Keys:
    rule = SchoolYearSchool(
        year_id=_school_year(replace(corner, number=corner.number + 100))["id"],
        school_id=corner.place.schools[corner.school],
        highest="05",
        leavers=LEAVE,
    )
    return _added(rule)


def _web_session(corner: Corner) -> Keys:
    row, _ = sessions.begin(corner.who.id, SECRET)
    return {"id": row.id}


def _directory_group(corner: Corner) -> Keys:
    group = DirectoryGroup(
        source_id=RosterSource.of_kind(GOOGLE_DIRECTORY).id,
        what="ou",
        name=f"/{SECRET}/{corner.school}",
        role="lead",
    )
    db.session.add(group)
    db.session.flush()
    return {"id": group.id}


def _held_sign_in(corner: Corner) -> Keys:
    held = HeldSignIn(
        word="google",
        issuer="https://accounts.google.com",
        subject=f"{SECRET}{corner.number}",
        name=SECRET,
        email=f"{SECRET}{corner.number}@{corner.place.domain}",
        because="For this test.",
    )
    return _added(held)


def _sign_in_identity(corner: Corner) -> Keys:
    identity = SignInIdentity(
        account_id=corner.who.id,
        word="google",
        issuer="https://accounts.google.com",
        subject=f"{SECRET}-{corner.number}",
    )
    return _added(identity)


def _student(corner: Corner) -> Student:
    number = f"S{corner.number}"
    found = Student.numbered(number)
    return found or families.student(
        SECRET, SECRET, number=number, school=corner.place.schools[corner.school]
    )


def _class(corner: Corner) -> Keys:
    """Taught by whoever the corner is of."""
    made = SchoolClass(
        source_id=RosterSource.of_kind(ONEROSTER_CSV).id,
        key=f"{SECRET}-{corner.number}",
        title=SECRET,
        kind="scheduled",
        school_id=corner.place.schools[corner.school],
    )
    keys = _added(made)
    for person_id, role in ((corner.who.person_id, "teacher"), (_student(corner).id, "student")):
        _added(Enrollment(class_id=made.id, person_id=person_id, key=role, role=role))
    return keys


def _guardian(corner: Corner) -> Guardian:
    theirs = families.guardianships(_student(corner))
    return theirs[0][1] if theirs else families.guardian(_student(corner), SECRET, SECRET)


def _guardianship(corner: Corner) -> Guardianship:
    held = Guardianship.between(_student(corner).id, _guardian(corner).id)
    assert held is not None
    return held


def _contact(corner: Corner) -> Keys:
    return {"id": families.email(_guardian(corner), f"{SECRET}@{corner.place.domain}").id}


def _operator_visit(corner: Corner) -> Keys:
    return _added(
        OperatorVisit(operator_id=uuid7(), operator_name=f"{SECRET} Ops", scope="desk", reason=SECRET)
    )


def _added(row: Any) -> Keys:
    db.session.add(row)
    db.session.flush()
    return {"id": row.id}


def _passkey(corner: Corner) -> Keys:
    return _added(
        Passkey(
            account_id=corner.who.id,
            name=SECRET,
            credential_id=f"{SECRET}{corner.number}",
            public_key="",
            sign_count=0,
        )
    )


def _rule_activation(corner: Corner) -> Keys:
    # Of a rule one is proposed at a time, and Maple has two corners.
    return _added(
        RuleActivation(
            rule_id=shipped()[corner.number % 10].id,
            digest=SECRET,
            overlay={},
            first_day=date(2026, 8, 3),
            note=SECRET,
            proposed_by_id=corner.who.id,
        )
    )


def _counsel_confirmation(corner: Corner) -> Keys:
    return _added(
        CounselConfirmation(
            rule_id=shipped()[0].id,
            digest=f"{SECRET}{corner.number}",
            counsel=SECRET,
            confirmed_on=date(2026, 8, 3),
            recorded_by_id=corner.who.id,
        )
    )


def _attendance_case(corner: Corner) -> AttendanceCase:
    return AttendanceCase.of(_student(corner).id, date(2026, 9, 1))


def _case_duty(corner: Corner, ordinal: int = 1) -> Keys:
    return _added(
        CaseDuty(
            case_id=_attendance_case(corner).id,
            student_id=_student(corner).id,
            rule_id=shipped()[0].id,
            window=SECRET,
            ordinal=ordinal,
            trigger=date(2026, 9, 1),
            do="notice",
        )
    )


def _firing(corner: Corner) -> Keys:
    return _added(
        Firing(
            student_id=_student(corner).id,
            rule_id=shipped()[0].id,
            rule_version="0" * 64,
            window_name=SECRET,
            ordinal=1,
            trigger_day=date(2026, 9, 1),
            marks=[],
            evidence_sha256="0" * 64,
            total="1",
            duties=[],
            blocked=[],
            excluded=[],
            known_at=clock.now(),
        )
    )


def _case_packet(corner: Corner) -> Keys:
    stored = storage.put(("packets", uuid7()), SECRET.encode(), "application/pdf")
    duty_id = _case_duty(corner, ordinal=2)["id"]
    return _added(
        CasePacket(
            duty_id=duty_id,
            student_id=_student(corner).id,
            kind="court",
            state="done",
            asked_by_id=corner.who.id,
            reason=SECRET,
            storage_key=stored.key,
            sha256=stored.sha256,
            size=stored.size,
        )
    )


def _prior_record(corner: Corner) -> Keys:
    return _added(
        PriorRecord(
            student_id=_student(corner).id,
            school_name=SECRET,
            first=date(2026, 8, 3),
            last=date(2026, 8, 14),
            unit="day",
            unexcused=2,
            excused=0,
            unknown=0,
            name=f"{SECRET}.pdf",
            content_type="application/pdf",
            size=6,
            sha256="0" * 64,
            storage_key=_stored("prior"),
            entered_by_id=corner.who.id,
        )
    )


def _student_flag(corner: Corner) -> Keys:
    return _added(
        StudentFlag(
            student_id=_student(corner).id,
            name="foster",
            first=date(2026, 9, 1),
            entered_by_id=corner.who.id,
        )
    )


def _family_link(corner: Corner) -> FamilyLink:
    return linking.link_for(_student(corner), _guardian(corner).id, by=SYSTEM)


def _family_answer(corner: Corner) -> FamilyAnswer:
    sent = Sent(text=f"About the {SECRET}")
    return answering.send(_family_link(corner), "note", sent, once=uuid7())


def _family_file(corner: Corner) -> Keys:
    file = FamilyFile(
        answer_id=_family_answer(corner).id,
        name=f"{SECRET}.jpg",
        content_type="image/jpeg",
        size=6,
        sha256="0" * 64,
        storage_key=_stored("family"),
        thumbnail_key=_stored("family"),
    )
    return _added(file)


MAKERS: Final[dict[type[Any], Callable[[Corner], Keys]]] = {
    Ticket: lambda corner: {"number": _ticket(corner).number},
    Attachment: _attachment,
    InboundEmail: _inbound_email,
    Message: _message,
    MutedAddress: _muted_address,
    DemoMail: _demo_mail,
    NoticeTemplate: _notice_template,
    NoticeText: _notice_text,
    Notice: _notice,
    Incident: _incident,
    PrintBatch: _print_batch,
    PrintFile: _print_file,
    WebSession: _web_session,
    Passkey: _passkey,
    RosterImport: _roster_import,
    RegisterImport: _register_import,
    AttendanceCode: _attendance_code,
    HeldSignIn: _held_sign_in,
    OperatorVisit: _operator_visit,
    DirectoryGroup: _directory_group,
    SignInIdentity: _sign_in_identity,
    Student: lambda corner: {"id": _student(corner).id},
    SchoolClass: _class,
    Guardian: lambda corner: {"id": _guardian(corner).id},
    Guardianship: lambda corner: {"id": _guardianship(corner).id},
    Contact: _contact,
    Household: lambda corner: {
        "id": HouseholdMember.of_guardians([_guardian(corner).id]).popitem()[1].household_id
    },
    Person: lambda corner: {"id": corner.who.person_id},
    AttendanceCase: lambda corner: {"id": _attendance_case(corner).id},
    CaseDuty: _case_duty,
    Firing: _firing,
    CasePacket: _case_packet,
    PriorRecord: _prior_record,
    StudentFlag: _student_flag,
    RuleActivation: _rule_activation,
    CounselConfirmation: _counsel_confirmation,
    FamilyLink: lambda corner: {"id": _family_link(corner).id},
    FamilyAnswer: lambda corner: {"id": _family_answer(corner).id},
    FamilyFile: _family_file,
    SchoolYear: _school_year,
    SchoolYearSchool: _school_year_school,
    School: lambda corner: {"id": corner.place.schools[corner.school]},
    Room: lambda corner: {"id": corner.place.rooms[corner.school, "Room 204"]},
}
