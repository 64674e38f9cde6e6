"""A reason that is not given in the district's time, as the law, the reports, the family and a court see it."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.family.actions import answering, linking
from app.family.actions.answering import Sent
from app.family.models.absences import UNEXCUSED, UNEXPLAINED, absences_of
from app.family.models.family_answer import NOTE, FamilyAnswer
from app.register.actions import lapsing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.counting import meaning_on
from app.register.models.reason_not_given import ReasonNotGiven
from app.roster.models.school_year import SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import checking, evidencing
from app.truancy.actions.gathering import Register
from app.truancy.actions.packet_document import document_of
from app.truancy.law.traits import named
from app.truancy.models.case_duty import OPEN, WITHDRAWN, CaseDuty
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.student_to_review import StudentToReview
from jobs import perform
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import firings, in_use, register_is_in, reviewed, school_year

CALIFORNIA, FLORIDA = "us-ca.truant.1", "us-fl.month5"
DAYS = [FIRST + timedelta(days=at) for at in range(5)]
#: Of the first week's marks, which came on Saturday, the five days are over then.
NIGHT = datetime(2026, 9, 19, 9, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _saturday():
    with clock.frozen(datetime(2026, 9, 12, 9, 10, tzinfo=UTC)):
        yield


@pytest.fixture
def ana(app, world):
    """Nobody says why Ana was away on Monday, Tuesday and Wednesday. Five school days are given for a reason."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        student = families.student("Ana", "Salas", number="1001", school=north)
        student.born = date(2017, 3, 1)
        registers.calendar(north, weeks=3)
        registers.code("E", "absent", "excused")
        registers.code("N", "absent", "unknown", description="No note", unexcused_after=5)
        registers.enrolled(student.id, north)
        school_year()
        in_use(world, CALIFORNIA, FLORIDA)
        here = SimpleNamespace(id=student.id, school=north)
        told("NNN")
        yield here


def told(letters: str) -> None:
    """The register as the school system tells it, and what a review makes of it."""
    taken_in(a_window(*[("1001", "North", day, "DAY", one) for day, one in zip(DAYS, letters, strict=False)]))
    reviewed()


def night(ana) -> None:
    register_is_in(ana.school, date(2026, 9, 18))
    db.session.commit()
    with clock.frozen(NIGHT):
        reviewed()
        lapsing.lapse()
        db.session.commit()


def test_unknown_reasons_become_unexcused_after_the_districts_time_and_the_flip_is_a_fact_with_a_date(ana):
    assert firings(ana.id) == []

    night(ana)

    assert StudentToReview.waits(ana.id)
    with clock.frozen(NIGHT):
        reviewed()
    assert firings(ana.id) == [(CALIFORNIA, str(DAYS[2]), "standing")]
    (one,) = Firing.of_student(ana.id)
    assert one.marks == [[str(day), "DAY", "N", None, "2026-09-19"] for day in DAYS[:3]]
    assert [str(line.since) for line in db.session.scalars(select(ReasonNotGiven))] == ["2026-09-19"] * 3
    assert checking.check(one).agrees


def test_the_same_register_again_writes_nothing_and_takes_nothing_back(ana):
    night(ana)
    with clock.frozen(NIGHT):
        reviewed()
        before = Firing.of_student(ana.id)[0].evidence_sha256
        told("NNN")
        lapsing.lapse()
        db.session.commit()

        assert reviewed() is None
    assert Firing.of_student(ana.id)[0].evidence_sha256 == before
    assert db.session.scalars(select(FiringChange)).all() == []


def test_an_excuse_that_comes_later_takes_it_back_as_every_excuse_does(ana):
    night(ana)
    with clock.frozen(NIGHT + timedelta(days=1)):
        reviewed()
        duties = select(CaseDuty.state).where(CaseDuty.do == "notice")
        assert list(db.session.scalars(duties)) == [OPEN]
        told("NEN")

        assert firings(ana.id) == [(CALIFORNIA, str(DAYS[2]), "retracted")]
        assert list(db.session.scalars(duties)) == [WITHDRAWN]
        evidence = evidencing.evidence_of(Firing.of_student(ana.id)[0])
    assert [one.changed for one in evidence.marks] == ["", "Now E: absent, excused", ""]
    line = "No reason given within 5 school days: counted as unexcused from September 19, 2026"
    assert [one.not_given for one in evidence.marks] == [line] * 3


def test_nothing_lapses_while_a_note_of_the_family_waits_or_was_just_read(ana):
    child = db.session.get_one(Student, ana.id)
    mother = families.guardian(child, "Eva", "Salas").id
    note = answering.send(
        linking.link_for(child, mother, by=SYSTEM), NOTE, Sent(text="She had a fever."), once=uuid7()
    ).id
    register_is_in(ana.school, date(2026, 9, 18))
    db.session.commit()

    def lapsed(at: datetime) -> int:
        with clock.frozen(at):
            perform("jobs.register.lapse_reasons")
        return len(db.session.scalars(select(ReasonNotGiven)).all())

    assert lapsed(NIGHT) == 0
    with clock.frozen(NIGHT + timedelta(hours=5)):
        answering.settle(FamilyAnswer.find(note), "Entered.", by=SYSTEM)
        db.session.commit()
    assert lapsed(NIGHT + timedelta(days=3)) == 0
    assert lapsed(NIGHT + timedelta(days=4)) == 3


def test_in_florida_it_counted_before_and_fires_once(ana):
    told("NNNNN")
    assert firings(ana.id) == [(FLORIDA, str(DAYS[4]), "standing")]

    night(ana)
    (before,) = Firing.of_student(ana.id)
    because = "The mark of 2026-09-07 counts as unexcused since 2026-09-19: no reason was given in time."
    assert because in checking.check(before).because
    with clock.frozen(NIGHT):
        reviewed()

    assert (FLORIDA, str(DAYS[4]), "standing") in firings(ana.id)
    assert len(firings(ana.id)) == 2
    of_florida = next(one for one in Firing.of_student(ana.id) if one.rule_id == FLORIDA)
    assert checking.check(of_florida).agrees
    duties = db.session.scalars(select(CaseDuty).where(CaseDuty.rule_id == FLORIDA)).all()
    assert {one.state for one in duties} == {OPEN}


def test_the_evidence_says_since_when_and_that_the_time_began_anew(app, client, world, ana):
    night(ana)
    with clock.frozen(NIGHT):
        reviewed()
        (one,) = Firing.of_student(ana.id)
        db.session.commit()
        page = client.sign_in(world.clark).get(f"/maple/attendance/firings/{one.id}").text
        assert (
            page.count("No reason given within 5 school days: counted as unexcused from September 19, 2026")
            == 3
        )
        assert page.count("Absent, unexcused") == 3
    with clock.frozen(NIGHT + timedelta(days=1)):
        taken_in(a_window(*[("1001", "North", day, "DAY", "N") for day in DAYS[1:3]]))
        taken_in(a_window(*[("1001", "North", day, "DAY", "N") for day in DAYS[:3]]))
        checked = checking.check(Firing.of_student(ana.id)[0])

    began = "The mark of 2026-09-07 counted as unexcused for want of a reason, and its time began anew."
    assert (checked.agrees, checked.because[0]) == (False, began)


def test_a_packet_tells_it_among_the_marks_and_in_the_chronology(ana, world):
    night(ana)
    with clock.frozen(NIGHT):
        reviewed()
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
        packet = CasePacket(
            duty_id=duty.id,
            student_id=ana.id,
            kind="sarb",
            asked_by_id=world.cora.account().id,
            goes_to="Maple SARB",
            address="1 Court St",
            reason="Asked for.",
            size=0,
        )
        db.session.add(packet)
        db.session.flush()
        written = document_of(packet).words()

    line = "N: No reason given within 5 school days: counted as unexcused from September 19, 2026"
    assert written.count(f"Mark of Sep 7, 2026, {line}") == 1
    assert written.count("Absent, unexcused") >= 3


def test_the_family_reads_the_same_days_as_unexcused(ana):
    student = db.session.get_one(Student, ana.id)
    counted = absences_of(student)
    assert (counted.because(UNEXPLAINED), counted.because(UNEXCUSED)) == (3, 0)

    night(ana)

    counted = absences_of(db.session.get_one(Student, ana.id))
    assert (counted.because(UNEXPLAINED), counted.because(UNEXCUSED)) == (0, 3)


@pytest.mark.parametrize("seed", range(6))
def test_the_law_sees_of_each_mark_what_its_page_says(ana, seed):
    """Fast and slow: the line of words that a review reads, and each mark by itself."""
    dice = Random(seed)
    registers.code("K", "tardy", "unknown", flags=["medical"], valid_from=DAYS[1], unexcused_after=2)
    registers.code("N", "absent", "unknown", school_id=ana.school, valid_to=DAYS[0], flags=["state_excused"])
    registers.code("E", "absent", "unknown", school_id=ana.school, valid_from=DAYS[3])
    for day in DAYS:
        for slot in dice.sample(["AM", "PM", "P1", "P2", "P3"], 3):
            since = dice.choice([None, DAYS[4] + timedelta(days=dice.randrange(9))])
            registers.mark(ana.id, ana.school, day, dice.choice("NEKZ"), slot=slot, unexcused_since=since)
    register_is_in(ana.school, DAYS[4])
    codes = AttendanceCode.counting()
    expected = {
        (one.day, one.slot): named(meaning.words_of(one.unexcused_since))
        for one in AttendanceMark.of_student(ana.id)
        if (meaning := meaning_on(one, codes)) is not None
    }

    (seen,) = Register().of([str(ana.id)])

    assert {(one.day, one.slot): one.traits for one in seen.facts.marks} == expected


def test_the_stranger_sees_nothing_of_it(app, world, ana):
    night(ana)

    with app.app_context(), as_district(world.birch.id):
        assert db.session.scalars(select(ReasonNotGiven)).all() == []
        assert SchoolYear.current() is None
