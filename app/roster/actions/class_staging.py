"""Classes of a feed become staged rows, each with all its enrollments; of those it tells nothing new of, none.

A million enrollments are sixty thousand classes: a code over a class and whoever is in it decides for all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import ARRAY, Text, any_, bindparam, select, text

from app.core.crypto import KeysInHand
from app.core.db import db, insert_many, told_rows, uuid7
from app.core.feed import FAULTS, FedClass, FedRoll, Item, LeftOut, Rule
from app.core.rolls import unpacked
from app.core.tenancy import current_district_id
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.models.enrollment import Enrollment
from app.roster.models.import_class import OF_ENROLLMENTS as COUNTS
from app.roster.models.import_class import ImportClass
from app.roster.models.roster_import import RosterImport
from app.roster.models.school_class import SchoolClass

#: Where a row that is left out was about a class or an enrollment.
FILES: Final = ("classes.csv", "enrollments.csv", "classes", "enrollments")
FILES_OF_ENROLLMENTS: Final = ("enrollments.csv", "enrollments")
#: Enrollments that are staged at once; of the largest class so many as it has.
MOST_AT_ONCE: Final = 60_000

OfClasses = FedRoll | LeftOut


def batch_of(feed: Iterator[Item], most: int) -> list[Item]:
    """The next items, `most` at most, and fewer where a class of them is large."""
    batch: list[Item] = []
    enrollments = 0
    for item in feed:
        batch.append(item)
        enrollments += len(item.roll) if isinstance(item, FedRoll) else 0
        if len(batch) == most or enrollments >= MOST_AT_ONCE:
            break
    return batch


def is_about_classes(item: Item) -> bool:
    """True for what is staged here."""
    return isinstance(item, FedRoll) or (isinstance(item, LeftOut) and item.file in FILES)


def rows_of(item: Item) -> int:
    """How many rows of the source it is."""
    return len(item.roll) + (item.told is not None) if isinstance(item, FedRoll) else 1


def stage(run: RosterImport, items: Sequence[Item], left_out: dict[str, int]) -> None:
    """Stage those of which the source tells something new; count what a rule leaves out."""
    rows: list[dict[str, Any]] = []
    rolls: list[FedRoll] = []
    for item in items:
        if isinstance(item, FedRoll) and not item.key and rolls:
            _stage(run, rows, rolls)  # it is about classes that stand before it
            rows, rolls = [], []
        if isinstance(item, LeftOut):
            _count(left_out, item.rule, 1)
            if item.rule in FAULTS:
                rows.append(_left_out(run, item))
        elif isinstance(item, FedRoll) and item.told is None and item.is_whole:
            _count(left_out, Rule.NO_CLASS, len(item.roll))
        elif isinstance(item, FedRoll) and not item.key:
            rolls += _not_staged_yet(run, _by_class(run, item))
        elif isinstance(item, FedRoll):
            rolls.append(item)
    _stage(run, rows, rolls)


def _stage(run: RosterImport, rows: list[dict[str, Any]], rolls: Sequence[FedRoll]) -> None:
    keys = KeysInHand()
    digests = [_digest(one, keys) for one in rolls]
    unchanged = _seen(run, rolls, digests)
    rows += [
        _row_of(run, one, digest)
        for nth, (one, digest) in enumerate(zip(rolls, digests, strict=True))
        if nth not in unchanged
    ]
    for nth, row in enumerate(rows, start=1):
        row["position"] = run.classes_staged + nth
    if rows:
        db.session.connection().execute(_ADD_ROWS, {"rows": told_rows(rows)})
    told = dict(run.classes_unchanged)
    told["classes"] = told.get("classes", 0) + len(unchanged)
    told["enrollments"] = told.get("enrollments", 0) + sum(len(rolls[nth].roll) for nth in unchanged)
    run.classes_staged, run.classes_unchanged = run.classes_staged + len(rows), told


def _count(left_out: dict[str, int], rule: Rule, count: int) -> None:
    if count:
        left_out[str(rule)] = left_out.get(str(rule), 0) + count


def _not_staged_yet(run: RosterImport, rolls: Iterable[FedRoll]) -> list[FedRoll]:
    """Those of classes that are not staged; of the others the enrollments go to the row that is there."""
    left: list[FedRoll] = []
    for one in rolls:
        row = db.session.scalar(
            select(ImportClass).where(
                ImportClass.import_id == run.id,
                ImportClass.key == one.key,
                ImportClass.what == "class",
                ImportClass.rule.is_(None),
            )
        )
        if row is None:
            left.append(one)
        else:
            row.roll = {**row.roll, **_roll(one)}
    db.session.flush()
    return left


def _roll(one: FedRoll) -> dict[str, list[str]]:
    return {key: values for key, _, *values in map(unpacked, reversed(one.roll))}


def _by_class(run: RosterImport, item: FedRoll) -> Iterable[FedRoll]:
    """Enrollments that are said to be over, and in no class: in that where they are here."""
    packed = {unpacked(one)[0]: one for one in item.roll}
    asked = (
        select(Enrollment.key, SchoolClass.key.label("of"))
        .join(SchoolClass, SchoolClass.id == Enrollment.class_id)
        .where(
            SchoolClass.source_id == run.source_id,
            Enrollment.key == any_(bindparam("keys", list(packed), ARRAY(Text()))),
        )
    )
    rolls: dict[str, list[str]] = {}
    for row in db.session.execute(asked):
        rolls.setdefault(row.of, []).append(packed[row.key])
    return [
        FedRoll(file="", line=0, key=key, told=None, roll=sorted(roll), is_whole=False)
        for key, roll in sorted(rolls.items())
    ]


def _digest(one: FedRoll, keys: KeysInHand) -> str:
    """A code of all that the source says of a class and of who is in it."""
    words = ["whole" if one.is_whole else "a part", *_words(one.told)]
    return keys.mac("roster class", "\0".join(chain(words, one.roll)))


def _words(told: FedClass | None) -> list[str]:
    if told is None:
        return []
    words = [told.title, told.code, told.kind, told.school_key, told.course, told.begins_on, told.ends_on]
    return [*words, str(told.active), *told.periods]


def _seen(run: RosterImport, rolls: Sequence[FedRoll], digests: Sequence[str]) -> set[int]:
    """Places of those of which nothing is new, and nothing is to be done; they are written down as seen."""
    if not rolls:
        return set()
    told = [
        {"nth": nth, "key": one.key, "digest": digest}
        for nth, (one, digest) in enumerate(zip(rolls, digests, strict=True))
    ]
    asked = {
        "told": told_rows(told),
        "id": uuid7(),
        "district": current_district_id(),
        "import": run.id,
        "source": run.source_id,
    }
    with planned_as_they_are():
        return set(db.session.connection().execute(_SEEN, asked).scalars())


def _row_of(run: RosterImport, one: FedRoll, digest: str) -> dict[str, Any]:
    told = one.told
    row = _blank(run, one, "class") | {"roll": _roll(one), "is_whole": one.is_whole, "digest": digest}
    if told is None:
        return row | {"is_told": False}
    return row | {
        "title": told.title,
        "code": told.code,
        "kind": told.kind,
        "school_key": told.school_key,
        "course": told.course,
        "periods": told.periods,
        "begins_on": told.begins_on or None,
        "ends_on": told.ends_on or None,
        "active": told.active,
    }


def _left_out(run: RosterImport, one: LeftOut) -> dict[str, Any]:
    what = "enrollment" if one.file in FILES_OF_ENROLLMENTS else "class"
    return _blank(run, one, what) | {"verdict": "left_out", "rule": str(one.rule)}


def _blank(run: RosterImport, one: OfClasses, what: str) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "district_id": current_district_id(),
        "import_id": run.id,
        "what": what,
        "key": one.key,
        "is_told": True,
        "title": "",
        "code": "",
        "kind": "",
        "school_key": "",
        "course": "",
        "periods": [],
        "begins_on": None,
        "ends_on": None,
        "active": True,
        "roll": {},
        "is_whole": False,
        "digest": "",
        "file": one.file,
        "line": one.line,
        "verdict": None,
        "rule": None,
        "changes": [],
    }


_ADD_ROWS: Final = insert_many(ImportClass.__table__, "rows", without=("class_id", *COUNTS))

#: Known by the same id, said to be the same, going on, and not missed before; and nobody who was not here came since.
_SEEN: Final = text(
    """
    with same as (
        select told.nth, known.id
        from jsonb_to_recordset(cast(:told as jsonb)) as told (nth integer, key text, digest text)
        cross join lateral (
            select * from classes where source_id = :source and key = told.key limit 1
        ) known
        where known.digest = told.digest and known.absences = 0 and known.ended_at is null
            and not exists (
                select from jsonb_array_elements_text(known.waits_for) as one (key)
                where exists (select from source_people where source_id = :source and key = one.key)
                    or exists (select from roster_import_rows staged
                        where staged.import_id = :import and staged.what = 'person' and staged.key = one.key
                            and staged.rule is null)
            )
    ), written_down as (
        insert into roster_import_seen (id, district_id, import_id, records)
        select :id, :district, :import, array_agg(id) from same having count(*) > 0
    )
    select nth from same
    """
)
