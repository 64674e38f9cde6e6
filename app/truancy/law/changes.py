"""What later facts make of firings that were written down: upheld, upheld by other marks, retracted, reinstated, new.

A firing is known again by its window where a rule fires once in it. Where it fires more often (each absence, a sliding
window, a run), it is known again by its marks, and keeps its number: an excuse for the first of three takes away the
first, and neither moves the others up nor makes a second notice of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.truancy.law.firing import Firing
from app.truancy.law.rule import Repeat, Span

Slot = tuple[date, str]
#: Rule, window, ordinal.
Key = tuple[str, str, int]


class Outcome(StrEnum):
    """What became of a firing."""

    NEW = "new"
    UPHELD = "upheld"
    UPHELD_NEW_EVIDENCE = "upheld_new_evidence"
    RETRACTED = "retracted"
    REINSTATED = "reinstated"


@dataclass(frozen=True)
class Kept:
    """A firing as it was written down."""

    rule_id: str
    window: str
    ordinal: int
    #: Day and slot of the marks that it rests on.
    slots: frozenset[Slot]
    evidence_sha256: str
    retracted: bool = False

    @property
    def key(self) -> Key:
        """What makes it one of its kind for a student."""
        return self.rule_id, self.window, self.ordinal


@dataclass(frozen=True)
class Change:
    """One firing, before and after. A retracted one has no `now`; a new one no `before`."""

    outcome: Outcome
    before: Kept | None
    now: Firing | None


def changes(kept: Sequence[Kept], found: Sequence[Firing]) -> list[Change]:
    """What became of each that was kept, and what is new. Retracted ones that stay so are left out.

    A firing in `found` may come back with another number: the one under which it is known already.
    """
    before = {one.key: one for one in kept}
    told = [Change(*_became(before.get(one.key), one)) for one in _numbered(kept, found)]
    upheld = {one.now.key for one in told if one.now}
    return told + [
        Change(Outcome.RETRACTED, one, None) for one in kept if one.key not in upheld and not one.retracted
    ]


def _became(before: Kept | None, now: Firing) -> tuple[Outcome, Kept | None, Firing]:
    if before is None:
        return Outcome.NEW, None, now
    if before.retracted:
        return Outcome.REINSTATED, before, now
    same = before.evidence_sha256 == now.evidence_sha256
    return Outcome.UPHELD if same else Outcome.UPHELD_NEW_EVIDENCE, before, now


def _numbered(kept: Sequence[Kept], found: Sequence[Firing]) -> list[Firing]:
    """Those found, under the numbers by which they are known."""
    by_rule: dict[str, list[Kept]] = defaultdict(list)
    for one in kept:
        by_rule[one.rule_id].append(one)
    numbered: list[Firing] = []
    again: dict[str, list[Firing]] = defaultdict(list)
    for firing in found:
        if fires_once(firing) or firing.rule.id not in by_rule:
            numbered.append(firing)
        else:
            again[firing.rule.id].append(firing)
    for id, theirs in again.items():
        numbered += _known_again(by_rule[id], theirs, {one.key for one in numbered})
    return numbered


def fires_once(firing: Firing) -> bool:
    """True where its window alone says which firing it is."""
    rule = firing.rule
    return rule.repeat in (Repeat.PER_WINDOW, Repeat.ONCE) and rule.window.span not in (
        Span.ROLLING,
        Span.RUN,
    )


def _known_again(kept: Iterable[Kept], found: Iterable[Firing], taken: Set[Key]) -> list[Firing]:
    """Each found under the number of the one that shares most marks with it; the rest under numbers never used."""
    known = sorted((one for one in kept if one.key not in taken), key=lambda one: one.key)
    theirs = [(one, frozenset((mark.day, mark.slot) for mark in one.evidence)) for one in found]
    # Nearly all are as they were.
    live: dict[frozenset[Slot], list[Kept]] = defaultdict(list)
    for one in known:
        if not one.retracted:
            live[one.slots].append(one)
    same: dict[int, Kept] = {}
    again: set[Key] = set()
    for there, (firing, slots) in enumerate(theirs):
        for one in live.get(slots, ()):
            if one.key not in again and _under(firing, one).evidence_sha256 == one.evidence_sha256:
                same[there] = one
                again.add(one.key)
                break
    free = [one for one in known if one.key not in again]
    # Then most in common first, whatever the order of rows; of two alike, the one that was not taken back.
    alike = sorted(
        (-len(one.slots & slots), one.retracted, one.window != firing.window, there, here)
        for there, (firing, slots) in enumerate(theirs)
        if there not in same
        for here, one in enumerate(free)
        if one.slots & slots
    )
    for _, _, _, there, here in alike:
        if there not in same and free[here].key not in again:
            same[there] = free[here]
            again.add(free[here].key)
    numbered = [_under(theirs[there][0], one) for there, one in sorted(same.items())]
    used = {*taken, *(one.key for one in known)}
    for firing in (firing for there, (firing, _) in enumerate(theirs) if there not in same):
        ordinal = 1
        while (firing.rule.id, firing.window, ordinal) in used:
            ordinal += 1
        used.add((firing.rule.id, firing.window, ordinal))
        numbered.append(firing._replace(ordinal=ordinal))
    return numbered


def _under(firing: Firing, kept: Kept) -> Firing:
    """The same under the number by which it is known."""
    return firing._replace(window=kept.window, ordinal=kept.ordinal)
