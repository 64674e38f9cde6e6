"""Counting what followed on notices: the share of days missed in the four weeks before and after.

Where a notice is held back from some by lot, both sides are looked at from the day on which the rule fired, as it was
drawn, whoever was written to in the end. Elsewhere each student is looked at from the day the first notice left.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    Date,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    true,
)

from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.notices.models.notice import Notice, NoticeRecipient
from app.register.models.school_day import SchoolDay
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import SchoolYear
from app.truancy.actions.figuring import days_of, stretches_of
from app.truancy.law.overlay import NOTICE
from app.truancy.models.case_duty import NOT_DRAWN, CaseDuty
from app.truancy.models.firing import STANDING, Firing
from app.truancy.models.notice_trail import DUTY
from app.truancy.models.outcome_figure import DAYS, LEAST_EXPECTED, OutcomeFigure


def count_outcomes() -> int:
    """Count the current school year again, and keep what was counted; how many rows that is."""
    year = SchoolYear.current()
    if year is None:
        return 0
    found = db.session.execute(_figures(year)).all()
    db.session.execute(delete(OutcomeFigure).where(OutcomeFigure.year == year.first_day))
    db.session.add_all(_figure(row, year) for row in found)
    db.session.flush()
    return len(found)


def _figure(row: Row[Any], year: SchoolYear) -> OutcomeFigure:
    return OutcomeFigure(year=year.first_day, **row._mapping)


def _figures(year: SchoolYear) -> Select[Any]:
    """School, rule, lot and language, and the sums."""
    weighed = _weighed(year)
    before = cast(weighed.c.missed_before, Float) / weighed.c.expected_before
    after = cast(weighed.c.missed_after, Float) / weighed.c.expected_after
    sums = {"before": before, "after": after, "change": after - before}
    groups = (weighed.c.school_id, weighed.c.rule_id, weighed.c.drawn, weighed.c.language)
    return (
        select(
            *groups,
            func.count().label("students"),
            *(func.sum(value).label(name) for name, value in sums.items()),
            *(func.sum(value * value).label(f"{name}_squares") for name, value in sums.items()),
        )
        .where(weighed.c.expected_before >= LEAST_EXPECTED, weighed.c.expected_after >= LEAST_EXPECTED)
        .group_by(*groups)
    )


def _weighed(year: SchoolYear) -> CTE:
    """Of each student and rule the days expected and missed, before and after."""
    events = _events(year)
    all_of_them = stretches_of(year)
    theirs = (
        select(all_of_them)
        .where(all_of_them.c.student_id.in_(select(events.c.student_id)))
        .cte("their_stretches")
    )
    at = (
        select(events, theirs.c.school_id)
        .join(theirs, and_(theirs.c.student_id == events.c.student_id, _holds(theirs, events.c.day)))
        .join(SchoolRegister, SchoolRegister.school_id == theirs.c.school_id)
        # Before all of the four weeks are in, nobody knows what followed.
        .where(SchoolRegister.current_to >= events.c.day + DAYS)
        .cte("at_school")
    )
    days = days_of(theirs)
    is_before = SchoolDay.day <= at.c.day
    planned = (
        select(
            at.c.student_id,
            at.c.rule_id,
            func.count().filter(is_before).label("before"),
            func.count().filter(~is_before).label("after"),
        )
        .join(theirs, theirs.c.student_id == at.c.student_id)
        .join(
            SchoolDay,
            and_(
                SchoolDay.school_id == theirs.c.school_id,
                SchoolDay.track == theirs.c.track,
                SchoolDay.is_school_day,
                SchoolDay.day.between(theirs.c.first, theirs.c.last),
                _near(SchoolDay.day, at.c.day),
            ),
        )
        .group_by(at.c.student_id, at.c.rule_id)
        .cte("planned")
    )
    is_away = and_(days.c.missed >= 0.5, ~days.c.is_off)
    came_before = days.c.day <= at.c.day
    marked = (
        select(
            at.c.student_id,
            at.c.rule_id,
            func.count().filter(and_(is_away, came_before)).label("missed_before"),
            func.count().filter(and_(is_away, ~came_before)).label("missed_after"),
            func.count().filter(and_(days.c.is_off, came_before)).label("off_before"),
            func.count().filter(and_(days.c.is_off, ~came_before)).label("off_after"),
        )
        .join(days, and_(days.c.student_id == at.c.student_id, _near(days.c.day, at.c.day)))
        .group_by(at.c.student_id, at.c.rule_id)
        .cte("marked")
    )

    def counted(name: str) -> Any:
        return func.coalesce(marked.c[name], 0)

    def same(of: CTE) -> Any:
        return and_(of.c.student_id == at.c.student_id, of.c.rule_id == at.c.rule_id)

    return (
        select(
            at.c.school_id,
            at.c.rule_id,
            at.c.drawn,
            at.c.language,
            (planned.c.before - counted("off_before")).label("expected_before"),
            (planned.c.after - counted("off_after")).label("expected_after"),
            counted("missed_before").label("missed_before"),
            counted("missed_after").label("missed_after"),
        )
        .join(planned, same(planned))
        .outerjoin(marked, same(marked))
        .cte("weighed")
    )


def _events(year: SchoolYear) -> CTE:
    """Of each student and rule the first day that counts: of the lot, or of the first notice that left."""
    card = district_by_id(current_district_id())
    assert card is not None
    left = (
        select(cast(func.timezone(card.zone, Notice.left_at), Date).label("day"), Notice.language)
        .join(NoticeRecipient, NoticeRecipient.notice_id == Notice.id)
        .where(
            # Also what a notice of another rule told along.
            NoticeRecipient.grounds_kind == DUTY,
            NoticeRecipient.grounds_id == CaseDuty.id,
            NoticeRecipient.ended_at.is_(None),
            Notice.left_at.is_not(None),
            ~Notice.practice,
        )
        .order_by(Notice.left_at, Notice.id)
        .limit(1)
        .lateral("left_first")
    )
    is_drawn = CaseDuty.drawn != NOT_DRAWN
    day = case((is_drawn, CaseDuty.trigger), else_=left.c.day)
    nth = func.row_number().over(
        partition_by=(CaseDuty.student_id, CaseDuty.rule_id), order_by=(day, CaseDuty.id)
    )
    every = (
        select(
            CaseDuty.student_id,
            CaseDuty.rule_id,
            CaseDuty.drawn,
            day.label("day"),
            case((is_drawn, literal("")), else_=left.c.language).label("language"),
            nth.label("nth"),
        )
        .join(
            Firing,
            and_(
                Firing.student_id == CaseDuty.student_id,
                Firing.rule_id == CaseDuty.rule_id,
                Firing.window_name == CaseDuty.window,
                Firing.ordinal == CaseDuty.ordinal,
                Firing.state == STANDING,
            ),
        )
        .outerjoin(left, true())
        .where(
            CaseDuty.do == NOTICE,
            or_(is_drawn, left.c.day.is_not(None)),
            day.between(year.first_day, year.last_day),
        )
        .cte("every_notice")
    )
    return select(every).where(every.c.nth == 1).cte("events")


def _holds(stretches: CTE, day: Any) -> Any:
    return day.between(stretches.c.first, stretches.c.last)


def _near(day: Any, event: Any) -> Any:
    return day.between(event - (DAYS - 1), event + DAYS)
