"""Tells tickets from the first word to the last, as far as now has got with them."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core import clock, directory
from app.core.db import uuid7
from app.core.tenancy import current_district_id
from app.demo.place import Colleague, Place, Thing
from app.demo.school_hours import opening_times, working
from app.demo.troubles import GREETINGS, THANKS, TROUBLES, Trouble
from app.helpdesk.models.counter import FIRST
from app.helpdesk.models.ticket import State
from app.helpdesk.models.urgency import Urgency

#: Of a hundred requests that do not stop a class.
URGENCIES: Final = ((Urgency.HIGH, 18), (Urgency.NORMAL, 64), (Urgency.LOW, 18))

#: School minutes until somebody takes it, at best and at worst.
TAKEN_WITHIN: Final = {
    Urgency.CLASS_STOPPED: (2, 18),
    Urgency.HIGH: (10, 150),
    Urgency.NORMAL: (25, 1400),
    Urgency.LOW: (90, 2400),
}


@dataclass
class Histories:
    """The rows of many tickets."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


def tell_of(place: Place, count: int, dice: Random) -> Histories:
    """So many tickets over the ten weeks before now."""
    card = directory.district_by_id(current_district_id())
    zone = clock.zone(card.zone if card else "UTC")
    now = clock.now()
    histories = Histories()
    for number, opened_at in enumerate(opening_times(count, now, zone, dice), FIRST):
        Story(place, number, opened_at, now, zone, dice).write_into(histories)
    return histories


class TheEnd(Exception):
    """The next thing has not happened yet."""


class Story:
    """One ticket: things happen to it until it is closed or now has come."""

    def __init__(
        self, place: Place, number: int, opened_at: datetime, now: datetime, zone: ZoneInfo, dice: Random
    ) -> None:
        self.place, self.dice, self.zone, self.now = place, dice, zone, now
        self.id, self.number, self.opened_at, self.at = uuid7(), number, opened_at, opened_at
        self.trouble: Trouble = dice.choice(TROUBLES)
        self.nth = dice.randrange(len(self.trouble.told))
        self.asker = self._asker()
        self.thing = self._thing()
        self.urgency = self._urgency()
        self.channel = "email" if dice.random() < 0.35 else "web"
        self.state = State.NEW
        self.closed_at: datetime | None = None
        self.technician: Colleague | None = None
        self.version = 1
        self.replies: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def write_into(self, histories: Histories) -> None:
        """Let it happen, and keep the rows."""
        self._event("opened_by_mail" if self.channel == "email" else "opened", self.asker)
        with suppress(TheEnd):
            self._happen()
        histories.tickets.append(self._ticket())
        histories.replies += self.replies
        histories.events += self.events

    def _happen(self) -> None:
        dice = self.dice
        fastest, slowest = TAKEN_WITHIN[self.urgency]
        self._wait(dice.triangular(fastest, slowest, fastest + (slowest - fastest) / 5))
        self._take()
        if self.trouble.note and dice.random() < 0.3:
            self._wait(dice.uniform(2, 40))
            self._note()
        if dice.random() < 0.45:
            self._ask_back()
        self._wait(dice.triangular(10, 900 if self.urgency is not Urgency.CLASS_STOPPED else 60, 45))
        self._mend()

    def _take(self) -> None:
        candidates = self.place.technicians(self.asker.school)
        self.technician = self.dice.choice(candidates)
        self.state = State.OPEN
        self._step()
        if self.dice.random() < 0.2 and len(candidates) > 1:
            by = self.dice.choice([one for one in candidates if one is not self.technician])
            self._event("assigned", by, to=self.technician.name)
        else:
            self._event("taken", self.technician)

    def _note(self) -> None:
        self._reply(self._desk(), self.trouble.note, internal=True)

    def _ask_back(self) -> None:
        self._wait(self.dice.uniform(3, 60))
        self._reply(
            self._desk(), f"{self._greeting()}\n\n{self.trouble.question}\n\n{self._desk().given_name}"
        )
        self.state = State.WAITING
        self._step()
        self._event("waiting", self._desk())
        if self.dice.random() < 0.05:
            raise TheEnd  # nobody ever answered
        self._wait(self.dice.triangular(4, 900, 60))
        self._reply(self.asker, self.trouble.answer)
        self.state = State.OPEN
        self._step()
        self._event("reopened_by_answer", self.asker)

    def _mend(self) -> None:
        if self.now - self.opened_at < timedelta(days=24) and self.dice.random() < 0.12:
            raise TheEnd  # a part is on its way
        mended = self._filled(self.trouble.mended[self.nth % len(self.trouble.mended)])
        self._reply(self._desk(), f"{self._greeting()}\n\n{mended}\n\n{self._desk().given_name}")
        chance = self.dice.random()
        if chance < 0.3:
            self._wait(self.dice.uniform(5, 200))
            self._reply(self.asker, self.dice.choice(THANKS))
        if chance > 0.85:
            self._wait(self.dice.uniform(5, 300))
        self.state, self.closed_at = State.CLOSED, self.at
        self._step()
        self._event("works_now" if chance > 0.85 else "closed", self.asker if chance > 0.85 else self._desk())

    def _desk(self) -> Colleague:
        assert self.technician is not None
        return self.technician

    def _wait(self, minutes: float) -> None:
        at = working(self.at, minutes, self.zone)
        if at >= self.now:
            raise TheEnd
        self.at = at

    def _step(self) -> None:
        self.version += 1

    def _greeting(self) -> str:
        return self.dice.choice(GREETINGS).format(given=self.asker.given_name)

    def _asker(self) -> Colleague:
        working = [one for one in self.place.staff if one is not self.place.newcomer]
        teachers = [one for one in working if not any(one.works_at(at) for at in self.place.schools)]
        # Those who can sign in to the demo shall have something to see there.
        return self.dice.choices(teachers, [8 if one.account else 1 for one in teachers])[0]

    def _thing(self) -> Thing | None:
        kind = self.trouble.device or ("Chromebook" if self._tells_a_tag() else "")
        if not kind or (self.dice.random() < 0.25 and not self._tells_a_tag()):
            return None
        return self.dice.choice(self.place.things_of(self.asker.school, kind))

    def _tells_a_tag(self) -> bool:
        titles, text = self.trouble.told[self.nth]
        return any("{tag}" in words for words in (*titles, text))

    def _urgency(self) -> Urgency:
        if self.dice.random() * 100 < self.trouble.stops_class:
            return Urgency.CLASS_STOPPED
        return self.dice.choices([one for one, _ in URGENCIES], [share for _, share in URGENCIES])[0]

    def _filled(self, words: str) -> str:
        tag = self.thing.tag if self.thing else ""
        period = 1 + self.number % 7
        return words.format(room=self.asker.room, tag=tag, period=period)

    def _reply(self, by: Colleague, text: str, *, internal: bool = False) -> None:
        self._step()
        self.replies.append(
            {
                "ticket_id": self.id,
                "kind": "internal" if internal else "public",
                "author_person_id": by.id,
                "author_account_id": by.account_id,
                "author_name": by.name,
                "from_desk": by is self.technician,
                "text": text,
                "channel": self.channel if by is self.asker else "web",
                "version": self.version,
                "made_at": self.at,
            }
        )

    def _event(self, what: str, by: Colleague, **detail: str) -> None:
        self.events.append(
            {
                "ticket_id": self.id,
                "what": what,
                "by_name": by.name,
                "by_account_id": by.account_id,
                "detail": detail,
                "version": self.version,
                "made_at": self.at,
            }
        )

    def _ticket(self) -> dict[str, Any]:
        school = self.asker.school
        room: UUID | None = school.rooms[self.asker.room]
        titles, words = self.trouble.told[self.nth]
        text = self._filled(words)
        return {
            "id": self.id,
            "number": self.number,
            "title": self._filled(self.dice.choice(titles)),
            "text": f"{text}\n\n{self.asker.name}\n{self.asker.title}, {school.name}"
            if self.channel == "email"
            else text,
            "state": self.state,
            "urgency": self.urgency,
            "category_id": self.place.categories[self.trouble.about] if self.channel == "web" else None,
            "school_id": school.id,
            "room_id": room if self.channel == "web" else None,
            "device_id": self.thing.id if self.thing else None,
            "device_tag": self.thing.tag if self.thing else "",
            "requester_id": self.asker.id,
            "assignee_id": self.technician.account_id if self.technician else None,
            "channel": self.channel,
            "opened_at": self.opened_at,
            "last_activity_at": self.at,
            "closed_at": self.closed_at,
            "version": self.version,
            "reply_count": sum(one["kind"] == "public" for one in self.replies),
            "made_at": self.opened_at,
        }
