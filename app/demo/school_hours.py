"""When people at a school write, and when somebody has time for it."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(7, 20), time(16, 30)
TEN_WEEKS: Final = timedelta(weeks=10)

#: Minutes after opening when most requests come: before school, between lessons, after lunch.
_RUSH: Final = ((0, 45, 30), (45, 240, 38), (240, 420, 26), (420, 545, 6))


def opening_times(count: int, before: datetime, zone: ZoneInfo, dice: Random) -> list[datetime]:
    """So many moments of school days in the ten weeks before, in order."""
    days = _school_days(before - TEN_WEEKS, before, zone)
    # Mondays are the worst, and the day after a holiday is a Monday too.
    weights = [1.5 if day.weekday() == 0 else 1.0 for day in days]
    moments: list[datetime] = []
    while len(moments) < count:
        day = dice.choices(days, weights)[0]
        first, last, _ = dice.choices(_RUSH, [share for *_, share in _RUSH])[0]
        moment = datetime.combine(day, OPENS, zone) + timedelta(minutes=dice.uniform(first, last))
        if before - TEN_WEEKS < moment < before:
            moments.append(moment.astimezone(UTC))
    return sorted(moments)


def working(after: datetime, minutes: float, zone: ZoneInfo) -> datetime:
    """That many minutes of school time later."""
    moment = after.astimezone(zone)
    left = timedelta(minutes=minutes)
    while True:
        closes = datetime.combine(moment.date(), CLOSES, zone)
        if moment.weekday() < 5 and moment + left <= closes:
            return (moment + left).astimezone(UTC)
        if moment.weekday() < 5 and moment < closes:
            left -= closes - moment
        moment = datetime.combine(moment.date() + timedelta(days=1), OPENS, zone)


def _school_days(first: datetime, last: datetime, zone: ZoneInfo) -> list[date]:
    day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    return [one for nth in range((end - day).days + 1) if (one := day + timedelta(days=nth)).weekday() < 5]
