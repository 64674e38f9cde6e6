"""A school year is written down, planned, opened and undone.

Opening and undoing go batch by batch. A batch and how far it came are one transaction with the row of the year held,
so whatever stops it, the next worker goes on from there, and nobody is moved twice.
"""

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import UpdateBase, case, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock
from app.core.db import db, uuid7
from app.core.queue import later
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.actions.refused import Refused
from app.roster.models import rising
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.school import School
from app.roster.models.school_year import APPLYING, CURRENT, PAST, PLANNED, UNDOING, SchoolYear
from app.roster.models.school_year_move import SchoolYearMove
from app.roster.models.school_year_school import GO_ON, LADDER, LEAVE, NOT_SAID, SchoolYearSchool
from app.roster.models.student import Student

BATCH: Final = 1000
#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0
#: The last grade of a school: whoever has been in it leaves, unless an admin says otherwise.
LAST_GRADES: Final = ("12", "13")
LONGEST_YEAR: Final = timedelta(days=400)

OPENED_ALREADY: Final = "This school year is open already. Nobody was moved again."
IS_BEING_MOVED: Final = "A school year is being opened or undone. Wait until that is done."
IMPORT_AT_WORK: Final = "An import is at work. Wait until it is done, or cancel it, and come back."
UNDONE_NO_MORE: Final = (
    "A roster was applied after this year was opened, so it can no longer be undone: what the source says of the new "
    "year would be lost. Correct single students on their pages, or in the source."
)


@dataclass(frozen=True, kw_only=True)
class Days:
    """A year's name and days. `told_since`: whoever came, or was told of, from this day on is in the new grade."""

    name: str
    first_day: date
    last_day: date
    told_since: date | None = None


# --- planning --------------------------------------------------------------------------------------------


def write_down_first(of: Days, *, once: UUID) -> SchoolYear:
    """The year that runs, of a district that has none yet: nobody is moved. Raises Refused."""
    made = SchoolYear.find(once)
    if made is not None:
        return made
    SchoolYear.hold_the_roster()
    if SchoolYear.last() is not None:
        raise Refused("This district has a school year already. Open the next one.")
    year = SchoolYear(id=once, state=CURRENT, told_since=of.first_day)
    _put_days(year, of, None)
    audit.noted("wrote down", "school_years", year.id, name=year.name)
    return year


def plan(of: Days, *, once: UUID) -> SchoolYear:
    """The next year, with what the year before said of each school. Nobody is moved yet. Raises Refused."""
    made = SchoolYear.find(once)
    if made is not None:
        return made
    SchoolYear.hold_the_roster()
    before = SchoolYear.last()
    if before is None:
        raise Refused("Write down the school year that runs first.")
    if before.state != CURRENT:
        raise Refused(f"{before.name} is not open yet. Open it, or give its plan up, before the next one.")
    year = SchoolYear(id=once, state=PLANNED)
    _put_days(year, of, before)
    in_use = rising.schools_in_use()
    year.ladder = rising.ladder(has_transitional=any("TK" in grades for grades in in_use.values()))
    remembered = {one.school_id: one for one in SchoolYearSchool.of_year(before.id)}
    for school_id, grades in in_use.items():
        db.session.add(_rule_of(year, school_id, grades, remembered.get(school_id)))
    db.session.flush()
    audit.noted("planned", "school_years", year.id, name=year.name)
    return year


def change_days(year: SchoolYear, of: Days) -> None:
    """Another name or other days, while it is only planned. Raises Refused."""
    held = _planned(year.id)
    _put_days(held, of, held.before)
    audit.noted("changed", "school_years", held.id, name=held.name)


def say_of_school(rule: SchoolYearSchool, *, highest: str, leavers: str, goes_to_id: UUID | None) -> None:
    """A school's highest grade, and where those go who have been in it. Raises Refused."""
    _planned(rule.year_id)
    if leavers == GO_ON:
        school = School.find(goes_to_id) if goes_to_id is not None else None
        if school is None or not school.active or school.id == rule.school_id:
            raise Refused("Choose another school that is in use.")
    rule.highest, rule.leavers = highest, leavers
    rule.goes_to_id = goes_to_id if leavers == GO_ON else None
    db.session.flush()


def give_up(year: SchoolYear) -> None:
    """Forget a plan, or the first year while none follows it. Raises Refused."""
    SchoolYear.hold_the_roster()
    held = SchoolYear.locked(year.id)
    last = SchoolYear.last()
    is_only_one = held is not None and held.state == CURRENT and held.follows_day is None and last is held
    if held is None or not (held.state == PLANNED or is_only_one):
        raise Refused("Only the plan of a year can be given up. This one is open.")
    for model in (SchoolYearMove, SchoolYearSchool):
        _without_sync(delete(model).where(model.year_id == held.id))
    audit.noted("gave up", "school_years", held.id, name=held.name)
    db.session.delete(held)
    db.session.flush()


def default_days(before: SchoolYear) -> Days:
    """What is offered for the next year: the same days, a year later."""
    begins, ends = _a_year_after(before.first_day), _a_year_after(before.last_day)
    return Days(
        name=name_of(begins, ends),
        first_day=begins,
        last_day=ends,
        told_since=before.last_day + timedelta(days=1),
    )


def name_of(begins: date, ends: date) -> str:
    """2026–27, as schools write it."""
    return f"{begins.year}–{ends.year % 100:02}" if ends.year != begins.year else str(begins.year)


# --- opening and undoing ---------------------------------------------------------------------------------


def open_year(year: SchoolYear) -> None:
    """Have every active student moved. Raises Refused: for what is open already, too."""
    SchoolYear.hold_the_roster()
    held = SchoolYear.locked(year.id)
    if held is None or held.state in (CURRENT, PAST):
        raise Refused(OPENED_ALREADY)
    if held.state != PLANNED:
        raise Refused(IS_BEING_MOVED)
    _refuse_beside_an_import()
    silent = [one.school.name for one in SchoolYearSchool.of_year(held.id) if one.leavers == NOT_SAID]
    if silent:
        raise Refused(f"Say first where the leavers of {_listed(silent)} go.")
    held.state, held.began_at = APPLYING, clock.now()
    held.place, held.students_done, held.students = None, 0, rising.count_active()
    held.put_back = held.left_alone = 0
    audit.noted("began to open", "school_years", held.id, name=held.name, students=held.students)
    later("jobs.roster.move_school_year", held.id)


def undo(year: SchoolYear) -> None:
    """Have everybody put back who still has what the opening gave them. Raises Refused."""
    SchoolYear.hold_the_roster()
    held = SchoolYear.locked(year.id)
    if held is None or held.state != CURRENT or held.follows_day is None:
        raise Refused("Only the year that was opened last can be undone.")
    last = SchoolYear.last()
    if last is not None and last.id != held.id:
        raise Refused(f"{last.name} is planned already. Give its plan up first.")
    if held.synced_at is not None:
        raise Refused(UNDONE_NO_MORE)
    _refuse_beside_an_import()
    held.state, held.put_back, held.left_alone = UNDOING, 0, 0
    audit.noted("began to undo", "school_years", held.id, name=held.name)
    later("jobs.roster.move_school_year", held.id)


def resume(year: SchoolYear) -> None:
    """Go on where it stopped: for when no worker is at it any more. Raises Refused."""
    if not year.is_working:
        raise Refused("There is nothing to go on with.")
    later("jobs.roster.move_school_year", year.id)


def advance(year_id: UUID) -> None:
    """Go on for a while, from wherever it is. Commits after each batch."""
    until = time.monotonic() + A_WHILE
    while (year := SchoolYear.locked(year_id)) is not None and year.is_working:
        if year.state == APPLYING:
            _move_a_batch(year)
        else:
            _put_back_a_batch(year)
        db.session.commit()
        db.session.expunge_all()
        if time.monotonic() > until:
            later("jobs.roster.move_school_year", year_id)
            return


def refuse_import_beside() -> None:
    """No import begins or is applied while a year moves students, nor a year beside it. Raises Refused."""
    SchoolYear.hold_the_roster()
    if SchoolYear.is_moving_students():
        raise Refused(IS_BEING_MOVED)


def _move_a_batch(year: SchoolYear) -> None:
    ids = _next_students(year.place)
    if not ids:
        _opened(year)
        return
    each = rising.decided(year).c
    before = year.before
    assert before is not None
    moved = select(
        func.gen_random_uuid(),
        literal(year.district_id),
        literal(year.id),
        each.id,
        each.grade,
        each.to_grade,
        each.school_id,
        each.to_school_id,
        case((each.outcome == rising.LEAVES, before.last_day)),
        literal(clock.now()),
    ).where(each.id.in_(ids), each.outcome.in_(rising.MOVED))
    columns = [
        *("id", "district_id", "year_id", "student_id", "from_grade", "to_grade"),
        *("from_school_id", "to_school_id", "left_on", "made_at"),
    ]
    _without_sync(insert(SchoolYearMove).from_select(columns, moved, include_defaults=False))
    mine = (SchoolYearMove.year_id == year.id, SchoolYearMove.student_id.in_(ids))
    with planned_as_they_are():
        count = db.session.scalar(select(func.count(SchoolYearMove.id)).where(*mine)) or 0
        _without_sync(
            update(Student)
            .where(Student.id == SchoolYearMove.student_id, *mine)
            .values(grade=SchoolYearMove.to_grade)
        )
        _without_sync(
            update(Person)
            .where(Person.id == SchoolYearMove.student_id, *mine)
            .values(school_id=SchoolYearMove.to_school_id, active=SchoolYearMove.left_on.is_(None))
        )
    year.place, year.students_done = ids[-1], year.students_done + len(ids)
    audit.noted("moved up", "school_years", year.id, students=count)


def _next_students(after: UUID | None) -> list[UUID]:
    """The next active students, held: whatever somebody writes about them waits, or came before."""
    asked = select(Student.id).join(Person, Person.id == Student.id).where(Person.active)
    if after is not None:
        asked = asked.where(Student.id > after)
    held = asked.order_by(Student.id).limit(BATCH).with_for_update(of=(Student, Person))
    return list(db.session.scalars(held))


def _opened(year: SchoolYear) -> None:
    before = year.before
    assert before is not None
    before.state = PAST
    db.session.flush()
    year.state, year.opened_at, year.synced_at = CURRENT, clock.now(), None
    # The moves of earlier years have had their time; of those who left they say when.
    _without_sync(
        delete(SchoolYearMove).where(SchoolYearMove.year_id != year.id, SchoolYearMove.left_on.is_(None))
    )
    audit.noted("opened", "school_years", year.id, name=year.name)


def _put_back_a_batch(year: SchoolYear) -> None:
    asked = select(SchoolYearMove).where(SchoolYearMove.year_id == year.id)
    moves = list(db.session.scalars(asked.order_by(SchoolYearMove.student_id).limit(BATCH)))
    if not moves:
        _undone(year)
        return
    ids = [move.student_id for move in moves]
    held = (
        select(Student.id, Student.grade, Person.school_id, Person.active)
        .join(Person, Person.id == Student.id)
        .where(Student.id.in_(ids))
        .order_by(Student.id)
        .with_for_update(of=(Student, Person))
    )
    stand = {id: (grade, school_id, active) for id, grade, school_id, active in db.session.execute(held)}
    back = [one.student_id for one in moves if stand[one.student_id] == _given(one)]
    mine = (SchoolYearMove.year_id == year.id, SchoolYearMove.student_id.in_(ids))
    theirs = (SchoolYearMove.year_id == year.id, SchoolYearMove.student_id.in_(back))
    with planned_as_they_are():
        _without_sync(
            update(Student)
            .where(Student.id == SchoolYearMove.student_id, *theirs)
            .values(grade=SchoolYearMove.from_grade)
        )
        _without_sync(
            update(Person)
            .where(Person.id == SchoolYearMove.student_id, *theirs)
            .values(school_id=SchoolYearMove.from_school_id, active=True)
        )
    _without_sync(delete(SchoolYearMove).where(*mine))
    year.put_back, year.left_alone = year.put_back + len(back), year.left_alone + len(ids) - len(back)
    audit.noted("put back", "school_years", year.id, students=len(back), left_alone=len(ids) - len(back))


def _given(move: SchoolYearMove) -> tuple[str, UUID, bool]:
    return move.to_grade, move.to_school_id, move.left_on is None


def _undone(year: SchoolYear) -> None:
    before = year.before
    assert before is not None
    year.state, year.opened_at, year.began_at, year.place = PLANNED, None, None, None
    db.session.flush()
    before.state = CURRENT
    audit.noted("undid", "school_years", year.id, name=year.name)


# --- what several of them do -----------------------------------------------------------------------------


def _planned(year_id: UUID) -> SchoolYear:
    SchoolYear.hold_the_roster()
    held = SchoolYear.locked(year_id)
    if held is None or held.state != PLANNED:
        raise Refused("This school year is open already, so its plan stands.")
    return held


def _put_days(year: SchoolYear, of: Days, before: SchoolYear | None) -> None:
    if of.last_day <= of.first_day:
        raise Refused("The last day must come after the first.")
    if of.last_day - of.first_day > LONGEST_YEAR:
        raise Refused("A school year has at most 400 days. Look at its days again.")
    if before is not None and of.first_day <= before.last_day:
        raise Refused(
            f"{before.name} ends on {before.last_day:%d %B %Y}: the next year begins after that day."
        )
    year.name, year.first_day, year.last_day = of.name.strip(), of.first_day, of.last_day
    if before is not None:
        year.follows_day = before.last_day
        year.told_since = of.told_since or before.last_day + timedelta(days=1)
    db.session.add(year)
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        raise Refused(
            f"Another school year is called {of.name.strip()}. Write another name for it."
        ) from error


def _rule_of(
    year: SchoolYear, school_id: UUID, grades: set[str], remembered: SchoolYearSchool | None
) -> SchoolYearSchool:
    rule = SchoolYearSchool(id=uuid7(), year_id=year.id, school_id=school_id)
    goes_to = School.find(remembered.goes_to_id) if remembered and remembered.goes_to_id else None
    if remembered is not None and (remembered.leavers != GO_ON or (goes_to is not None and goes_to.active)):
        rule.highest, rule.leavers = remembered.highest, remembered.leavers
        rule.goes_to_id = remembered.goes_to_id
        return rule
    rule.highest = remembered.highest if remembered else max(grades, key=LADDER.index)
    rule.leavers = LEAVE if rule.highest in LAST_GRADES else NOT_SAID
    return rule


def _refuse_beside_an_import() -> None:
    if RosterImport.at_work() is not None:
        raise Refused(IMPORT_AT_WORK)


def _a_year_after(day: date) -> date:
    return day.replace(year=day.year + 1) if (day.month, day.day) != (2, 29) else date(day.year + 1, 2, 28)


def _listed(names: list[str]) -> str:
    shown = names[:3]
    more = [f"{len(names) - 3} more schools"] if len(names) > 3 else []
    *most, last = [*shown, *more]
    return f"{', '.join(most)} and {last}" if most else last


def _without_sync(statement: UpdateBase) -> None:
    """For thousands of rows at once, which no session needs to hear of."""
    db.session.execute(statement.execution_options(synchronize_session=False))
