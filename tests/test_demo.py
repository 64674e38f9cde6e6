"""The demo: as large as the README says, the same each time, and nobody in it is real."""

import dataclasses
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import demo
from app.auth.models.account import Account
from app.cli.demo import seed_district
from app.core import clock, storage
from app.core.actor import Role
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import district_by_inbound_address, district_by_slug
from app.core.tenancy import as_district
from app.demo import mails
from app.demo.troubles import TROUBLES
from app.family.models.family_answer import FamilyAnswer
from app.helpdesk.actions import intake
from app.helpdesk.models.counter import TicketCounter
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.notices.models.notice import Notice
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.school_register import SchoolRegister
from app.roster.models.contact import Contact
from app.roster.models.device import Device
from app.roster.models.enrollment import Enrollment
from app.roster.models.envelopes import envelopes
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.models.attendance_figure import AttendanceFigure
from app.truancy.models.attendance_report import report
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.notice_report import notice_report
from app.truancy.models.review import Review

#: A Wednesday in school time.
NOW = datetime(2026, 11, 18, 17, 30, tzinfo=UTC)
MAPLE, BIRCH = demo.DISTRICTS
#: Its desk alone: attendance is looked at once, below, since it takes a while to tell.
DESK = dataclasses.replace(MAPLE, attendance=False)


@pytest.fixture
def maple(app: Flask) -> Iterator[Flask]:
    """Maple, as large as it is, seeded at NOW; its attendance is not told."""
    with app.app_context(), clock.frozen(NOW):
        seed_district(DESK)
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id):
            yield app


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.usefixtures("maple")
def test_it_is_as_large_as_it_says() -> None:
    technicians = db.session.scalars(Account.holding(Role.TECHNICIAN)).all()

    assert [count(model) for model in (School, Room, Device, Ticket)] == [3, 60, 600, 900]
    assert Person.count_active_staff() == 120
    assert len([one for one in technicians if not one.has(Role.LEAD)]) == 3
    assert db.session.scalar(select(TicketCounter.next)) == 1901


@pytest.mark.usefixtures("maple")
def test_its_desk_receives_mail_and_what_comes_back() -> None:
    maple = district_by_slug("maple")

    for address in (f"help@{MAPLE.domain}", f"bounce+token@{MAPLE.domain}"):
        assert district_by_inbound_address(address) == maple


@pytest.mark.usefixtures("maple")
def test_its_tickets_lie_in_the_ten_weeks_before_now_on_school_days() -> None:
    opened = db.session.scalars(select(Ticket.opened_at).order_by(Ticket.number)).all()
    there = [clock.local(at, "America/Chicago") for at in opened]

    assert opened == sorted(opened)
    assert NOW - timedelta(weeks=10) < opened[0] < opened[-1] < NOW
    assert {at.weekday() for at in there} == {0, 1, 2, 3, 4}
    assert {at.hour for at in there} <= set(range(7, 17))


@pytest.mark.usefixtures("maple")
def test_nothing_in_it_happens_after_now_or_before_its_beginning() -> None:
    for moment in (Reply.made_at, TicketEvent.made_at, Ticket.last_activity_at, Ticket.closed_at):
        assert (db.session.scalar(select(func.max(moment))) or NOW) < NOW
    first = (
        select(func.count(Reply.id))
        .join(Ticket, Ticket.id == Reply.ticket_id)
        .where(Reply.made_at < Ticket.opened_at)
    )
    assert db.session.scalar(first) == 0


@pytest.mark.usefixtures("maple")
def test_every_state_and_urgency_is_there_to_be_seen() -> None:
    assert set(db.session.scalars(select(Ticket.state))) == {"new", "open", "waiting", "closed"}
    assert len(set(db.session.scalars(select(Ticket.urgency)))) == 4
    assert (
        30 <= (db.session.scalar(select(func.count(Ticket.id)).where(Ticket.state != "closed")) or 0) <= 150
    )
    assert set(db.session.scalars(select(Reply.kind))) == {"public", "internal"}


@pytest.mark.usefixtures("maple")
def test_what_a_ticket_counts_is_what_it_has() -> None:
    public = (
        select(func.count(Reply.id))
        .where(Reply.ticket_id == Ticket.id, Reply.kind == "public")
        .correlate(Ticket)
        .scalar_subquery()
    )
    assert db.session.scalar(select(func.count(Ticket.id)).where(Ticket.reply_count != public)) == 0


@pytest.mark.usefixtures("maple")
def test_who_can_sign_in_has_something_to_see() -> None:
    bell = Account.with_address("bell@maple.example")
    assert bell is not None
    assert bell.knows(demo.DEMO_PASSWORD)
    assert (
        db.session.scalar(select(func.count(Ticket.id)).where(Ticket.requester_id == bell.person_id)) or 0
    ) > 5


@pytest.mark.usefixtures("maple")
def test_mail_not_filed_has_one_of_each_kind_to_learn_from() -> None:
    waiting = list(db.session.scalars(InboundEmail.not_filed()))

    assert {email.reason for email in waiting} == {
        "unknown_sender",
        "automatic",
        "failed_authentication",
        "no_school",
    }
    for email in waiting:
        mail = intake.read(email)
        assert (mail.from_address, mail.subject) == (email.from_address, email.subject)
        assert mail.is_automatic == (email.reason == "automatic")
        sender = Person.with_address(email.from_address)
        assert (sender is None) == (email.reason == "unknown_sender")
        assert (sender is not None and sender.school_id is None) == (email.reason == "no_school")
        with storage.open(email.storage_key) as raw:
            refused = b"dmarc=fail" in raw.read()
        assert refused == (email.reason == "failed_authentication")
        assert NOW - timedelta(days=2) < email.received_at < NOW


def test_the_mails_not_filed_are_the_same_each_time(app: Flask, maple: Flask) -> None:
    first = {email.sha256 for email in db.session.scalars(InboundEmail.not_filed())}

    again = mails.not_filed(demo.draw(MAPLE), MAPLE.domain)

    assert {row["sha256"] for row in again} == first


@pytest.mark.usefixtures("maple")
def test_the_audit_log_has_one_entry_a_batch() -> None:
    loaded = db.session.scalars(select(AuditEntry).where(AuditEntry.did == "loaded")).all()

    assert len({entry.what for entry in loaded}) == len(loaded)
    assert {entry.what: entry.changes["rows"] for entry in loaded}["tickets"] == 900


@pytest.mark.usefixtures("maple")
def test_nobody_has_an_address_in_the_world() -> None:
    addresses = db.session.scalars(select(Person.email).where(Person.kind == "staff")).all()

    assert all(address and address.endswith("@maple.example") for address in addresses)
    assert len(set(addresses)) == 120


@pytest.mark.usefixtures("maple")
def test_its_students_are_in_classes_and_its_teacher_teaches_two() -> None:
    day = NOW.date()
    bell = Person.with_address("bell@maple.example")
    mia = Student.numbered("20417")
    assert bell is not None
    assert mia is not None

    assert [one.in_class.title for one in Enrollment.of_person(bell.id, day)] == [
        "Grade 4, Room 107",
        "Reading, grades 3 and 4",
    ]
    assert len(Enrollment.of_person(mia.id, day)) == 3


@pytest.mark.usefixtures("maple")
def test_its_families_show_what_a_letter_must_heed() -> None:
    told = {
        student.name: [(one.name, one.language, len(one.students)) for one in envelopes([student])]
        for student in db.session.scalars(Student.by_name())
    }

    assert told == {
        "Noor Haddad": [("Layla Haddad", "en", 1), ("سمير حداد", "ar", 1)],
        "Leo Salas": [("Ana and Luis Salas", "es", 1)],
        "Mía Salas": [("Ana and Luis Salas", "es", 1)],
        "Ivy Walker": [("June Walker", "en", 1)],
    }
    salas = [one for one in db.session.scalars(Student.by_name()) if "Salas" in one.name]
    assert [len(one.students) for one in envelopes(salas)] == [2]
    assert {
        (one.value or "")[:8] for one in db.session.scalars(select(Contact).where(Contact.kind == "mobile"))
    } == {"+1312555"}


def test_it_is_the_same_each_time(app: Flask, maple: Flask) -> None:
    told = select(Ticket.number, Ticket.title, Ticket.text, Ticket.state, Ticket.opened_at).order_by(
        Ticket.number
    )
    first = db.session.execute(told).all()

    place = demo.draw(MAPLE)
    again = demo.tickets_of(place, MAPLE)

    assert [(row["number"], row["title"], row["text"], row["state"], row["opened_at"]) for row in again] == [
        tuple(row) for row in first
    ]


def test_birch_looks_like_maple() -> None:
    maple, birch = demo.draw(MAPLE), demo.draw(BIRCH)

    def names(place: demo.Place) -> set[str]:
        return {one.name for one in place.staff if not one.account}

    assert len(names(maple) & names(birch)) >= 10
    assert {thing.tag for thing in birch.things} <= {thing.tag for thing in maple.things}
    assert {school.name for school in birch.schools} < {school.name for school in maple.schools}
    assert not {one.email for one in maple.staff} & {one.email for one in birch.staff}


@pytest.fixture
def whole(app: Flask) -> Iterator[float]:
    """Maple with its attendance, seeded at NOW, and Birch beside it; the seconds of the processor that Maple took."""
    with app.app_context(), clock.frozen(NOW):
        seed_district(BIRCH)
        began = time.process_time()
        seed_district(MAPLE)
        took = time.process_time() - began
        card = district_by_slug("maple")
        assert card is not None
        with as_district(card.id):
            yield took


def test_its_attendance_is_alive(whole: float) -> None:
    """One seeding, for it takes a while: every kind of thing is there to be seen, and none of it is still to come."""
    yesterday = NOW.date() - timedelta(days=1)
    assert [one.current_to for one in SchoolRegister.by_school()] == [yesterday] * 3
    assert len(AttendanceCode.waiting()) == 1
    assert {one.fault for one in db.session.scalars(select(QuarantinedRow))} == {
        "bad_date",
        "unknown_student",
    }
    assert Review.at_work() is None

    states = {(one.channel, one.state) for one in db.session.scalars(select(Notice))}
    assert {("letter", one) for one in ("blocked", "waiting", "in print", "sent", "returned")} <= states
    assert ("email", "sent") in states
    assert "withdrawn" in {state for _, state in states}
    assert not db.session.scalars(select(Notice).where(Notice.practice)).all()
    assert set(db.session.scalars(select(CaseDuty.state))) >= {"open", "done", "dismissed"}
    assert set(db.session.scalars(select(FamilyAnswer.kind))) == {
        "receipt",
        "note",
        "meeting",
        "interpreter",
        "reach",
    }

    year = SchoolYear.current()
    assert year is not None
    figures = report(AttendanceFigure.since(year.first_day, None))
    # One child alone in a grade is not shown, nor is the grade that would give it away.
    assert [line.name for line in figures.by_grade] == ["01", "03", "04", "06", "07", "09", "12"]
    assert len([line for line in figures.by_grade if line.students is not None]) == 5
    assert (
        notice_report(year.first_day, {one.id for one in db.session.scalars(select(School))}).whole
        is not None
    )

    for moment in (Notice.made_at, Notice.left_at, CaseEntry.made_at, FamilyAnswer.sent_at, AuditEntry.at):
        assert (db.session.scalar(select(func.max(moment))) or NOW) <= NOW
    emails = db.session.scalars(select(Contact).where(Contact.kind == "email"))
    assert all((one.value or "").endswith(".example") for one in emails)
    assert whole < 25


def test_the_stranger_has_no_attendance(app: Flask, whole: float) -> None:
    card = district_by_slug("birch")
    assert card is not None

    with app.app_context(), as_district(card.id):
        for model in (SchoolYear, AttendanceMark, CaseDuty, Notice, FamilyAnswer):
            assert count(model) == 0


def test_seeding_takes_seconds(app: Flask) -> None:
    with app.app_context():
        began = time.process_time()
        seed_district(DESK)

        assert time.process_time() - began < 5


def test_every_story_can_be_told() -> None:
    for trouble in TROUBLES:
        assert len(trouble.mended) in (1, len(trouble.told))
        for titles, text in trouble.told:
            for words in (*titles, text, *trouble.mended):
                assert words.format(room="Room 1", tag="CB-0001", period=3)


def test_it_is_refused_where_people_are_real(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.settings import get_settings, use_settings

    use_settings(dataclasses.replace(get_settings(), demo=False))

    refused = app.test_cli_runner().invoke(args=["seed"])

    assert refused.exit_code == 1
    assert "no demonstration" in refused.output
