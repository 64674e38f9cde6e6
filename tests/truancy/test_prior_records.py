"""Records of earlier schools: entered from a paper, confirmed by a second person, counted, and withdrawn."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.core import clock, quotas, storage
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.integrations.typesetting.documents import Table
from app.notices.actions import telling, templating
from app.notices.actions.templating import Draft
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.roster.actions.refused import Refused
from app.roster.models.student import Student
from app.truancy.actions import attesting, bundling
from app.truancy.actions.attesting import Paper
from app.truancy.actions.gathering import Register
from app.truancy.actions.packet_document import document_of
from app.truancy.actions.telling import values_of
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.firing_prior import records_behind
from app.truancy.models.prior_record import PriorRecord, Said
from app.truancy.models.rule_activation import RuleActivation
from app.truancy.models.student_to_review import StudentToReview
from tests.register import registers
from tests.register.registers import FIRST
from tests.roster import families
from tests.truancy import told
from tests.truancy.reviews import firings, in_use, register_is_in, reviewed, school_year

RULE = "us-ca.truant.1"
NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
PDF = b"%PDF-1.7\nAttendance of Ana\n%%EOF"
INDEX = "/maple/attendance/earlier-schools"


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def ana(app, world):
    """Ana, who came to North on 7 September and missed that day; and a rule that counts records of earlier schools."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        student = families.student("Ana", "Salas", number="1001", school=north)
        student.born = date(2017, 3, 1)
        families.lives_at(families.guardian(student, "Eva", "Salas"), "12 Maple Street")
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused", description="Cut")
        registers.enrolled(student.id, north)
        registers.mark(student.id, north, FIRST)
        school_year()
        in_use(world, RULE)
        db.session.execute(update(RuleActivation).values(overlay={"prior": "attested"}))
        register_is_in(north, FIRST + timedelta(days=10))
        case = AttendanceCase.of(student.id, date(2026, 9, 21))
        db.session.commit()
        reviewed()
        return SimpleNamespace(id=student.id, case=case.id, north=north)


@pytest.fixture
def here(app, world, ana):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield ana


def said(unexcused=2, **more) -> Said:
    given = {
        "school_name": "Lincoln School",
        "school_place": "Austin, Texas",
        "first": date(2026, 8, 17),
        "last": date(2026, 9, 4),
        "unit": "day",
        "unexcused": Decimal(unexcused),
    }
    return Said(**{**given, **more})


def entered(student_id, by, what=None, data=PDF, name="record.pdf") -> PriorRecord:
    student = db.session.get_one(Student, student_id)
    record = attesting.enter(student, what or said(), Paper(name, data), by=by.account(), once=uuid7())
    db.session.commit()
    return record


def confirmed(student_id, world, what=None) -> PriorRecord:
    record = entered(student_id, world.olive, what)
    attesting.confirm(record, by=world.clark.account())
    reviewed()
    return db.session.get_one(PriorRecord, record.id)


def refused(student_id, by, what) -> str:
    with pytest.raises(Refused) as sentence:
        entered(student_id, by, what)
    return sentence.value.sentence


# --- what becomes of it ------------------------------------------------------------------------------------------


def test_nothing_counts_it_before_a_second_person_has_confirmed_it(here, world):
    record = entered(here.id, world.olive)
    reviewed()

    assert firings() == []
    attesting.confirm(record, by=world.clark.account())
    db.session.flush()
    assert StudentToReview.waits(here.id)
    reviewed()
    assert firings() == [(RULE, str(FIRST), "standing")]


def test_the_firing_rests_on_its_mark_here_and_on_the_record(here, world):
    record = confirmed(here.id, world)

    (one,) = db.session.scalars(select(Firing))
    assert ([mark[0] for mark in one.marks], one.total) == ([str(FIRST)], "3")
    assert [each.id for each in records_behind(one.id)] == [record.id]


def test_withdrawn_it_is_taken_back_as_after_an_excuse_and_keeps_what_it_rested_on(here, world):
    record = confirmed(here.id, world)

    attesting.withdraw(record, "The paper is of another child.", by=world.cora.account())
    reviewed()

    assert firings() == [(RULE, str(FIRST), "retracted")]
    (one,) = db.session.scalars(select(Firing))
    assert [each.state for each in records_behind(one.id)] == ["withdrawn"]
    assert [each.outcome for each in db.session.scalars(select(FiringChange))] == ["retracted"]
    assert {duty.state for duty in db.session.scalars(select(CaseDuty))} == {"withdrawn"}


def test_another_record_behind_the_same_firing_is_the_one_that_stands_there(here, world):
    first = confirmed(here.id, world)
    attesting.withdraw(first, "Two days were excused.", by=world.cora.account())
    second = confirmed(here.id, world, said(3))

    (one,) = db.session.scalars(select(Firing))
    assert (one.state, one.total) == ("standing", "4")
    assert [each.id for each in records_behind(one.id)] == [second.id]


def test_the_same_review_twice_writes_nothing(here, world):
    confirmed(here.id, world)
    (before,) = db.session.scalars(select(Firing.evidence_sha256))
    registers.mark(here.id, here.north, FIRST + timedelta(days=20))
    reviewed()

    assert db.session.scalars(select(FiringChange)).all() == []
    assert db.session.scalars(select(Firing.evidence_sha256)).one() == before


def test_the_first_record_of_a_district_is_seen_by_who_is_at_work_already(here, world):
    register = Register()

    confirmed(here.id, world)

    (ana,) = register.of([str(here.id)])
    assert len(ana.facts.prior) == 1


def test_a_rule_as_the_law_has_it_counts_none(here, world):
    db.session.execute(update(RuleActivation).values(overlay={}))

    confirmed(here.id, world, said(5))

    assert firings() == []


# --- who, and what is refused ------------------------------------------------------------------------------------


def test_nobody_confirms_what_they_entered(here, world):
    record = entered(here.id, world.clark)

    with pytest.raises(Refused, match="You entered this yourself"):
        attesting.confirm(record, by=world.clark.account())
    db.session.rollback()
    by_hand = update(PriorRecord).values(confirmed_by_id=world.clark.id, confirmed_at=clock.now())
    with pytest.raises(IntegrityError, match="two_people"):
        db.session.execute(by_hand)
    db.session.rollback()


@pytest.mark.parametrize(
    ("column", "value"),
    [("unexcused", 3), ("first", date(2026, 8, 1)), ("school_name", "Another"), ("sha256", "0" * 64)],
)
def test_the_database_changes_nothing_that_it_says(here, world, column, value):
    record = entered(here.id, world.olive)

    with pytest.raises(IntegrityError, match="not changed"):
        db.session.execute(update(PriorRecord).where(PriorRecord.id == record.id).values({column: value}))
    db.session.rollback()


def test_what_was_confirmed_or_withdrawn_stays_so(here, world):
    record = confirmed(here.id, world)
    of_it = update(PriorRecord).where(PriorRecord.id == record.id)

    with pytest.raises(IntegrityError, match="not changed"):
        db.session.execute(of_it.values(confirmed_by_id=None, confirmed_at=None))
    db.session.rollback()
    attesting.withdraw(record, "Wrong child.", by=world.cora.account())
    db.session.commit()
    with pytest.raises(IntegrityError, match="not changed"):
        db.session.execute(of_it.values(withdrawn_by_id=None, withdrawn_at=None, why_withdrawn=""))
    db.session.rollback()
    with pytest.raises(Refused, match="in the meantime"):
        attesting.confirm(record, by=world.clark.account())
    db.session.rollback()


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (said(0), "at least in one"),
        (said(20), "too few for so many"),
        (said(39, unit="half_day"), "too few for so many"),
        (said(last=date(2026, 8, 1)), "before the first"),
        (said(last=date(2026, 9, 21)), "before today"),
        (said(first=date(2025, 7, 1)), "at most 400 days"),
        (said(first=date(2023, 1, 1), last=date(2023, 2, 1)), "last three years"),
        (said(last=FIRST), "was enrolled at North"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(here, world, what, why):
    assert why in refused(here.id, world.olive, what)
    db.session.rollback()
    assert db.session.scalars(select(PriorRecord)).all() == []


def test_two_records_do_not_speak_of_the_same_days_but_of_days_and_of_times_late_they_may(here, world):
    entered(here.id, world.olive)

    assert "Another record, of Lincoln School" in refused(
        here.id, world.olive, said(1, first=date(2026, 9, 4))
    )
    db.session.rollback()
    entered(here.id, world.olive, said(4, unit="late"))
    entered(here.id, world.olive, said(1, first=date(2026, 8, 3), last=date(2026, 8, 14)))
    assert len(PriorRecord.of_student(here.id)) == 3


def test_it_is_not_confirmed_once_the_register_speaks_of_its_days(here, world):
    record = entered(here.id, world.olive)
    registers.enrolled(here.id, here.north, entry=date(2026, 8, 20), exit=date(2026, 8, 28))

    with pytest.raises(Refused, match="the register speaks"):
        attesting.confirm(record, by=world.clark.account())
    db.session.rollback()


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "Choose the paper"), (b"MZ\x00\x01" * 9, "PDF, a JPEG"), (b"plain words", "PDF, a JPEG")],
)
def test_only_a_pdf_or_a_picture_is_a_paper(here, world, data, why):
    with pytest.raises(Refused, match=why):
        entered(here.id, world.olive, data=data)
    db.session.rollback()


def test_where_there_is_no_room_it_is_said_and_nothing_is_kept(here, world, monkeypatch):
    monkeypatch.setattr(quotas, "reached", lambda *asked: quotas.STORED)

    with pytest.raises(Refused, match="no room left"):
        entered(here.id, world.olive)
    db.session.rollback()
    assert db.session.scalars(select(PriorRecord)).all() == []


def test_its_paper_lies_sealed_and_counts_as_stored(here, world):
    before = quotas.used(quotas.STORED)

    record = entered(here.id, world.olive)

    with storage.open(record.storage_key) as stream:
        assert stream.read() == PDF
    assert quotas.used(quotas.STORED) == before + len(PDF)


def test_the_audit_log_tells_of_each_step_and_not_what_the_paper_says(here, world):
    record = confirmed(here.id, world)

    told_of = db.session.scalars(
        select(AuditEntry).where(AuditEntry.which == record.id).order_by(AuditEntry.position)
    ).all()
    assert [one.did for one in told_of] == ["created", "changed"]
    assert "Lincoln" not in str([one.__dict__ for one in told_of])


# --- what a family is told ---------------------------------------------------------------------------------------


def test_a_notice_says_that_some_days_were_elsewhere(here, world):
    confirmed(here.id, world)
    told.ready(world)
    (duty,) = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice"))

    assert {"days": "3", "unexcused": "3", "earlier school": "yes"}.items() <= values_of(duty.id).items()
    (notice,) = told.tell(duty, {}, "letter", by=world.clark.account()).notices

    assert notice.state == "waiting"
    assert "Some of the days were at the school before ours." in str(notice.words)


def test_with_a_text_that_does_not_say_it_the_notice_waits_for_one_that_does(here, world):
    confirmed(here.id, world)
    told.ready(world)
    template = NoticeTemplate.for_(RULE)
    shipped = NoticeText.in_use(template.id)
    _approve(template, shipped, re.sub(r"\(\(earlier school.*?\)\)", "", shipped.body), world)
    (duty,) = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice"))

    (notice,) = told.tell(duty, {}, "letter", by=world.clark.account()).notices
    assert notice.state == "blocked"
    assert "Some of what is counted was at an earlier school" in notice.reason

    _approve(template, shipped, shipped.body, world)
    telling.try_again(notice)
    assert notice.state == "waiting"


def _approve(template, before, body, world) -> None:
    draft = Draft("en", before.heading, body, before.passages, line=before.line)
    text = templating.write(template, draft, by=world.adams.account())
    templating.approve(text, reads_it=True, by=world.adams.account())


def test_who_counts_no_record_is_told_nothing_of_one(here, world):
    for at in (1, 2):
        registers.mark(here.id, here.north, FIRST + timedelta(days=at))
    reviewed()
    told.ready(world)
    (duty,) = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice"))

    (notice,) = told.tell(duty, {}, "letter", by=world.clark.account()).notices

    assert notice.state == "waiting"
    assert "at the school before ours" not in str(notice.words)


def test_one_notice_does_not_tell_along_what_counts_a_record_that_it_does_not_count(here, world):
    in_use(world, "us-ga.five")
    for at in (1, 2, 3, 4):
        registers.mark(here.id, here.north, FIRST + timedelta(days=at))
    confirmed(here.id, world)
    notices = select(CaseDuty).where(CaseDuty.do == "notice", CaseDuty.rule_id == "us-ga.five")

    (beside,) = bundling.beside(db.session.scalars(notices).one())

    assert (beside.duty.rule_id, beside.ways, beside.why) == (RULE, (), bundling.OTHER_RECORDS)


# --- a packet, and the pages -------------------------------------------------------------------------------------


def test_a_packet_names_the_record_its_paper_and_who_vouches_for_it(here, world):
    in_use(world, "us-tx.refer")
    db.session.execute(update(RuleActivation).values(overlay={"prior": "attested"}))
    db.session.get_one(Student, here.id).born = date(2013, 3, 1)
    for at in (1, 2):
        registers.mark(here.id, here.north, FIRST + timedelta(days=at))
    confirmed(here.id, world, said(8))
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "referral")).one()
    packet = CasePacket(
        id=uuid7(),
        duty_id=duty.id,
        student_id=here.id,
        kind="court",
        asked_by_id=world.cora.id,
        asked_at=clock.now(),
        reason="It goes on.",
        size=0,
    )
    db.session.add(packet)
    db.session.flush()

    rule = next(one for one in document_of(packet).sections if one.title == "The rule and the count")

    (behind,) = [one.rows for one in rule.blocks if isinstance(one, Table) and one.head[0] == "School"]
    assert behind[0][0] == "Lincoln School, Austin, Texas"
    assert behind[0][3] == "8 days without an excuse"
    assert behind[0][4].startswith("record.pdf, SHA-256 ")
    assert behind[0][5].startswith("Olive Marsh")
    assert "Clark Reyes" in behind[0][5]


FIELDS = {
    "school_name": "Lincoln School",
    "school_place": "Austin, Texas",
    "first": "2026-08-17",
    "last": "2026-09-04",
    "unit": "day",
    "unexcused": "2",
}


def upload(client, who, case_id, **fields):
    page = client.sign_in(who).get(f"/maple/attendance/cases/{case_id}/earlier-schools")
    return client.submit(
        page, "/earlier-schools", **{**FIELDS, "files": (io.BytesIO(PDF), "record.pdf"), **fields}
    )


def test_the_office_enters_it_and_the_clerk_finds_it_on_the_morning_list_and_confirms_it(
    client, app, world, ana
):
    to = client.sign_in(world.olive).get(INDEX)
    begun = client.submit(to, INDEX, number="1001", status=303)
    assert begun.location.endswith(f"/maple/attendance/cases/{ana.case}/earlier-schools")
    made = client.follow(upload(client, world.olive, ana.case))
    assert "Somebody else must confirm it" in made.text
    assert "You entered this. Somebody else reads the paper" in made.text

    morning = client.sign_in(world.clark).get("/maple/attendance/work")
    assert "Records of earlier schools that wait for a second person" in morning.text
    record = client.get(made.path)
    saved = client.get(f"{made.path}/paper")
    assert (saved.status, saved.headers["Content-Type"]) == (200, "application/pdf")
    assert "attachment" in saved.headers["Content-Disposition"]
    assert "It is confirmed" in client.follow(client.submit(record, "/confirmation", status=303)).text

    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        reviewed()
        (firing,) = db.session.scalars(select(Firing.id))
    evidence = client.get(f"/maple/attendance/firings/{firing}")
    assert "1 record of earlier schools, counted besides as a head start" in evidence.text
    assert "Of these at earlier schools, by their records" in evidence.text
    assert "2 days without an excuse" in evidence.text
    assert "This agrees with what is in the register now." in evidence.text
    assert "wait for a second person" not in client.get("/maple/attendance/work").text


def test_withdrawn_the_page_of_the_firing_says_so_until_the_review_came_by(client, app, world, ana):
    made = client.follow(upload(client, world.olive, ana.case))
    client.sign_in(world.clark).submit(client.get(made.path), "/confirmation", status=303)
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        reviewed()
        (firing,) = db.session.scalars(select(Firing.id))

    empty = client.submit(client.get(made.path), "/withdrawal", status=422)
    gone = client.submit(client.get(made.path), "/withdrawal", why="Another child.", status=303)

    assert "Write why it is withdrawn" in empty.text
    assert "Withdrawn by Clark Reyes" in client.follow(gone).text
    assert (
        "The record of Lincoln School, Austin, Texas was withdrawn."
        in client.get(f"/maple/attendance/firings/{firing}").text
    )


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("unexcused", "2.5", "Write a whole number"),
        ("unexcused", "-1", "Write a number from 0"),
        ("unexcused", "many", "Not a valid decimal"),
        ("school_name", "", "Write the name of the school"),
        ("last", "2026-09-07", "was enrolled at North"),
        ("files", (io.BytesIO(b""), ""), "Choose the paper that says this"),
    ],
)
def test_what_is_refused_loses_nothing_that_was_typed(client, world, ana, field, value, why):
    page = upload(client, world.olive, ana.case, **{field: value})

    assert page.status == 422
    assert why in page.text
    assert page.one("input", name="school_place")["value"] == "Austin, Texas"


def test_sent_twice_it_is_one(client, app, world, ana):
    page = client.sign_in(world.olive).get(f"/maple/attendance/cases/{ana.case}/earlier-schools")

    for _ in range(2):
        client.submit(page, "/earlier-schools", **FIELDS, files=(io.BytesIO(PDF), "record.pdf"), status=303)

    with app.app_context(), as_district(world.maple.id):
        assert len(db.session.scalars(select(PriorRecord)).all()) == 1


def test_the_office_does_not_confirm_and_may_take_back_only_what_it_entered_and_nobody_confirmed(
    client, world, ana
):
    own = client.follow(upload(client, world.olive, ana.case)).path
    client.post(f"{own}/confirmation", status=404)
    client.submit(client.get(own), "/withdrawal", why="Wrong child.", status=303)

    others = client.follow(upload(client, world.clark, ana.case)).path
    client.sign_in(world.olive).post(f"{others}/withdrawal", {"why": "No."}, status=404)


def test_a_stranger_and_who_works_elsewhere_see_nothing_of_it(client, world, ana):
    made = client.follow(upload(client, world.olive, ana.case)).path

    for who in (world.tess, world.adams, world.sam):
        for path in (made, f"{made}/paper", f"/maple/attendance/cases/{ana.case}/earlier-schools"):
            client.sign_in(who).get(path, status=404)
    client.sign_in(world.avery).get(made.replace("/maple/", "/birch/"), status=404)


def test_each_look_at_it_leaves_an_access_record(client, app, world, ana):
    made = client.follow(upload(client, world.olive, ana.case)).path
    client.sign_in(world.cora).get(f"{made}/paper")

    with app.app_context(), as_district(world.maple.id):
        seen = select(AuditEntry).where(AuditEntry.did == "viewed", AuditEntry.by_id == world.cora.id)
        assert [one.which for one in db.session.scalars(seen)] == [ana.id]


def test_the_form_of_a_proposal_offers_it_where_it_can_be_counted(client, world, app):
    offers = client.sign_in(world.adams).get(f"/maple/attendance/rule/{RULE}")
    does_not = client.get("/maple/attendance/rule/us-ca.chronic_truant")

    assert "Count confirmed records of an earlier school, too" in offers.text
    assert "Count confirmed records of an earlier school" not in does_not.text
    client.submit(offers, "/proposal", first_day="2026-09-22", prior="y", status=303)
    assert "A confirmed record of an earlier school counts, too" in client.get(offers.path).text
    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(RuleActivation)).one().overlay == {"prior": "attested"}
