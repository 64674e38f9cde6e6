"""Dates, numbers and sizes as people read them, in the zone of their school."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from app.core import clock
from app.web import district

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        moment=moment,
        moment_in_full=moment_in_full,
        ago=ago,
        day=day,
        month=month,
        number=number,
        counted=counted,
        file_size=file_size,
        dialled=dialled,
    )


def moment(at: datetime | None, zone: str | None = None) -> str:
    """Today, 3:04 pm · Yesterday, 3:04 pm · Nov 22, 3:04 pm · Nov 22, 2025, 3:04 pm."""
    if at is None:
        return ""
    there = _there(at, zone)
    return _moment(there, clock.now().astimezone(there.tzinfo).date(), _in_britain())


def time(at: datetime | None, zone: str | None = None) -> Markup:
    """A moment as the school's clock shows it; the whole date, time and zone on hovering."""
    if at is None:
        return Markup("")
    zone = zone or _zone_here()
    return _time(at, zone, clock.local(clock.now(), zone).date(), _in_britain())


@lru_cache(4096)
def _time(at: datetime, zone: str, today: date, british: bool) -> Markup:
    """Kept, since a queue shows the same moments to everybody. By zone too: equal moments differ in their words."""
    there = clock.local(at, zone)
    written = (
        f'<time datetime="{at.isoformat()}" title="{_in_full(there, british)}">'
        f"{_moment(there, today, british)}</time>"
    )
    return Markup(written)  # noqa: S704 - digits, and the names of months and zones


def _moment(there: datetime, today: date, british: bool) -> str:
    if there.date() == today:
        when = "Today"
    elif there.date() == today - timedelta(days=1):
        when = "Yesterday"
    else:
        when = _date(there.date(), british, with_year=there.year != today.year)
    return f"{when}, {_hour(there, british)}"


def moment_in_full(at: datetime, zone: str | None = None) -> str:
    """Sunday, Nov 22, 2026, 3:04 pm CST."""
    return _in_full(_there(at, zone), _in_britain())


def _in_full(there: datetime, british: bool) -> str:
    day_of_week = DAYS[there.weekday()]
    return f"{day_of_week}, {_date(there.date(), british)}, {_hour(there, british)} {there.tzname()}"


def ago(at: datetime | None) -> str:
    """How long since, in the largest unit that says it: 5 min, 3 h, 2 days."""
    if at is None:
        return ""
    minutes = int((clock.now() - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 60 * 24:
        return f"{minutes // 60} h"
    return counted(minutes // (60 * 24), "day")


def day(on: date | None) -> str:
    """A date without a time: Nov 22, 2026."""
    return _date(on, _in_britain()) if on else ""


def month(of: date) -> str:
    """Nov 2026"""
    return f"{MONTHS[of.month - 1]} {of.year}"


def number(value: int) -> str:
    """1,042"""
    return f"{value:,}"


def counted(value: int, one: str, several: str | None = None) -> str:
    """1 ticket, 12 tickets."""
    return f"{value:,} {one if value == 1 else several or one + 's'}"


def file_size(size: int) -> str:
    """340 bytes, 12 KB, 1.5 MB."""
    if size < 1024:
        return counted(size, "byte")
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0") + " MB"


def dialled(number: str) -> str:
    """A phone number as a link dials it, of "(555) 010-0100 ext. 7" the part that can be dialled at once."""
    plain = re.sub(r"(?i)\s*(ext|x|#).*$", "", number)
    return re.sub(r"[^+0-9]", "", plain)


def _there(at: datetime, zone: str | None) -> datetime:
    return clock.local(at, zone or _zone_here())


def _zone_here() -> str:
    card = district.here()
    return card.zone if card else "UTC"


def _in_britain() -> bool:
    card = district.here()
    return card is not None and card.region == "uk"


def _date(on: date, british: bool, *, with_year: bool = True) -> str:
    month = MONTHS[on.month - 1]
    if british:
        return f"{on.day} {month}" + (f" {on.year}" if with_year else "")
    return f"{month} {on.day}" + (f", {on.year}" if with_year else "")


def _hour(at: datetime, british: bool) -> str:
    if british:
        return f"{at:%H:%M}"
    return f"{at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'}"
