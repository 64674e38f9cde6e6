"""An invitation (iCalendar, RFC 5545 and 5546) told as a person would: what, when, where, who."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.integrations.mailbox.allowance import MOST_INVITED
from app.integrations.mailbox.charsets import tidy

MOST_EVENTS: Final = 5
LONGEST_WORDS: Final = 2000

_LINE: Final = re.compile(r"([A-Za-z0-9-]{1,60})((?:;[^:\"\n]*(?:\"[^\"\n]*\"[^:\"\n]*)*)?):(.*)")
_PARAMETER: Final = re.compile(r";([A-Za-z0-9-]{1,60})=(?:\"([^\"]*)\"|([^;\"]*))")
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_DURATION: Final = re.compile(
    r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:\d{1,4}S)?)?"
)
_ESCAPED: Final = re.compile(r"\\([nN;,\\])")
_TITLES: Final = {
    "REQUEST": "Invitation",
    "CANCEL": "Called off",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Another time is proposed",
}
_SAYS: Final = {"ACCEPTED": "accepts", "DECLINED": "declines", "TENTATIVE": "perhaps"}
_EVERY: Final = {
    "DAILY": "every day",
    "WEEKLY": "every week",
    "MONTHLY": "every month",
    "YEARLY": "every year",
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class _Property:
    value: str
    parameters: dict[str, str]

    @property
    def words(self) -> str:
        said = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)
        return tidy(said).strip()[:LONGEST_WORDS]

    @property
    def person(self) -> str:
        address = re.sub(r"^mailto:", "", self.value.strip(), flags=re.IGNORECASE)
        name = self.parameters.get("CN", "").strip()
        return (
            name
            if not address or name.lower() == address.lower()
            else f"{name} <{address}>"
            if name
            else address
        )


@dataclass
class _Event:
    properties: dict[str, list[_Property]] = field(default_factory=lambda: defaultdict(list))

    def first(self, name: str) -> _Property | None:
        return next(iter(self.properties.get(name, ())), None)

    def words(self, name: str) -> str:
        found = self.first(name)
        return found.words if found else ""


def told(calendar: str, *, zone: str) -> str:
    """The invitation in a few lines, or "" if it holds no event. Times given in UTC are told in `zone`."""
    method, events = _read(calendar)
    return "\n\n".join(_told(one, method, zone) for one in events[:MOST_EVENTS])


def _told(event: _Event, method: str, zone: str) -> str:
    called_off = event.words("STATUS").upper() == "CANCELLED"
    title = (
        _TITLES["CANCEL" if called_off else method] if called_off or method in _TITLES else "Calendar entry"
    )
    organizer = event.first("ORGANIZER")
    asked = event.properties.get("ATTENDEE", [])
    lines = [
        f"{title}: {' '.join(event.words('SUMMARY').split()) or 'without a title'}",
        _line("When", _when(event, zone)),
        _line("Where", " ".join(event.words("LOCATION").split())),
        _line("From", organizer.person if organizer else ""),
        _line("Who", _who(asked, method)),
        event.words("DESCRIPTION"),
    ]
    return "\n".join(filter(None, lines))


def _line(label: str, said: str) -> str:
    return f"{label}: {said}" if said else ""


def _who(asked: list[_Property], method: str) -> str:
    said = [
        f"{one.person} {_SAYS.get(one.parameters.get('PARTSTAT', '').upper(), '')}".strip()
        if method == "REPLY"
        else one.person
        for one in asked[:MOST_INVITED]
    ]
    more = len(asked) - MOST_INVITED
    return ", ".join(filter(None, said)) + (f" and {more} more" if more > 0 else "")


def _when(event: _Event, zone: str) -> str:
    begins = _moment(event.first("DTSTART"), zone)
    if begins is None:
        return ""
    start, name = begins
    ends = _moment(event.first("DTEND"), zone)
    end = ends[0] if ends else _after(start, event.words("DURATION"))
    rule = re.search(r"FREQ=([A-Z]+)", event.words("RRULE").upper())
    repeated = f", {_EVERY[rule[1]]}" if rule and rule[1] in _EVERY else ""
    return _span(start, end, name) + repeated


def _span(start: datetime | date, end: datetime | date | None, name: str) -> str:
    if not isinstance(start, datetime):
        last = end - timedelta(days=1) if end and not isinstance(end, datetime) else start
        return f"{_day(start)}, all day" if last <= start else f"{_day(start)} to {_day(last)}"
    begin = f"{_day(start)}, {_hour(start)}"
    zone = f" ({name})" if name else ""
    if not isinstance(end, datetime):
        return begin + zone
    return f"{begin} to {'' if end.date() == start.date() else _day(end) + ', '}{_hour(end)}{zone}"


def _moment(given: _Property | None, zone: str) -> tuple[datetime | date, str] | None:
    """The moment on the clock of its place, and how that place is called."""
    found = _MOMENT.match(given.value.strip()) if given else None
    if given is None or found is None:
        return None
    try:
        year, month, day = (int(found[number]) for number in (1, 2, 3))
        if found[4] is None:
            return date(year, month, day), ""
        # A time on some clock; which one is told beside it, and need not be a zone that is known here.
        at = datetime(year, month, day, int(found[4]), int(found[5]), tzinfo=UTC)
        if found[7]:
            return at.astimezone(_zone(zone)), _zone(zone).key
    except (ValueError, OverflowError):
        return None
    # Microsoft has names of its own, others put a path before it: it is told as they say it.
    return at, given.parameters.get("TZID", "")[:80].strip()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _after(start: datetime | date, duration: str) -> datetime | date | None:
    found = _DURATION.match(duration.strip())
    if not found or not any(found.groups()):
        return None
    weeks, days, hours, minutes = (int(one or 0) for one in found.groups())
    try:
        return start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        return None


def _day(at: date) -> str:
    return f"{_DAYS[at.weekday()]}, {_MONTHS[at.month - 1]} {at.day}, {at.year}"


def _hour(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"


def _read(calendar: str) -> tuple[str, list[_Event]]:
    """Its method and its events; what stands inside an event (an alarm) is not the event's."""
    method, events, inside = "", [], []
    for line in re.sub(r"\r?\n[ \t]", "", calendar).splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        name = found[1].upper()
        if name == "BEGIN":
            inside.append(found[3].strip().upper())
            if inside[-1] in {"VEVENT", "VTODO"}:
                events.append(_Event())
        elif name == "END":
            inside = inside[:-1]
        elif name == "METHOD" and len(inside) <= 1:
            method = found[3].strip().upper()
        elif inside and inside[-1] in {"VEVENT", "VTODO"} and len(events) <= MOST_EVENTS:
            parameters = {
                key.upper(): tidy(quoted or bare)[:200] for key, quoted, bare in _PARAMETER.findall(found[2])
            }
            events[-1].properties[name].append(_Property(found[3], parameters))
    return method, events
