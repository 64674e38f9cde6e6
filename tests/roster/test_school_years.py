"""A new school year: everybody moves once, whatever dies between; it is undone until a source has spoken."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.queue import Work
from app.core.tenancy import as_district
from app.helpdesk.actions.school_year import open_tickets
from app.helpdesk.models.ticket import Ticket
from app.roster.actions import importing, precedence, school_years, students
from app.roster.actions.refused import Refused
from app.roster.actions.school_years import Days
from app.roster.actions.students import Enrollment
from app.roster.models import rising
from app.roster.models.person import Person
from app.roster.models.precedence import HAND
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school import School
from app.roster.models.school_year import CURRENT, PAST, PLANNED, SchoolYear
from app.roster.models.school_year_move import SchoolYearMove
from app.roster.models.school_year_school import GO_ON, LEAVE, SchoolYearSchool
from app.roster.models.student import Student
from tests.roster import families
from tests.roster.exports import Member, an_export, staff
from tests.roster.test_imports import looked_at, taken_in
from tests.world import Place, World

#: Long before the summer: whoever is made now has the grade of the old year.
OLD = Days(name="2029–30", first_day=date(2029, 8, 20), last_day=date(2030, 6, 14))
NEW = Days(name="2030–31", first_day=date(2030, 8, 19), last_day=date(2031, 6, 13))

Stand = dict[str, tuple[str, UUID | None, bool]]


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def children(place: Place) -> None:
    """North ends with grade 5, and Cedar, which has two older ones too, with grade 8."""
    grades = [
        *(("North", grade) for grade in ("PK", "KG", "01", "04", "05", "05", "", "UG")),
        *(("Cedar", grade) for grade in ("06", "07", "08", "08")),
    ]
    for nth, (school, grade) in enumerate(grades):
        families.student(f"Kid{nth}", "Quokka", number=f"Q{nth}", school=place.schools[school], grade=grade)
    db.session.commit()


def first_year() -> SchoolYear:
    made = school_years.write_down_first(OLD, once=uuid7())
    db.session.commit()
    return made


def planned(place: Place, of: Days = NEW) -> SchoolYear:
    """The next year: North's fifth grade goes to Cedar, Cedar's eighth leaves."""
    year = school_years.plan(of, once=uuid7())
    rules = {one.school_id: one for one in SchoolYearSchool.of_year(year.id)}
    north, cedar = rules[place.schools["North"]], rules[place.schools["Cedar"]]
    school_years.say_of_school(north, highest="05", leavers=GO_ON, goes_to_id=cedar.school_id)
    school_years.say_of_school(cedar, highest="08", leavers=LEAVE, goes_to_id=None)
    db.session.commit()
    return year


def opened(place: Place) -> SchoolYear:
    year_id = planned(place).id
    school_years.open_year(the_year(year_id))
    return worked(year_id)


def worked(year_id: UUID) -> SchoolYear:
    db.session.commit()
    school_years.advance(year_id)
    return the_year(year_id)


def the_year(year_id: UUID) -> SchoolYear:
    db.session.expire_all()
    return db.session.get_one(SchoolYear, year_id)


def stand() -> Stand:
    db.session.expire_all()
    return {
        one.number: (one.grade, one.school_id, one.person.active)
        for one in db.session.scalars(Student.by_name())
    }


def numbered(number: str) -> Student:
    db.session.expire_all()
    found = Student.numbered(number)
    assert found is not None
    return found


def refusal(do: Any) -> str:
    with pytest.raises(Refused) as refused:
        do()
    db.session.rollback()
    return refused.value.sentence


def test_everybody_rises_one_grade_changes_school_or_leaves(maple: World) -> None:
    children(maple.maple)
    first_year()
    north, cedar = maple.maple.schools["North"], maple.maple.schools["Cedar"]

    year = opened(maple.maple)

    assert year.state == CURRENT
    assert stand() == {
        "Q0": ("KG", north, True),
        "Q1": ("01", north, True),
        "Q2": ("02", north, True),
        "Q3": ("05", north, True),
        "Q4": ("06", cedar, True),
        "Q5": ("06", cedar, True),
        "Q6": ("", north, True),
        "Q7": ("UG", north, True),
        "Q8": ("07", cedar, True),
        "Q9": ("08", cedar, True),
        "Q10": ("08", cedar, False),
        "Q11": ("08", cedar, False),
    }
    left = select(SchoolYearMove.left_on).where(SchoolYearMove.student_id == numbered("Q10").id)
    assert db.session.scalar(left) == OLD.last_day
    assert year.before is not None
    assert year.before.state == PAST


def test_an_unknown_grade_stays_and_is_listed(maple: World) -> None:
    children(maple.maple)
    first_year()

    year = planned(maple.maple)

    assert [row.id for row in rising.with_outcome(year, rising.UNKNOWN, None)] == [
        numbered("Q6").id,
        numbered("Q7").id,
    ]
    before = stand()
    school_years.open_year(year)
    worked(year.id)
    assert {number: stand()[number] for number in ("Q6", "Q7")} == {
        number: before[number] for number in ("Q6", "Q7")
    }


def test_the_preview_tells_in_numbers_what_the_opening_then_does(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = planned(maple.maple)
    told = {
        (one.school_id, one.grade): (one.to_school_id, one.to_grade, one.count, one.outcome)
        for one in rising.groups(year)
    }
    before = stand()

    school_years.open_year(year)
    worked(year.id)

    for number, (grade, school_id, _) in before.items():
        to_school, to_grade, _, outcome = told[school_id, grade]
        assert stand()[number] == (to_grade, to_school, outcome != rising.LEAVES)
    assert sum(one[2] for one in told.values()) == len(before)


def test_transitional_kindergarten_is_a_step_only_where_somebody_is_in_it() -> None:
    assert rising.ladder(has_transitional=False)["PK"] == "KG"
    assert rising.ladder(has_transitional=True)["PK"] == "TK"
    assert rising.ladder(has_transitional=True)["TK"] == "KG"
    assert "13" not in rising.ladder(has_transitional=True)


def test_twice_is_once(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)
    after, entries = stand(), db.session.scalar(select(func.count(AuditEntry.id)))

    assert refusal(lambda: school_years.open_year(the_year(year.id))) == school_years.OPENED_ALREADY
    school_years.advance(year.id)

    assert stand() == after
    assert db.session.scalar(select(func.count(AuditEntry.id))) == entries
    again = Days(name=NEW.name, first_day=date(2031, 8, 18), last_day=date(2032, 6, 11))
    assert "Another school year is called" in refusal(lambda: school_years.plan(again, once=uuid7()))


def test_a_batch_is_one_entry_of_the_audit_log(maple: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school_years, "BATCH", 5)
    children(maple.maple)
    first_year()
    db.session.execute(delete(Work))
    changed = select(func.count(AuditEntry.id)).where(AuditEntry.what.in_(("people", "students")))
    before = db.session.scalar(changed)

    opened(maple.maple)

    did = select(AuditEntry.changes).where(AuditEntry.did == "moved up").order_by(AuditEntry.position)
    assert [one["students"] for one in db.session.scalars(did)] == [5, 3, 2]
    assert db.session.scalar(changed) == before


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_batch_and_resumed_it_ends_the_same(
    maple: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(school_years, "BATCH", 2)
    children(maple.maple)
    first_year()
    before = stand()
    year_id = planned(maple.maple).id
    whole = dict(zip(before, expected(the_year(year_id), before), strict=True))
    dice = random.Random(seed)

    school_years.open_year(the_year(year_id))
    db.session.commit()
    kill_now_and_then(year_id, dice, monkeypatch)

    assert stand() == whole
    assert db.session.scalar(select(func.count(SchoolYearMove.id))) == 10

    school_years.undo(the_year(year_id))
    db.session.commit()
    kill_now_and_then(year_id, dice, monkeypatch)

    assert stand() == before
    assert the_year(year_id).state == PLANNED


def expected(year: SchoolYear, before: Stand) -> list[tuple[str, UUID | None, bool]]:
    told = {(one.school_id, one.grade): one for one in rising.groups(year)}
    found = [told[school_id, grade] for grade, school_id, _ in before.values()]
    return [(one.to_grade, one.to_school_id, one.outcome != rising.LEAVES) for one in found]


def kill_now_and_then(year_id: UUID, dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker dies before or after what a batch writes; the next one begins where the last commit stands."""

    class Killed(BaseException):
        pass

    noted = school_years.audit.noted

    def noted_or_killed(*args: Any, **more: Any) -> None:
        noted(*args, **more)
        if dice.random() < 0.5:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(school_years.audit, "noted", noted_or_killed)
        deaths = 0
        while the_year(year_id).is_working:
            try:
                school_years.advance(year_id)
            except Killed:
                deaths += 1
                db.session.rollback()
            assert deaths < 100
    assert deaths


def test_undone_everybody_is_as_before(maple: World) -> None:
    children(maple.maple)
    first_year()
    before = stand()
    year = opened(maple.maple)

    school_years.undo(year)
    year = worked(year.id)

    assert stand() == before
    assert (year.state, year.put_back, year.left_alone) == (PLANNED, 10, 0)
    current = SchoolYear.current()
    assert current is not None
    assert current.name == OLD.name


def test_an_undone_year_can_be_opened_again(maple: World) -> None:
    children(maple.maple)
    first_year()
    year_id = opened(maple.maple).id
    after = stand()
    school_years.undo(the_year(year_id))
    worked(year_id)

    school_years.open_year(the_year(year_id))
    worked(year_id)

    assert stand() == after


def test_whom_somebody_changed_since_an_undo_leaves_alone(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)
    north, cedar = maple.maple.schools["North"], maple.maple.schools["Cedar"]
    for number, school_id, grade in (("Q1", north, "03"), ("Q2", cedar, "02")):
        of = Enrollment(
            given_name="Kid", family_name="Quokka", number=number, school_id=school_id, grade=grade
        )
        students.change(numbered(number), of)
    students.come_back(numbered("Q10"))
    db.session.commit()

    school_years.undo(the_year(year.id))
    year = worked(year.id)

    assert stand()["Q1"] == ("03", north, True)
    assert stand()["Q2"] == ("02", cedar, True)
    assert stand()["Q10"][2]
    assert (year.put_back, year.left_alone) == (7, 3)


def test_only_the_year_that_was_opened_last_is_undone(maple: World) -> None:
    children(maple.maple)
    first = first_year()

    assert "opened last" in refusal(lambda: school_years.undo(first))
    year = opened(maple.maple)
    school_years.plan(school_years.default_days(year), once=uuid7())
    db.session.commit()
    assert "2031–32 is planned already" in refusal(lambda: school_years.undo(the_year(year.id)))


# --- years in their order --------------------------------------------------------------------------------


def test_years_follow_one_another_and_do_not_overlap(maple: World) -> None:
    children(maple.maple)
    first_year()
    early = Days(name="2030", first_day=OLD.last_day, last_day=NEW.last_day)
    assert "begins after that day" in refusal(lambda: school_years.plan(early, once=uuid7()))
    backwards = Days(name="2030", first_day=NEW.last_day, last_day=NEW.first_day)
    assert "must come after" in refusal(lambda: school_years.plan(backwards, once=uuid7()))

    year = planned(maple.maple)
    year.first_day = OLD.last_day - timedelta(days=1)

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_one_year_is_planned_at_a_time(maple: World) -> None:
    children(maple.maple)
    first_year()
    planned(maple.maple)
    later_one = Days(name="2031–32", first_day=date(2031, 8, 18), last_day=date(2032, 6, 11))

    assert "2030–31 is not open yet" in refusal(lambda: school_years.plan(later_one, once=uuid7()))


def test_a_second_first_year_is_refused(maple: World) -> None:
    first_year()

    assert "Open the next one" in refusal(lambda: school_years.write_down_first(NEW, once=uuid7()))


def test_the_next_year_remembers_what_was_said_of_each_school(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)

    following = school_years.plan(school_years.default_days(year), once=uuid7())

    assert following.name == "2031–32"
    assert {
        (one.school_id, one.highest, one.leavers, one.goes_to_id)
        for one in SchoolYearSchool.of_year(following.id)
    } == {
        (maple.maple.schools["North"], "05", GO_ON, maple.maple.schools["Cedar"]),
        (maple.maple.schools["Cedar"], "08", LEAVE, None),
    }


def test_nobody_is_moved_before_each_school_has_said_where_its_leavers_go(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = school_years.plan(NEW, once=uuid7())
    db.session.commit()
    before = stand()

    assert "where the leavers of" in refusal(lambda: school_years.open_year(the_year(year.id)))
    assert stand() == before


def test_a_plan_that_was_given_up_is_made_anew(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = planned(maple.maple)

    school_years.give_up(year)
    db.session.commit()

    assert planned(maple.maple).state == PLANNED


def test_an_open_year_is_not_given_up(maple: World) -> None:
    children(maple.maple)
    first_year()
    year = opened(maple.maple)

    assert "This one is open" in refusal(lambda: school_years.give_up(the_year(year.id)))


# --- who is in the new grade already ---------------------------------------------------------------------


def test_whoever_came_since_the_summer_began_stays_in_the_grade_they_came_with(maple: World) -> None:
    children(maple.maple)
    first_year()
    with clock.frozen(clock.day_begins(date(2030, 7, 1), "America/Chicago")):
        families.student("New", "Kid", number="N1", school=maple.maple.schools["North"], grade="03")
        year = planned(maple.maple)
        told = [(one.grade, one.count) for one in rising.groups(year) if one.outcome == rising.TOLD]
        school_years.open_year(year)
        worked(year.id)

    assert told == [("03", 1)]
    assert stand()["N1"][0] == "03"


def test_whose_new_grade_a_source_has_told_already_is_not_moved_again(maple: World) -> None:
    takes_families()
    taken_in(an_export([*staff(2), child("04")]))
    first_year()
    with clock.frozen(clock.day_begins(date(2030, 7, 20), "America/Chicago")):
        taken_in(an_export([*staff(2), child("05")]))
        year = school_years.plan(NEW, once=uuid7())
        for rule in SchoolYearSchool.of_year(year.id):
            school_years.say_of_school(rule, highest="08", leavers=LEAVE, goes_to_id=None)
        school_years.open_year(year)
        worked(year.id)

    assert numbered("N1").grade == "05"


# --- what a source says afterwards -----------------------------------------------------------------------


def takes_families() -> None:
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=True)
    db.session.commit()


def child(grade: str, school: str = "s1", key: str = "k1", **more: Any) -> Member:
    return Member(key, "Ada", "Quokka", "", school, "student", number="N1", grades=grade, **more)


def opened_for(told: Member, *, highest: str, leavers: str) -> SchoolYear:
    """Everybody is moved who was taken in; Ash's leavers go to Beech, or leave."""
    takes_families()
    taken_in(an_export([*staff(2), told]))
    first_year()
    beech = db.session.scalars(select(School.id).where(School.name == "Beech School")).one()
    year = school_years.plan(NEW, once=uuid7())
    for rule in SchoolYearSchool.of_year(year.id):
        goes_to = beech if leavers == GO_ON else None
        school_years.say_of_school(rule, highest=highest, leavers=leavers, goes_to_id=goes_to)
    school_years.open_year(year)
    return worked(year.id)


def school_of(number: str) -> str:
    school = numbered(number).person.school
    assert school is not None
    return school.name


def test_what_the_source_says_of_the_new_year_is_taken_over(maple: World) -> None:
    opened_for(child("04"), highest="04", leavers=GO_ON)
    assert (numbered("N1").grade, school_of("N1")) == ("05", "Beech School")

    run = taken_in(an_export([*staff(2), child("06", "s1", relatives="")]))

    assert run.state == "done"
    assert numbered("N1").grade == "06"
    # Its word of the school is the old one, which is nothing new.
    assert school_of("N1") == "Beech School"


def test_another_school_of_the_source_is_taken_over(maple: World) -> None:
    schools = {"s1": "Ash School", "s2": "Beech School", "s3": "Cypress School"}
    takes_families()
    opened_for(child("04"), highest="04", leavers=GO_ON)

    taken_in(an_export([*staff(2), child("05", "s3")], schools=schools))

    assert (numbered("N1").grade, school_of("N1")) == ("05", "Cypress School")


def test_an_admins_correction_before_the_year_still_stays(maple: World) -> None:
    takes_families()
    taken_in(an_export([*staff(2), child("04")]))
    numbered("N1").grade = "03"
    db.session.commit()
    first_year()
    year = school_years.plan(NEW, once=uuid7())
    for rule in SchoolYearSchool.of_year(year.id):
        school_years.say_of_school(rule, highest="08", leavers=LEAVE, goes_to_id=None)
    school_years.open_year(year)
    worked(year.id)

    taken_in(an_export([*staff(2), child("05")]))

    assert numbered("N1").grade == "04"


def test_a_source_that_says_the_old_words_again_puts_nobody_back(maple: World) -> None:
    opened_for(child("04"), highest="08", leavers=LEAVE)

    taken_in(an_export([*staff(3), child("04")]))

    assert numbered("N1").grade == "05"


def test_nor_does_one_that_goes_before_the_office(maple: World) -> None:
    RosterSource.of_kind(ONEROSTER_CSV)
    for about in ("grade", "school"):
        precedence.move(about, HAND, up=False)
    opened_for(child("04"), highest="04", leavers=GO_ON)

    taken_in(an_export([*staff(3), child("04")]))

    assert (numbered("N1").grade, school_of("N1")) == ("05", "Beech School")


@pytest.mark.parametrize("key", ["k1", "hs-77"])
def test_a_leaver_whom_the_source_has_at_another_school_is_back(maple: World, key: str) -> None:
    opened_for(child("08"), highest="08", leavers=LEAVE)
    assert not numbered("N1").person.active

    taken_in(an_export([*staff(2), child("09", "s2", key=key)]))

    assert (numbered("N1").grade, school_of("N1"), numbered("N1").person.active) == (
        "09",
        "Beech School",
        True,
    )


def test_a_leaver_of_whom_the_source_has_only_old_words_has_left(maple: World) -> None:
    opened_for(child("08"), highest="08", leavers=LEAVE)

    taken_in(an_export([*staff(3), child("08")]))

    assert not numbered("N1").person.active


def test_once_a_roster_with_students_was_applied_nothing_is_undone(maple: World) -> None:
    year_id = opened_for(child("04"), highest="08", leavers=LEAVE).id

    taken_in(an_export([*staff(2), child("06")]))

    assert refusal(lambda: school_years.undo(the_year(year_id))) == school_years.UNDONE_NO_MORE
    assert numbered("N1").grade == "06"


def test_an_import_of_staff_alone_does_not_end_the_undo(maple: World) -> None:
    children(maple.maple)
    first_year()
    before = stand()
    year_id = opened(maple.maple).id

    taken_in(an_export(staff(3)))
    school_years.undo(the_year(year_id))
    worked(year_id)

    assert stand() == before


def test_no_import_begins_while_students_are_moved_nor_is_one_applied(maple: World) -> None:
    children(maple.maple)
    first_year()
    waiting = looked_at(an_export(staff(3)))
    year = planned(maple.maple)
    school_years.open_year(year)
    db.session.commit()

    assert refusal(lambda: importing.approve(waiting, removals=True)) == school_years.IS_BEING_MOVED
    assert refusal(lambda: looked_at(an_export(staff(4)))) == school_years.IS_BEING_MOVED


def test_no_year_is_opened_while_an_import_is_at_work(maple: World) -> None:
    children(maple.maple)
    first_year()
    year_id = planned(maple.maple).id
    run = looked_at(an_export(staff(3)))
    importing.approve(run, removals=True)
    db.session.commit()

    assert refusal(lambda: school_years.open_year(the_year(year_id))) == school_years.IMPORT_AT_WORK


def test_new_students_of_an_import_that_waits_are_counted(maple: World) -> None:
    assert rising.new_in_waiting_import() is None
    takes_families()

    looked_at(an_export([*staff(2), child("04")]))

    assert rising.new_in_waiting_import() == 1
    assert db.session.scalars(select(RosterImport.state)).all() == ["ready"]


# --- strangers, and what follows -------------------------------------------------------------------------


def test_a_strangers_district_is_untouched(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.birch.id), acting_as(SYSTEM):
        children(world.birch)
        before = stand()
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        children(world.maple)
        first_year()
        year_id = opened(world.maple).id
    with app.app_context(), as_district(world.birch.id), acting_as(SYSTEM):
        assert stand() == before
        assert SchoolYear.find(year_id) is None
        assert SchoolYear.last() is None
        school_years.advance(year_id)
        assert stand() == before


def test_staff_and_guardians_are_not_moved(maple: World) -> None:
    children(maple.maple)
    families.guardian(numbered("Q10"), "Pat", "Quokka")
    db.session.commit()
    first_year()
    others = select(Person.id, Person.school_id, Person.active).where(Person.kind != "student")
    before = set(db.session.execute(others).all())

    opened(maple.maple)

    assert set(db.session.execute(others).all()) == before


def test_open_tickets_of_students_who_move_are_counted_and_stay(maple: World) -> None:
    children(maple.maple)
    first_year()
    north = maple.maple.schools["North"]
    for nth, number in enumerate(("Q4", "Q1")):
        asked = Ticket(
            number=4001 + nth, title="It is stuck", school_id=north, requester_id=numbered(number).id
        )
        db.session.add(asked)
    db.session.commit()
    year = planned(maple.maple)

    told = {one.what: one.count for one in open_tickets(rising.moving(year))}

    assert told == {"Open tickets of students who change school": 1, "Open tickets of students who leave": 0}
    school_years.open_year(year)
    worked(year.id)
    assert set(db.session.scalars(select(Ticket.school_id).where(Ticket.number.in_((4001, 4002))))) == {north}
