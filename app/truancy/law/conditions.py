"""What a rule asks beside the count. A condition that is not met blocks a firing by name; it does not undo it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from app.truancy.law.facts import CaseEvent, StudentFacts
from app.truancy.law.firing import Blocked, Firing
from app.truancy.law.rule import Predicate, Rule
from app.truancy.law.schedule import SchoolYear

Fired = Mapping[str, Sequence[Firing]]


class Asked:
    """What the conditions of one firing are asked about."""

    def __init__(self, facts: StudentFacts, fired: Fired, trigger: date, seen_on: date) -> None:
        self.facts = facts
        self.fired = fired
        self.trigger = trigger
        self.seen_on = seen_on
        self.year: SchoolYear | None = facts.schedule.year_of(trigger)

    def this_year(self, day: date) -> bool:
        """True within the school year of the trigger."""
        return self.year is not None and self.year.begins <= day <= self.year.ends

    def events(self, kind: str, name: str = "", rule: str = "") -> list[CaseEvent]:
        """What happened in the case this school year."""
        return [
            one
            for one in self.facts.case
            if one.kind == kind and one.name == name and one.rule == rule and self.this_year(one.on)
        ]

    def first_firing(self, rule: str) -> Firing | None:
        """Of the other rule, this school year."""
        for one in self.fired.get(rule, ()):
            if self.this_year(one.trigger):
                return one
        return None


def blocked_by(
    rule: Rule, facts: StudentFacts, fired: Fired, trigger: date, seen_on: date
) -> tuple[Blocked, ...]:
    """The conditions that are not met on the day of looking, in the order in which the rule names them."""
    if not rule.when:
        return ()
    asked = Asked(facts, fired, trigger, seen_on)
    found = []
    for one in rule.when:
        why = _CONDITIONS[one.name](one, asked)
        if why is not None:
            found.append(why)
    return tuple(found)


def flags_on(facts: StudentFacts, names: Sequence[str], day: date) -> tuple[str, ...]:
    """Those of the flags that hold on that day."""
    held = {flag.name for flag in facts.flags if flag.first <= day <= (flag.last or date.max)}
    return tuple(name for name in names if name in held)


def _fired(one: Predicate, asked: Asked) -> Blocked | None:
    return None if asked.first_firing(one.about[0]) else Blocked("not_fired", one.about[0])


def _conference_attempted_after(one: Predicate, asked: Asked) -> Blocked | None:
    first = asked.first_firing(one.about[0])
    tried = first and [
        event
        for event in asked.facts.case
        # Whoever sat in one, with the parent or without, had tried to hold it.
        if event.kind in ("conference_attempted", "conference_held") and event.on >= first.trigger
    ]
    return None if tried else Blocked("conference_not_attempted", one.about[0])


def _conference_date_passed(one: Predicate, asked: Asked) -> Blocked | None:
    first = asked.first_firing(one.about[0])
    held = first and [
        event
        for event in asked.facts.case
        if event.kind == "conference_held" and first.trigger <= event.on < asked.seen_on
    ]
    return None if held else Blocked("conference_date_not_passed", one.about[0])


def _delivered(one: Predicate, asked: Asked) -> Blocked | None:
    return None if asked.events("delivered", rule=one.about[0]) else Blocked("not_delivered", one.about[0])


def _done(one: Predicate, asked: Asked) -> Blocked | None:
    return None if asked.events("done", one.about[0]) else Blocked("not_done", one.about[0])


def _plan_failed(one: Predicate, asked: Asked) -> Blocked | None:
    return None if asked.events("plan_failed") else Blocked("plan_not_failed")


def _attested(one: Predicate, asked: Asked) -> Blocked | None:
    return None if asked.events("attested", one.about[0]) else Blocked("not_attested", one.about[0])


def _not_attested(one: Predicate, asked: Asked) -> Blocked | None:
    return Blocked("attested", one.about[0]) if asked.events("attested", one.about[0]) else None


def _not_excluded(one: Predicate, asked: Asked) -> Blocked | None:
    held = {flag.name for flag in asked.facts.flags if flag.first <= asked.trigger <= (flag.last or date.max)}
    return Blocked("excluded", min(held)) if held else None


def _unused_marks_only(one: Predicate, asked: Asked) -> Blocked | None:
    # A rolling window counts no mark twice (windows.py); reading.py lets this stand only beside such a window.
    return None


def _fewer_than(one: Predicate, asked: Asked) -> Blocked | None:
    """fewer_than(2, penalty, 3y, parent+child): at least one parent had fewer for this child."""
    most, kind, years, _ = one.about
    since = years_before(asked.trigger, int(years.removesuffix("y")))
    had = [
        sum(
            event.kind == kind and event.name == parent and since < event.on <= asked.trigger
            for event in asked.facts.case
        )
        for parent in asked.facts.parents
    ]
    return Blocked("too_many", kind) if had and min(had) >= int(most) else None


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; of the 29th of February, the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


_CONDITIONS: Final[dict[str, Callable[[Predicate, Asked], Blocked | None]]] = {
    "fired": _fired,
    "conference_attempted_after": _conference_attempted_after,
    "conference_date_passed": _conference_date_passed,
    "delivered": _delivered,
    "done": _done,
    "plan_failed": _plan_failed,
    "attested": _attested,
    "not_attested": _not_attested,
    "not_excluded": _not_excluded,
    "unused_marks_only": _unused_marks_only,
    "fewer_than": _fewer_than,
}
