"""School years for tests: children of two schools, a first year, and the next one planned and opened."""

import random
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import db, uuid7
from app.roster.actions import importing, school_years
from app.roster.actions.refused import Refused
from app.roster.actions.school_years import Days
from app.roster.models import rising
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_school import GO_ON, LEAVE, SchoolYearSchool
from app.roster.models.student import Student
from tests.roster import families
from tests.roster.exports import Member, an_export, staff
from tests.roster.test_imports import taken_in
from tests.world import Place

#: Long before the summer: whoever is made now has the grade of the old year.
OLD = Days(name="2029–30", first_day=date(2029, 8, 20), last_day=date(2030, 6, 14))

NEW = Days(name="2030–31", first_day=date(2030, 8, 19), last_day=date(2031, 6, 13))

Stand = dict[str, tuple[str, UUID | None, bool]]


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
