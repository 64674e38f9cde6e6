"""The rules in use are put to students, what follows is written down, and cases follow.

1. Whoever's register changed waits (StudentToReview). Where rules, codes or school years are others than at the last
   review, everybody does.
2. A review divides those who wait into ranges of ids, a piece of work each, which workers share.
3. A worker takes the students of its range some thousands at a time: strikes them off, gathers what the law sees of
   them, puts the rules to them, writes what is new or different. One transaction each: killed at any line it leaves
   them waiting, and begun twice it writes nothing twice.
4. Then the cases of those for whom anything was written follow it (following.py), and notices that rest on what stands
   no more are stopped: nobody waits for the moment at which they would leave.

No clock decides: the same register gives the same firings, in whatever order its rows lie.
"""

import gc
import hashlib
import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.expiring import today
from app.core.queue import later, later_each
from app.notices.actions import withdrawing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.truancy.actions import following, holding_back
from app.truancy.actions.gathering import Register, as_array
from app.truancy.actions.recording import Recording
from app.truancy.law.bar import Bar
from app.truancy.law.changes import Outcome
from app.truancy.law.engine import Rulebook
from app.truancy.law.rule import Rule, Span
from app.truancy.law.schedule import Calendar
from app.truancy.models.review import ASKED, CHANGED, RULES, Review
from app.truancy.models.review_range import DONE, FOLLOWING, LOOKING, ReviewRange
from app.truancy.models.rule_activation import active_rules
from app.truancy.models.student_to_review import StudentToReview

#: Students of one range at most, and of one transaction. Who has no range left waits for whoever is at the last one.
A_RANGE: Final = 12_500
A_BATCH: Final = 2_000
A_FOLLOWING: Final = 1_000
#: A night with few students falls into so many ranges all the same, if each has so many, so that workers share them.
SHARED: Final = 4
WORTH_SHARING: Final = 1_000
#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0
#: A share that begins to say something on its 31st day may do so some days later for one who was let off a few.
LET_OFF: Final = 10
#: Before and at the last id that there can be.
FIRST_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=(1 << 128) - 1)
#: The condition that nothing but a day fulfils.
A_DATE: Final = "conference_date_passed"


def review_what_waits() -> Review | None:
    """Begin a review if anybody waits and none is at work; None if there is nothing to do."""
    if Review.at_work() is not None:
        return None
    rules, last = active_rules(today()), Review.last_done()
    terms = terms_sha256(rules)
    if last is None or last.terms_sha256 != terms:
        if last is None and not rules:
            return None
        return _begin(RULES, terms)
    _let_wait_whom_time_changes(rules, last)
    return _begin(CHANGED, terms) if StudentToReview.any() else None


def review_everybody(*, by: Actor) -> Review | None:
    """Put the rules to all students; None while a review is at work already."""
    if Review.at_work() is not None:
        return None
    return _begin(ASKED, terms_sha256(active_rules(today())), by=by)


def advance(range_id: UUID) -> None:
    """Go on with a range for a while, from wherever it is. Commits after each batch."""
    until = time.monotonic() + A_WHILE
    reviewer: Reviewer | None = None
    while (held := ReviewRange.locked(range_id)) is not None and not held.is_done:
        review = db.session.get_one(Review, held.review_id)
        if held.state == LOOKING:
            reviewer = reviewer or Reviewer(active_rules(review.seen_on), review.seen_on)
            _look(held, reviewer, of_everybody=review.is_of_everybody)
        else:
            _follow(held)
        if held.state == DONE:
            _end_if_done(held.review_id)
            return
        goes_on = held.state
        db.session.commit()
        if time.monotonic() > until or (goes_on == FOLLOWING and reviewer is not None):
            later("jobs.truancy.advance", range_id)
            return


def _look(held: ReviewRange, reviewer: "Reviewer", *, of_everybody: bool) -> None:
    students = _take(held, of_everybody=of_everybody)
    if not students:
        held.state = FOLLOWING
        return
    # What is read of a batch makes no cycles; looking for some among it would cost a tenth of the time.
    gc.disable()
    try:
        outcomes, touched = reviewer.look_at(students)
    finally:
        gc.enable()
    held.follow_later(sorted(touched))
    held.students += len(students)
    held.found += outcomes[Outcome.NEW]
    held.retracted += outcomes[Outcome.RETRACTED]
    held.reinstated += outcomes[Outcome.REINSTATED]
    held.rest_elsewhere += outcomes[Outcome.UPHELD_NEW_EVIDENCE]


def _follow(held: ReviewRange) -> None:
    """Cases follow what was written of the next students."""
    students = held.next_to_follow(A_FOLLOWING)
    if students:
        following.follow_firings(students)
        holding_back.draw(students)
        withdrawing.look_again_of(students)
    else:
        held.state = DONE


class Reviewer:
    """The rules, and what holds for all students: read once, and put to batch after batch."""

    def __init__(self, rules: Iterable[Rule], seen_on: date) -> None:
        self._book = Rulebook(rules)
        self._seen_on = seen_on
        self._register = Register()

    def look_at(self, students: Sequence[str]) -> tuple[Counter[Outcome], set[str]]:
        """Put the rules to these students and write down what follows.

        How many firings became what, and the students for whom anything was written.
        """
        recording = Recording(students)
        for student in self._register.of(students):
            recording.take(student, self._book.firings(student.facts, self._seen_on))
        return recording.write(), recording.touched


def look_at(students: Collection[UUID]) -> Counter[Outcome]:
    """The same at once, within this transaction: for the few whose register somebody is looking at."""
    ids = [str(id) for id in students]
    db.session.flush()
    db.session.connection().execute(_STRIKE_OFF, {"students": ids})
    outcomes, _ = Reviewer(active_rules(today()), today()).look_at(ids)
    following.follow_firings(students)
    holding_back.draw(students)
    return outcomes


def terms_sha256(rules: Iterable[Rule]) -> str:
    """Of all that is not about one school or student: rules and their days, what codes mean, school years."""
    told: list[Any] = [sorted((one.id, one.sha256, str(one.effective), str(one.until)) for one in rules)]
    told.append(
        sorted(
            [one.code, str(one.school_id), one.words, str(one.valid_from), str(one.valid_to)]
            for one in AttendanceCode.counting()
        )
    )
    told.append([[one.name, str(one.first_day), str(one.last_day)] for one in SchoolYear.newest()])
    return hashlib.sha256(json.dumps(told).encode("utf-8")).hexdigest()


def _begin(why: str, terms: str, *, by: Actor | None = None) -> Review:
    review = Review(
        why=why,
        seen_on=today(),
        terms_sha256=terms,
        current_to=_current_to(),
        asked_by_id=by.id if by else None,
    )
    db.session.add(review)
    db.session.flush()
    ends = [*_ends(of_everybody=review.is_of_everybody), None]
    ranges = [
        ReviewRange(review_id=review.id, number=number, after=after, up_to=up_to)
        for number, (after, up_to) in enumerate(zip([None, *ends], ends, strict=False), start=1)
    ]
    db.session.add_all(ranges)
    db.session.flush()
    later_each("jobs.truancy.advance", [one.id for one in ranges])
    return review


def _ends(*, of_everybody: bool) -> Sequence[UUID]:
    """The last student of each range but the last one."""
    count, ends = (_ALL, _ENDS_OF_ALL) if of_everybody else (_WAITING, _ENDS)
    connection = db.session.connection()
    a_share = -(-connection.execute(count).scalar_one() // SHARED)
    many = min(A_RANGE, max(WORTH_SHARING, a_share))
    return connection.execute(ends, {"many": many}).scalars().all()


def _take(held: ReviewRange, *, of_everybody: bool) -> list[str]:
    """Strike the next students of the range off; whom an import holds at the moment waits on for the next review."""
    connection = db.session.connection()
    asked = {"after": held.after or FIRST_ID, "up_to": held.up_to or LAST_ID, "many": A_BATCH}
    if of_everybody:
        taken = list(connection.execute(_NEXT, asked).scalars())
        connection.execute(_STRIKE_OFF_WHO_IS_FREE, {"students": as_array(taken)})
    else:
        taken = sorted(connection.execute(_TAKE, asked).scalars())
    if taken:
        # Whoever comes back to the range looks behind them: rows that are struck off are slow to pass over.
        held.after = UUID(taken[-1])
    return taken


def _end_if_done(review_id: UUID) -> None:
    """The last range ends the review: whoever holds its row sees all others that have ended."""
    review = db.session.scalar(select(Review).where(Review.id == review_id).with_for_update())
    db.session.flush()
    left = select(func.count()).where(ReviewRange.review_id == review_id, ReviewRange.state != DONE)
    if review is not None and review.state != DONE and not db.session.scalar(left):
        review.state, review.ended_at = DONE, clock.now()
        db.session.flush()


def _let_wait_whom_time_changes(rules: Sequence[Rule], last: Review) -> None:
    """Shares that begin to say something on a day nothing was marked, and conditions that a day fulfils."""
    if last.seen_on < today() and any(one.name == A_DATE for rule in rules for one in rule.when):
        db.session.connection().execute(_BLOCKED_BY_A_DATE)
    moved = {school for school, day in _current_to().items() if last.current_to.get(school) != day}
    waiting = [(one, bar) for one in rules if (bar := Bar(one)).waits]
    if not moved or not waiting:
        return
    register = Register()
    asked = [
        (school, *came)
        for school in moved
        for calendar in register.calendars_of(school)
        for rule, bar in waiting
        if (
            came := _came_between(
                rule, bar, calendar, last.current_to.get(school), register.current_to[school]
            )
        )
    ]
    if asked:
        schools, first, until = zip(*asked, strict=True)
        found = {"schools": list(schools), "first": list(first), "until": list(until)}
        db.session.connection().execute(_BEGIN_TO_SPEAK, found)


def _came_between(
    rule: Rule, bar: Bar, calendar: Calendar, before: str | None, now: date
) -> tuple[date, date] | None:
    """When those came whose share began to say something since the register was in to `before`.

    Everybody, where that cannot be told from the day on which they came.
    """
    year = calendar.year_of(now)
    if year is None or rule.window.span not in (Span.SCHOOL_YEAR, Span.SINCE_ENROLLMENT):
        return date.min, date.max
    opens = calendar.number(year.begins)
    were_in = calendar.number(date.fromisoformat(before) + timedelta(days=1)) if before else 0
    are_in = calendar.number(now + timedelta(days=1))
    # Whoever came on school day n of the calendar has had `are_in - n` days.
    first, last = max(were_in, opens) - bar.least_days - LET_OFF + 1, are_in - bar.least_days
    if last < opens:
        return None
    if first > opens:
        return calendar.days[first], calendar.days[last]
    # The year began so many days ago: then whoever came from another school of the district, too.
    return date.min, date.max if rule.window.span is Span.SCHOOL_YEAR else calendar.days[last]


def _current_to() -> dict[str, str]:
    return {str(one.school_id): str(one.current_to) for one in SchoolRegister.by_school() if one.current_to}


_WAITING: Final = text("select count(*) from students_to_review")
_ALL: Final = text("select count(*) from students")
_ENDS: Final = text(
    """
    select student_id from (
        select student_id, row_number() over (order by student_id) as number from students_to_review
    ) as those where number % :many = 0 order by student_id
    """
)
_ENDS_OF_ALL: Final = text(
    """
    select id from (
        select id, row_number() over (order by id) as number from students
    ) as those where number % :many = 0 order by id
    """
)
# By where the rows lie, since they are held: to look them up once more takes three times as long.
_TAKE: Final = text(
    """
    delete from students_to_review where ctid = any(array(
        select ctid from students_to_review
        where student_id > cast(:after as uuid) and student_id <= cast(:up_to as uuid)
        order by student_id limit :many for update skip locked
    ))
    returning student_id::text
    """
)
_NEXT: Final = text(
    """
    select id::text from students where id > cast(:after as uuid) and id <= cast(:up_to as uuid)
    order by id limit :many
    """
)
_STRIKE_OFF_WHO_IS_FREE: Final = text(
    """
    delete from students_to_review where ctid = any(array(
        select ctid from students_to_review where student_id = any(cast(:students as uuid[]))
        order by student_id for update skip locked
    ))
    """
)
_STRIKE_OFF: Final = text("delete from students_to_review where student_id = any(cast(:students as uuid[]))")
_BLOCKED_BY_A_DATE: Final = text(
    """
    insert into students_to_review (district_id, student_id)
    select distinct district_id, student_id from firings
    where state = 'standing' and blocked @> '[["conference_date_not_passed"]]'
    order by 1, 2
    on conflict do nothing
    """
)
_BEGIN_TO_SPEAK: Final = text(
    """
    insert into students_to_review (district_id, student_id)
    select distinct stay.district_id, stay.student_id
    from school_enrollments stay
    join unnest(cast(:schools as uuid[]), cast(:first as date[]), cast(:until as date[]))
        as asked (school_id, first, until)
        on asked.school_id = stay.school_id and stay.entry between asked.first and asked.until
    order by 1, 2
    on conflict do nothing
    """
)
