"""A reason that nobody gives: after the time that the district signed off, its mark counts as unexcused, from a day on.

Time is counted in school days of the student's calendar, after the day of the mark, and after the day on which it came
to say what it says. A day is over once the register is in so far: of what has not come in nobody says that no reason
did. What has lapsed stays so until the mark has another code, whatever is signed off later. Each is written down
(ReasonNotGiven); the law sees it as it sees any change of a mark, and so does whoever waits for a review.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.core import audit, clock
from app.core.db import changed_rows, db
from app.core.directory import district_by_id
from app.core.expiring import today
from app.core.queue import later
from app.core.tenancy import current_district_id
from app.register.actions.applying import alone
from app.register.models.attendance_code import AttendanceCode
from app.register.models.counting import meaning_of
from app.register.models.school_day import NO_TRACK
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear

#: Marks of one transaction.
A_SLICE: Final = 5_000
#: Seconds that one job goes on; then it rings for itself, so that others have their turn.
A_WHILE: Final = 45.0


@dataclass(frozen=True)
class Allowed:
    """So many school days are given for a reason, by what somebody signed off: of marks of a code on these days."""

    code_id: UUID
    code: str
    school_days: int
    first: date
    last: date


def lapse(but: Collection[UUID] = ()) -> None:
    """Look at every school whose codes give a time for a reason. Commits after each slice; again, it finds nothing.

    Of the school year that runs: what an earlier one came to stays as it is. `but`: students of whom somebody sent
    something that may be a reason, which the register cannot know yet.
    """
    until = time.monotonic() + A_WHILE
    year, codes = SchoolYear.current(), AttendanceCode.counting()
    if year is None or not any(one.unexcused_after for one in codes):
        return
    asked = [
        (one.school_id, one.current_to, list(allowed_at(one.school_id, codes, year.first_day)))
        for one in SchoolRegister.by_school()
        if one.current_to is not None
    ]
    for school_id, in_to, allowed in asked:
        more = bool(allowed)
        while more:
            more = _lapse_at(school_id, in_to, allowed, but)
            db.session.commit()
            if more and time.monotonic() > until:
                later("jobs.register.lapse_reasons")
                return


def allowed_at(school_id: UUID, codes: Sequence[AttendanceCode], since: date) -> Iterator[Allowed]:
    """The stretches of days, not before `since`, in which a meaning with a time holds there."""
    for letters in sorted({one.code for one in codes if one.unexcused_after}):
        theirs = [one for one in codes if one.code == letters and one.school_id in (school_id, None)]
        begins = {one.valid_from for one in theirs if one.valid_from}
        begins |= {
            one.valid_to + timedelta(days=1) for one in theirs if one.valid_to and one.valid_to < date.max
        }
        stretches = sorted({since, *(day for day in begins if day > since)})
        for first, following in zip(stretches, [*stretches[1:], None], strict=True):
            meaning = meaning_of(theirs, letters, first, school_id)
            if meaning is not None and meaning.unexcused_after:
                last = following - timedelta(days=1) if following else date.max
                yield Allowed(meaning.id, letters, meaning.unexcused_after, first, last)


def _lapse_at(school_id: UUID, in_to: date, allowed: Sequence[Allowed], but: Collection[UUID]) -> bool:
    """One slice of what is over at a school. True if there was any: there may be more."""
    alone()
    lapsed = 0
    for given in _over(school_id, in_to, allowed):
        given |= {"but": list(but), "slice": A_SLICE - lapsed}
        lapsed += changed_rows(db.session.connection().execute(_LAPSE, given))
        if lapsed == A_SLICE:
            break
    if lapsed:
        audit.noted("counted as unexcused", "attendance_marks", school_id, marks=lapsed, since=str(today()))
        db.session.flush()
    return lapsed > 0


def _over(school_id: UUID, in_to: date, allowed: Sequence[Allowed]) -> Iterator[dict[str, Any]]:
    """Of which marks the time is over, by meaning and track, as the statement asks it."""
    day, card = today(), district_by_id(current_district_id())
    # A day that is not over yet is one on which a reason may still come.
    asked = {"school": school_id, "in_to": min(in_to, day - timedelta(days=1))}
    several = {"many": list({one.school_days for one in allowed})}
    counted = db.session.connection().execute(_LAST_DAYS, {**asked, **several}).all()
    tracks = sorted({track for track, *_ in counted})
    for one, (track, many, first_given) in product(allowed, counted):
        if many == one.school_days:
            following = first_given + timedelta(days=1)
            yield {
                "district": current_district_id(),
                "school": school_id,
                "code": one.code,
                "code_id": one.code_id,
                "first": one.first,
                "last": min(one.last, first_given - timedelta(days=1)),
                "said_before": clock.day_begins(following, card.zone if card else "UTC"),
                "track": track,
                "tracks": tracks,
                "has_tracks": tracks != [NO_TRACK],
                "today": day,
            }


# By track and number, and each track at least once: the first of the last so many school days of which the register is
# in. A mark of a day before it, that said on it at the latest what it says, has had all of them.
_LAST_DAYS: Final = text(
    """
    select track, number, day from (
        select track, day, row_number() over (partition by track order by day desc) as number
        from school_days where school_id = :school and is_school_day and day <= :in_to
    ) as days
    where number = 1 or number = any(cast(:many as bigint[])) order by track, number
    """
)
_LAPSE: Final = text(
    """
    with lapsed as (
        update attendance_marks set unexcused_since = :today where ctid = any(array(
            select mark.ctid from attendance_marks mark
            where mark.school_id = :school and mark.code = :code and mark.unexcused_since is null
                and mark.day between :first and :last and mark.changed_at < :said_before
                and mark.student_id <> all(cast(:but as uuid[]))
                and (not :has_tracks or :track = coalesce((
                    select stay.track from school_enrollments stay
                    where stay.student_id = mark.student_id and stay.school_id = :school
                        and stay.track = any(cast(:tracks as text[]))
                        and mark.day between stay.entry and coalesce(stay.exit, 'infinity')
                    order by stay.entry desc limit 1
                ), ''))
                and exists (
                    select from school_days planned
                    where planned.school_id = :school and planned.track = :track and planned.day = mark.day
                        and planned.is_school_day
                )
            order by mark.day limit :slice for update of mark skip locked
        ))
        returning student_id, day, slot
    )
    insert into reasons_not_given (district_id, student_id, day, slot, since, code_id)
    select :district, student_id, day, slot, :today, :code_id from lapsed
    on conflict (district_id, student_id, day, slot, since) do update set code_id = excluded.code_id
    """
)
