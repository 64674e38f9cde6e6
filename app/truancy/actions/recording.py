"""What a review found is written down: new firings, and what became of those that were known (law/changes.py).

Rows are written by the thousand in one statement each; what is as it was is read and not written.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db, uuid7
from app.core.tenancy import current_district_id
from app.truancy.actions.gathering import Gathered, Word, as_array, quoted_inside
from app.truancy.law.changes import Change, Kept, Outcome, changes
from app.truancy.law.firing import Firing, Owed
from app.truancy.models.firing import RETRACTED, STANDING

#: Duties and reasons that are remembered as they are written.
MOST_KNOWN: Final = 10_000
Key = tuple[str, str, int]
#: Values as they stand in arrays of PostgreSQL, one for each column.
Row = tuple[str, ...]
NULL: Final = "null"
#: Of a firing: rule, version, duties, what blocks it, for whom it is excluded.
Kind = tuple[str, str, str, str, str]
#: By day and slot: a mark as it is written.
Told = Mapping[tuple[date, str], str]
_AT_AND_WRITTEN: Final = attrgetter("at", "written")
#: Of a mark: its day and slot.
_AT: Final = itemgetter(0, 1)


class Written(NamedTuple):
    """A firing as it lies in the table, as far as it is asked at each look."""

    id: str
    state: str
    evidence_sha256: str
    blocked: tuple[tuple[str, str], ...]
    excluded: tuple[str, ...]


class Rested(NamedTuple):
    """What a firing rests on, and what is owed, asked where something of it changes."""

    slots: frozenset[tuple[date, str]]
    duties: tuple[tuple[Any, ...], ...]


class Recording:
    """What there is to write of some students."""

    def __init__(self, students: Sequence[str]) -> None:
        self._now = clock.now().isoformat()
        self._known = _known(students)
        self._differ: list[tuple[Gathered, Sequence[Firing]]] = []
        self._new: list[Row] = []
        self._kinds = Kinds()
        self._changed: list[Row] = []
        self._history: list[Row] = []
        #: Of few firings: its id, and a record of an earlier school that it rests on.
        self._prior: list[Row] = []
        self._rest_elsewhere: list[str] = []
        self._outcomes = Counter[Outcome]()
        self._ids = _ids()
        #: Whose firings are others than before, or something of them is.
        self.touched: set[str] = set()

    def take(self, student: Gathered, found: Sequence[Firing]) -> None:
        """One student, and what the rules make of their register now."""
        known = self._known.get(student.id)
        if known is None:
            if found:
                self._add(student.id, found, _told(student.words))
        elif not _is_as_it_was(known, found):
            self._differ.append((student, found))

    def write(self) -> Counter[Outcome]:
        """Write all of it; how many firings became what."""
        rested = _rested([student.id for student, _ in self._differ]) if self._differ else {}
        for student, found in self._differ:
            self._compare(student, found, rested)
        at = {"at": self._now}
        if self._new:
            self._write_new({**at, **self._kinds.told()})
        if self._changed:
            _write_down(_CHANGED, self._changed, at)
        if self._history:
            _write_down(_HISTORY, self._history, at)
        if self._rest_elsewhere:
            db.session.connection().execute(_NO_RECORDS, {"firings": as_array(self._rest_elsewhere)})
        if self._prior:
            _write_down(_RECORDS, self._prior, {})
        return self._outcomes

    def _write_new(self, more: Mapping[str, str]) -> None:
        """Nearly always nobody else looks at the same students: to ask of each row takes a fifth of its time."""
        try:
            with db.session.begin_nested():
                _write_down(_NEW, self._new, more)
        except IntegrityError:
            _write_down(_NEW_TO_US, self._new, more)

    def _add(self, student: str, found: Sequence[Firing], told: Told) -> None:
        number_of, ids = self._kinds.number_of, self._ids
        rows = [(next(ids), student, number_of(one), *_as_row(one, told)) for one in found]
        self._new += rows
        for row, one in zip(rows, found, strict=True):
            if one.prior:
                self._rests_on(row[0], one)
        self._outcomes[Outcome.NEW] += len(found)
        self.touched.add(student)

    def _rests_on(self, id: str, one: Firing) -> None:
        self._prior += [(id, record.id) for record in one.prior]

    def _compare(self, student: Gathered, found: Sequence[Firing], rested: Mapping[str, Rested]) -> None:
        known, told = self._known[student.id], _told(student.words)
        self.touched.add(student.id)
        kept = [
            Kept(*key, rested[one.id].slots, one.evidence_sha256, one.state == RETRACTED)
            for key, one in known.items()
        ]
        for one in changes(kept, found):
            if one.before is not None:
                before = known[one.before.key]
                if one.now is None or not _stands_as_it_was(before, one.now):
                    self._became(one, before, rested[before.id], told)
            elif one.now is not None:
                self._add(student.id, [one.now], told)

    def _became(self, one: Change, before: Written, rested: Rested, told: Told) -> None:
        now = one.now
        if now is None:
            self._changed.append((before.id, RETRACTED, *[NULL] * _MOVED))
        else:
            duties = json.dumps([_owed(owed, rested.duties) for owed in now.duties])
            _, _, *row = _as_row(now, told)
            _, *kind = _kind(now, _quoted(duties))
            self._changed.append((before.id, STANDING, *row, *kind))
            self._rest_elsewhere.append(before.id)
            self._rests_on(before.id, now)
        if one.outcome is not Outcome.UPHELD:
            after = now.evidence_sha256 if now else before.evidence_sha256
            self._history.append((next(self._ids), before.id, one.outcome, before.evidence_sha256, after))
            self._outcomes[one.outcome] += 1


class Kinds:
    """What many firings have in common, written once; by the number that each of them has."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], str] = {}
        self._kinds: list[Kind] = []

    def number_of(self, one: Firing) -> str:
        """From "1" on."""
        # Duties are told by their days: a hash of the duties themselves takes longer than writing them does.
        key = one.rule.sha256, one.blocked, one.excluded, *[owed.due for owed in one.duties]
        number = self._numbers.get(key)
        if number is None:
            self._kinds.append(_kind(one, _duties(one.duties)))
            number = self._numbers[key] = str(len(self._kinds))
        return number

    def told(self) -> dict[str, str]:
        """One array for each of its columns, in order of the numbers."""
        return {f"k{at}": _array(column) for at, column in enumerate(zip(*self._kinds, strict=True))}


def _is_as_it_was(known: Mapping[Key, Written], found: Sequence[Firing]) -> bool:
    """True where each that stands was found again, and no other. Nearly everybody, nearly every night."""
    for one in found:
        before = known.get(one.key)
        if before is None or not _stands_as_it_was(before, one):
            return False
    return len(found) == sum(one.state == STANDING for one in known.values())


def _stands_as_it_was(before: Written, now: Firing) -> bool:
    return (
        before.state == STANDING
        and before.evidence_sha256 == now.evidence_sha256
        and before.blocked == now.blocked
        and before.excluded == now.excluded
    )


def _known(students: Sequence[str]) -> dict[str, dict[Key, Written]]:
    found: dict[str, dict[Key, Written]] = defaultdict(dict)
    rows = db.session.connection().execute(_KNOWN, {"students": as_array(students)})
    for student, rule, window, ordinal, id, state, sha256, blocked, excluded in rows:
        found[student][rule, window, ordinal] = Written(id, state, sha256, _read(blocked), _read(excluded))
    return found


def _rested(students: Sequence[str]) -> dict[str, Rested]:
    rows = db.session.connection().execute(_RESTED, {"students": as_array(students)})
    return {
        id: Rested(
            frozenset([(date.fromisoformat(day), slot) for day, slot, *_ in json.loads(marks)]), _read(duties)
        )
        for id, marks, duties in rows
    }


@lru_cache(MOST_KNOWN)
def _read(written: str) -> tuple[Any, ...]:
    """What stands as JSON: thousands of firings have the same."""
    return tuple([tuple(one) if isinstance(one, list) else one for one in json.loads(written)])


def _told(words: Sequence[Word]) -> Told:
    return dict(map(_AT_AND_WRITTEN, words))


def _as_row(one: Firing, told: Told) -> tuple[str, ...]:
    """Window, ordinal, day, marks, digest, total and what it is a share of."""
    return (
        _quoted(one.window),
        str(one.ordinal),
        one.trigger.isoformat(),
        f'"[{", ".join(map(told.__getitem__, map(_AT, one.evidence)))}]"',
        one.evidence_sha256,
        str(one.total),
        NULL if one.out_of is None else str(one.out_of),
    )


def _kind(one: Firing, duties: str) -> Kind:
    return one.rule.id, one.rule.sha256, duties, _json(one.blocked), _json(one.excluded)


@lru_cache(MOST_KNOWN)
def _duties(duties: tuple[Owed, ...]) -> str:
    return _quoted(json.dumps([_owed(owed) for owed in duties]))


@lru_cache(MOST_KNOWN)
def _json(value: tuple[Any, ...]) -> str:
    return _quoted(json.dumps(value))


def _owed(owed: Owed, before: Iterable[Sequence[Any]] = ()) -> list[str | None]:
    """`before`: what was owed when it was found; a clock that began on that day goes on."""
    duty, due = owed.duty, owed.due.isoformat() if owed.due else None
    if duty.begins == "detected":
        due = next((known for do, to, known, _ in before if (do, to) == (duty.do, duty.to)), due)
    return [duty.do, duty.to, due, duty.approve]


def _write_down(statement: TextClause, rows: Sequence[Row], more: Mapping[str, str]) -> None:
    """One array a column: half a million rows are too many to be told one by one."""
    columns = {f"c{at}": _array(column) for at, column in enumerate(zip(*rows, strict=True))}
    db.session.connection().execute(statement, {**columns, **more, "district": str(current_district_id())})


def _ids() -> Iterator[str]:
    """Ids that follow one another: half a million times to ask for chance is slow."""
    return (f"{number:032x}" for number in count(uuid7().int))


def _array(written: Iterable[str]) -> str:
    return "{" + ",".join(written) + "}"


@lru_cache(MOST_KNOWN)
def _quoted(told: str) -> str:
    return f'"{quoted_inside(told)}"'


_KNOWN: Final = text(
    """
    select those.id::text, rule_id, window_name, ordinal, known.id::text, state, evidence_sha256, blocked::text,
        excluded::text
    from unnest(cast(:students as uuid[])) as those (id)
    -- One by one: of a table that has just grown the planner would read all of the district.
    cross join lateral (select * from firings where student_id = those.id offset 0) as known
    """
)
_RESTED: Final = text(
    "select id::text, marks::text, duties::text from firings where student_id = any(cast(:students as uuid[]))"
)
_INSERT: Final = """
    insert into firings (
        id, district_id, student_id, rule_id, rule_version, window_name, ordinal, trigger_day, marks,
        evidence_sha256, total, out_of, duties, blocked, excluded, state, known_at
    )
    select id, cast(:district as uuid), student, rule, version, name, ordinal, day, marks, sha256, total, out_of,
        duties, blocked, excluded, 'standing', cast(:at as timestamptz)
    from unnest(
        cast(:c0 as uuid[]), cast(:c1 as uuid[]), cast(:c2 as integer[]), cast(:c3 as text[]), cast(:c4 as smallint[]),
        cast(:c5 as date[]), cast(:c6 as json[]), cast(:c7 as text[]), cast(:c8 as text[]), cast(:c9 as integer[])
    ) as told (id, student, kind, name, ordinal, day, marks, sha256, total, out_of)
    join unnest(
        cast(:k0 as text[]), cast(:k1 as text[]), cast(:k2 as jsonb[]), cast(:k3 as jsonb[]), cast(:k4 as jsonb[])
    ) with ordinality as kinds (rule, version, duties, blocked, excluded, number) on kinds.number = told.kind
    """
_NEW: Final = text(_INSERT)
#: Where somebody looked at one of the students at the same moment, and what they found is written down.
_NEW_TO_US: Final = text(
    f"{_INSERT} on conflict (district_id, student_id, rule_id, window_name, ordinal) do nothing"
)
#: Columns that are others when other marks stand behind it.
_MOVED: Final = 9
_CHANGED: Final = text(
    """
    update firings set
        state = told.state,
        rule_version = coalesce(told.version, firings.rule_version),
        trigger_day = coalesce(told.day, firings.trigger_day),
        marks = coalesce(told.marks, firings.marks),
        evidence_sha256 = coalesce(told.sha256, firings.evidence_sha256),
        total = coalesce(told.total, firings.total),
        out_of = case when told.marks is null then firings.out_of else told.out_of end,
        duties = coalesce(told.duties, firings.duties),
        blocked = coalesce(told.blocked, firings.blocked),
        excluded = coalesce(told.excluded, firings.excluded),
        retracted_at = case when told.state = 'retracted' then cast(:at as timestamptz) end
    from unnest(
        cast(:c0 as uuid[]), cast(:c1 as text[]), cast(:c2 as date[]), cast(:c3 as json[]), cast(:c4 as text[]),
        cast(:c5 as text[]), cast(:c6 as integer[]), cast(:c7 as text[]), cast(:c8 as jsonb[]), cast(:c9 as jsonb[]),
        cast(:c10 as jsonb[])
    ) as told (id, state, day, marks, sha256, total, out_of, version, duties, blocked, excluded)
    where firings.district_id = cast(:district as uuid) and firings.id = told.id
    """
)
_NO_RECORDS: Final = text("delete from firing_priors where firing_id = any(cast(:firings as uuid[]))")
# Of a firing that somebody else wrote down at the same moment, they wrote its records as well.
_RECORDS: Final = text(
    """
    insert into firing_priors (district_id, firing_id, record_id)
    select cast(:district as uuid), told.firing, told.record
    from unnest(cast(:c0 as uuid[]), cast(:c1 as uuid[])) as told (firing, record)
    join firings on firings.district_id = cast(:district as uuid) and firings.id = told.firing
    """
)
_HISTORY: Final = text(
    """
    insert into firing_changes (id, district_id, firing_id, outcome, changed_at, sha256_before, sha256_after)
    select id, cast(:district as uuid), firing, outcome, cast(:at as timestamptz), before, after
    from unnest(
        cast(:c0 as uuid[]), cast(:c1 as uuid[]), cast(:c2 as text[]), cast(:c3 as text[]), cast(:c4 as text[])
    ) as told (id, firing, outcome, before, after)
    """
)
