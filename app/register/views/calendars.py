"""A school's calendar, as the register has it."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from flask import request
from flask.typing import ResponseReturnValue

from app.core import clock
from app.core.room import Doors
from app.register.models.school_day import SchoolDay
from app.register.models.school_register import SchoolRegister
from app.register.permissions import RULES, May
from app.roster.models.school import School
from app.web.guard import allow
from app.web.page import page

doors = Doors()

#: A page is a month.
MOST_DAYS: Final = 31


@doors.get("/attendance/schools/<uuid:id>/calendar")
@allow(May.SEE_CALENDAR, RULES, of=School)
def show(school: School) -> ResponseReturnValue:
    """One month of it: which days are school days, how long, and by which track."""
    first = _month(request.args.get("month", ""), clock.school_day(school))
    after = (first + timedelta(days=MOST_DAYS)).replace(day=1)
    days = SchoolDay.of_school(school.id, first, after - timedelta(days=1))
    return page(
        "register/calendar.html",
        school=school,
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=after,
        days=_by_day(days),
        register=SchoolRegister.of_school(school.id),
    )


def _by_day(days: Sequence[SchoolDay]) -> list[tuple[date, list[SchoolDay]]]:
    return [(day, list(tracks)) for day, tracks in groupby(days, key=lambda one: one.day)]


def _month(asked: str, today: date) -> date:
    try:
        found = date.fromisoformat(f"{asked}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 1990 <= found.year <= 2100 else today.replace(day=1)
