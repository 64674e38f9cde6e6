"""Packets for a board or a court: asked for by who decides, put together once, and true to what is on record."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

import hashlib
import io
from datetime import date, timedelta
from types import SimpleNamespace

import pikepdf
import pytest
from sqlalchemy import func, select

from app.core import across_districts, clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import District, forget_directory
from app.core.tenancy import as_district
from app.integrations.typesetting.documents import (
    Bullets,
    Copy,
    Table,
)
from app.notices.actions import reprinting, senders
from app.notices.actions.senders import Sender
from app.notices.models.notice import Notice
from app.notices.models.print_batch import PrintFile
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.school_day import SchoolDay
from app.roster.actions import contacts
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.student import Student
from app.truancy.actions import packing
from app.truancy.actions.packet_document import document_of
from app.truancy.law.packets import KINDS, asked_in, kind_for
from app.truancy.law.packs import NAMES, shipped
from app.truancy.models import case_entry, on_record
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import DONE, FAILED, GATHERING, CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.student_flag import StudentFlag
from tests.register import registers
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.packets import (  # noqa: F401 (fixtures)
    DAYS,
    NOON,
    _noon,
    enter,
    habitual,
    here,
    letters_in,
    made,
    paper,
    pdf_of,
    ready,
    refusal,
    told,
    words,
)
from tests.truancy.reviews import in_use, reviewed, school_year
from tests.truancy.test_evidence import written_in_english

# --- what comes before it ---------------------------------------------------------------------------------------


def test_it_is_refused_with_what_was_not_done_until_somebody_writes_why(here):
    sentence = refusal(here)

    assert "No conference was attempted since the first report." in sentence
    assert "No notice to a parent is recorded as sent." in sentence
    packet = made(here, despite="The family has left the state.")
    assert packet.state == DONE, packet.sentence
    assert any("conference" in one for one in packet.undone)
    said = words(packet)
    assert "The family has left the state." in said
    assert f"by {here.world.cora.name}" in said


def test_with_all_done_nothing_is_to_be_explained(here):
    ready(here)
    packet = made(here, despite="Not asked for.")

    assert (packet.state, packet.undone, packet.despite) == (DONE, [], "")


def test_what_the_law_asks_for_and_is_not_there_is_said_in_words(here):
    said = words(made(here, despite="They asked for it."))

    assert "No conference is recorded." in said
    assert "No notice to a parent is recorded as sent." in said
    assert "No measure, service or referral to one is recorded." in said


def test_a_line_that_asks_for_no_board_has_none(here):
    here.duty = db.session.scalars(select(CaseDuty.id).where(CaseDuty.do == "report").limit(1)).one()

    assert refusal(here) == packing.NO_PACKET


def test_after_an_excuse_nobody_gets_one_whatever_they_write(here):
    db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[0])).one().code = "E"
    db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[1])).one().code = "E"
    db.session.commit()

    assert refusal(here, despite="All the same.") == packing.NOT_ANY_MORE


def test_an_excuse_between_the_asking_and_the_making_stops_it(here):
    packet = packing.ask(paper(here, despite="They asked for it."), by=here.world.cora.account())
    db.session.commit()
    for day in DAYS[:2]:
        db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == day)).one().code = "E"
    db.session.commit()
    packing.make(packet.id)

    assert (packet.state, packet.sentence) == (FAILED, packing.NOT_ANY_MORE)
    assert packet.storage_key is None


def test_whom_the_law_leaves_out_no_machine_packs_for(here):
    duty = CaseDuty.find(here.duty)
    Firing.behind(here.student, duty.rule_id, duty.window, duty.ordinal).excluded = ["homeless"]
    db.session.flush()

    assert refusal(here, despite="All the same.") == packing.FOR_A_PERSON


def test_a_student_in_a_group_goes_on_by_a_persons_word_alone_and_the_group_is_not_told(here):
    ready(here)
    flag = StudentFlag(
        student_id=here.student, name="foster", first=DAYS[0], entered_by_id=here.world.cora.id
    )
    db.session.add(flag)
    db.session.commit()

    assert on_record.IN_A_GROUP in refusal(here)
    packet = made(here, despite="The liaison was asked, and agrees.")
    assert packet.state == DONE
    assert "foster" not in words(packet)


# --- what stands in it ------------------------------------------------------------------------------------------


def test_it_holds_what_is_on_record_in_its_order(here):
    ready(here)
    packet = made(here)
    document = document_of(packet)

    assert [one.title for one in document.sections] == [
        "What the law asks for",
        "The rule and the count",
        "Chronology",
        "Attendance by month",
        "Marks in the register",
        "Notices to the family",
        "Contact with the family",
        "Conferences",
        "Improvement plans",
        "What is in the way of coming",
        "Referrals and services",
        "Excuses and corrections",
        "Letters as they were printed",
    ]
    said = document.words()
    for one in (
        "Maple SARB",
        "Reported three times.",
        "EC 48262",
        "Telephone call, reached",
        "Conference held",
        "Plan to resolve the absences",
        "Housing",
        "Counseling",
        "12 Maple Street",
        "Absent, unexcused",
    ):
        assert one in said, one


def test_a_committee_that_was_told_is_among_the_referrals_and_answers_the_law_that_asks(here):
    ready(here)
    told_then = {"name": "section_504", "told": "Dana Whitlock", "means": "email"}
    enter(here, case_entry.COMMITTEE, **told_then)
    db.session.commit()
    said = "The committee was told: Section 504 committee, Dana Whitlock, by email"

    document = document_of(made(here))

    (referrals,) = [one for one in document.sections if one.title == "Referrals and services"]
    assert said in str(referrals.blocks)
    record = on_record.on_record(CaseDuty.find(here.duty).case)
    in_texas = CaseDuty(rule_id="us-tx.refer")
    found = {one.asked.key: one.found for one in on_record.answers(record, in_texas)}
    assert [said in one for one in found["committee"]] == [True]


def test_each_letter_stands_in_it_as_it_was_printed_in_each_of_its_languages(here):
    ready(here)
    (notice,) = db.session.scalars(select(Notice)).all()
    document = document_of(made(here))
    (again,) = letters_in(document)

    assert [one.language for one in again.letter.parts] == ["es", "en"]
    assert [one.heading for one in again.letter.parts] == [one["heading"] for one in notice.words]
    assert again.letter.code == notice.code
    assert again.letter.address == ("Eva Salas", "12 Maple Street", "Maple IL 60601")
    assert again.letter.date == "September 22, 2026"
    assert notice.words_sha256 in str(document.sections[5].blocks)
    assert "Set again from the words that were kept, as it left on September 22, 2026." in again.note
    assert f"SHA-256 {db.session.scalars(select(PrintFile.sha256)).one()}" in again.note
    assert "of today" not in again.note


def test_a_letter_that_went_in_english_says_who_chose_that_and_is_printed_with_its_lines(here):
    ready(here, written_in_english)
    document = document_of(made(here))
    (again,) = letters_in(document)

    assert [one.language for one in again.letter.parts] == ["vi", "en"]
    assert "Letter to Eva Salas, English, with lines in Vietnamese" in document.words()
    assert f"{here.world.clark.name} chose that it goes in English" in document.words()


def test_a_letter_that_is_set_again_says_what_is_not_as_it_was(here):
    ready(here)
    with clock.frozen(NOON + timedelta(days=2)):
        senders.say_sender(
            None, Sender(return_address="2 B St", contact_name="Nora Bell", contact_phone="312")
        )
        db.session.delete(db.session.scalars(select(PrintFile)).one())
        db.session.flush()
        (again,) = letters_in(document_of(made(here)))

    assert "2 B St" in again.letter.sender
    assert "The sender’s lines are those of today." in again.note
    assert "is not kept any more" in again.note


def test_an_address_to_which_letters_go_no_more_is_not_shown_again(here):
    ready(here)
    with clock.frozen(NOON + timedelta(days=2)):
        eva = db.session.scalars(select(Guardian).where(Guardian.language == "es")).one()
        contacts.remove(Contact.of_guardians([eva.id])[0])
        families.lives_at(eva, "9 Hidden Lane")
        db.session.flush()
        (again,) = letters_in(document_of(made(here)))

    assert again.letter.address == ("Eva Salas", reprinting.NO_ADDRESS)


def test_a_notice_that_was_no_letter_stands_in_it_word_for_word(here):
    ready(here)
    (notice,) = db.session.scalars(select(Notice)).all()
    notice.channel, notice.batch_id = "email", None
    copies = [one.part for one in document_of(made(here)).sections[5].blocks if isinstance(one, Copy)]

    assert [one.heading for one in copies] == [one["heading"] for one in notice.words]


def test_the_months_add_up_to_what_the_register_says(here):
    ready(here)
    blocks = document_of(made(here)).sections[3].blocks
    (table,) = [one for one in blocks if isinstance(one, Table)]

    # From September 7 on, as far as the register is in; five whole days without excuse.
    assert table.rows[-1][0] == "All"
    assert table.rows[0][2:] == table.rows[-1][2:] == ("5", "0", "0", "0")
    assert int(table.rows[0][1]) >= 5


def test_no_more_of_the_student_than_was_chosen_is_printed(here):
    ready(here)
    plain = words(made(here, with_barriers=False))
    assert "Housing" not in plain
    assert "works nights" not in plain
    assert "It is on record, and not printed here." in plain

    assert "works nights" in words(made(here, with_notes=True))


def test_who_may_not_be_written_to_is_not_named_on_the_cover(here):
    ready(here)
    document = document_of(made(here))

    assert "Rui" not in document.words()
    assert any("1 more is known to the school" in getattr(one, "text", "") for one in document.cover)


# --- in England -------------------------------------------------------------------------------------------------


@pytest.fixture
def england(app, world):
    """Amelia missed ten sessions in ten school weeks; her school supported the family first."""
    with app.app_context():
        with across_districts.session() as across:
            card = across.get_one(District, world.maple.id)
            card.region, card.zone = "uk", "Europe/London"
            across.commit()
        forget_directory()
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        student = families.student("Amelia", "Clarke", number="1001", school=north)
        student.born, student.grade = date(2015, 3, 1), "06"
        families.lives_at(families.guardian(student, "Joan", "Clarke"), "12 Mill Lane")
        registers.calendar(north, weeks=3)
        for day in db.session.scalars(select(SchoolDay)):
            day.sessions = 2
        registers.code("O", "absent", "unexcused", description="Unauthorised")
        amelia = student.id
        registers.enrolled(amelia, north)
        school_year()
        in_use(world, "gb-eng.penalty_considered")
        db.session.commit()
        sessions = [("1001", "North", day, slot, "O") for day in DAYS for slot in ("AM", "PM")]
        taken_in(a_window(*sessions))
        reviewed()
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "decide_notice")).one()
        here = SimpleNamespace(world=world, duty=duty.id, student=amelia)
        enter(here, case_entry.CONTACT, name="call", outcome="reached")
        enter(here, case_entry.HELD)
        enter(here, case_entry.PLAN, name="action_plan")
        enter(here, case_entry.BARRIER, name="mental_health")
        enter(here, case_entry.REFERRAL, name="health")
        db.session.commit()
        yield here
    with app.app_context():
        forget_directory()


def test_a_packet_for_a_penalty_notice_reads_as_it_is_said_in_england(england):
    packet = made(
        england,
        goes_to="Borchester Council",
        address="County Hall\nBorchester",
        reason="Ten sessions in ten weeks.",
    )
    assert (packet.state, packet.kind, packet.undone) == (DONE, "penalty", []), packet.sentence
    said = words(packet)

    for one in (
        "For the decision about a penalty notice",
        "Local authority",
        "Borchester Council",
        "National Framework 2024",
        "11 September 2026",
        "10 sessions",
        "A penalty is £80 if paid within 21 days",
        "Support was offered before a penalty is considered",
        "No earlier penalty notice is recorded.",
        "Year 6",
        "Absent, unauthorised",
        "Meeting held",
        "Sessions expected",
    ):
        assert one in said, one
    for one in ("district", "September 11", "Grade", "nexcused", "onference"):
        assert one not in said.replace(england.world.maple.name, ""), one
    # None before is an answer, and nothing that is lacking.
    assert next(one.lines for one in document_of(packet).cover if isinstance(one, Bullets)) == (
        "The parent was told in writing: No notice to a parent is recorded as sent.",
    )
    (table,) = [one for one in document_of(packet).sections[3].blocks if isinstance(one, Table)]
    assert table.rows[0] == ("September 2026", "10", "10", "0", "0")
    with pikepdf.open(io.BytesIO(pdf_of(packet))) as document:
        # A4, in points.
        assert {(round(page.mediabox[2]), round(page.mediabox[3])) for page in document.pages} == {(595, 842)}


# --- who ---------------------------------------------------------------------------------------------------------


def test_a_counselor_asks_for_it_watches_it_and_saves_it(app, client, world, habitual):
    cora = client.sign_in(world.cora)
    case = cora.get(f"/maple/attendance/cases/{habitual.case}")
    assert habitual.page in {one.get("href") for one in case.all("a")}
    form = cora.get(habitual.page)
    assert "No conference is recorded." in form.text
    refused = cora.submit(form, "/packet", status=422, goes_to="Maple SARB", reason="Reported three times.")
    assert "write why it goes on all the same" in refused.text
    answer = cora.submit(refused, "/packet", despite="The family has left.")
    shown = cora.follow(answer)
    assert "What is on record is being gathered" in shown.text

    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        (packet,) = db.session.scalars(select(CasePacket)).all()
        assert packet.state == GATHERING
        assert packet.asked_by_id == world.cora.id
        packing.make(packet.id)
        db.session.commit()
        id, sha256 = packet.id, packet.sha256

    shown = cora.get(shown.path)
    assert sha256 in shown.text
    saved = cora.get(f"/maple/attendance/packets/{id}/packet.pdf")
    assert hashlib.sha256(saved.data).hexdigest() == sha256
    assert world.cora.name in cora.get(shown.path).one("section", aria_labelledby="saved").text
    with app.app_context(), as_district(world.maple.id):
        noted = select(AuditEntry.did).where(AuditEntry.which == id, AuditEntry.did.in_(("made", "exported")))
        assert sorted(db.session.scalars(noted)) == ["exported", "made"]
        looked = select(func.count()).where(AuditEntry.which == habitual.student, AuditEntry.did == "viewed")
        assert (db.session.scalar(looked) or 0) >= 4


def test_clerk_office_admin_and_the_stranger_get_none(app, client, world, habitual):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        here = SimpleNamespace(**vars(habitual), world=world)
        packet = made(here, despite="They asked for it.")
        id = packet.id
    places = (habitual.page, f"/maple/attendance/packets/{id}", f"/maple/attendance/packets/{id}/packet.pdf")
    for who in (world.clark, world.olive, world.adams, world.tess):
        signed_in = client.sign_in(who)
        for place in places:
            signed_in.get(place, status=404)
    quinn = client.sign_in(world.quinn)
    for place in places:
        quinn.get(place.replace("/maple/", "/birch/"), status=404)
    with app.app_context(), as_district(world.birch.id):
        assert CasePacket.find(id) is None
        assert db.session.get(Student, habitual.student) is None


# --- the law's list -----------------------------------------------------------------------------------------------


def test_every_duty_that_goes_to_a_board_a_court_or_a_penalty_has_its_packet():
    human = {duty.do for rule in shipped() for duty in rule.duties if duty.approve} | {"consider_sarb"}
    human.remove("notice")  # a person decides on it, and it goes to the family
    packed = {duty for kind in KINDS.values() for duty in kind.duties}

    assert human <= packed
    assert kind_for("notice") is None


def test_every_item_of_every_place_can_be_found_or_is_written():
    for place in NAMES:
        for one in asked_in(place):
            assert one.key in {*on_record._FOUND, "board", "reason"}
            assert one.missing.endswith(".")
