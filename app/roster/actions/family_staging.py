"""Students and guardians of a feed become staged rows; of whom it tells nothing new only that they are there.

They come by the hundred thousand, so each step is one question about a whole batch. A guardian's email and numbers
are sealed here, for the row of `guardian_contacts` that they may become: nowhere do they lie open.
"""

from collections.abc import Sequence
from string import Template
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, select, text

from app.core import directory
from app.core.crypto import KeysInHand, beginning
from app.core.db import db, insert_many, told_rows, uuid7
from app.core.feed import FedGuardian, FedPerson, FedSomebody, FedStudent, Rule
from app.core.tenancy import current_district_id
from app.roster.actions.counting_anew import planned_as_they_are
from app.roster.actions.precedence import Standing
from app.roster.models.contact import EMAIL, LANDLINE, MOBILE, Contact, index_of
from app.roster.models.import_row import ImportRow
from app.roster.models.language import tag_of
from app.roster.models.person import Person
from app.roster.models.reaching import COUNTRY_OF, Unreachable, email_address, phone_number
from app.roster.models.roster_import import RosterImport
from app.roster.models.source_person import SourcePerson
from app.roster.models.student import GRADES

Fed = FedStudent | FedGuardian


def stage(run: RosterImport, fed: Sequence[Fed], left_out: dict[str, int]) -> int:
    """Stage those of whom the source tells something new; count what a rule leaves out, and those staged."""
    reach = _Reach()
    digests = [_digest(one, reach.keys) for one in fed]
    unchanged = _seen(run, fed, digests)
    told = dict(run.unchanged)
    for nth in unchanged:
        told[_kind(fed[nth])] = told.get(_kind(fed[nth]), 0) + 1
    run.unchanged = told
    first = _staged_already(run, [one.key for nth, one in enumerate(fed) if nth not in unchanged])
    rows: list[dict[str, Any]] = []
    import_id = str(run.id)
    for nth, (one, digest) in enumerate(zip(fed, digests, strict=True)):
        if nth in unchanged or first.get(one.key) == digest:
            continue
        row = _row_of(one, digest, reach) | {"import_id": import_id}
        # Foretold: of a first file it is true of nearly all, and what is true is not written a second time.
        row["verdict"] = "new"
        if one.key in first:
            row["verdict"], row["rule"] = "left_out", str(Rule.TWICE)
            left_out[str(Rule.TWICE)] = left_out.get(str(Rule.TWICE), 0) + 1
        first.setdefault(one.key, digest)
        row["position"] = run.rows_staged + len(rows) + 1
        rows.append(row)
    if rows:
        db.session.connection().execute(_ADD_ROWS, {"rows": told_rows(rows)})
    return len(rows)


def is_under_an_older_key(run: RosterImport) -> bool:
    """True if the district's key was replaced since contacts were staged: the older one may be gone tomorrow."""
    district_id = current_district_id()
    asked = {"import": run.id, "beginning": beginning(district_id)}
    return bool(db.session.connection().execute(_UNDER_AN_OLDER_KEY, asked).scalar())


def who_they_are(run: RosterImport, named: Sequence[FedSomebody]) -> list[FedPerson | Fed]:
    """Those who came without a role, as whoever they were until now; whom nobody knows as one of the staff."""
    kinds = (
        select(SourcePerson.key, Person.kind)
        .join(Person, Person.id == SourcePerson.person_id)
        .where(SourcePerson.source_id == run.source_id, SourcePerson.key.in_([one.key for one in named]))
    )
    known = {row.key: row.kind for row in db.session.execute(kinds)} if named else {}
    return [_as(known.get(one.key), one) for one in named]


def _as(kind: str | None, one: FedSomebody) -> FedPerson | Fed:
    return one.student if kind == "student" else one.guardian if kind == "guardian" else one.staff


def _kind(one: Fed) -> str:
    return "student" if isinstance(one, FedStudent) else "guardian"


def _digest(one: Fed, keys: KeysInHand) -> str:
    """A code of all that the source says; without the district's key nobody can try out numbers on it."""
    if isinstance(one, FedStudent):
        words = [one.number, one.grade, *one.relations]
    else:
        words = [one.role, one.master, one.email, one.mobile, one.phone]
    words += [
        *([one.language] if one.language else []),
        one.given_name,
        one.family_name,
        one.school_key,
        str(one.active),
        *one.relatives,
    ]
    # No value holds a NUL (core/sheet.py), and one long word is a code several times as quick as ten short ones.
    return keys.mac(f"roster {_kind(one)}", "\0".join(words))


def _seen(run: RosterImport, fed: Sequence[Fed], digests: Sequence[str]) -> set[int]:
    """Places of those of whom nothing is new, and nothing is to be done; they are written down as seen."""
    told = [{"nth": nth, "key": one.key, "digest": digests[nth]} for nth, one in enumerate(fed)]
    asked = {
        "told": told_rows(told),
        "id": uuid7(),
        "district": current_district_id(),
        "import": run.id,
        "source": run.source_id,
        # Of the only source, behind the office, nothing can wait for its turn.
        "looks_closer": not Standing.of(run.source_id, families=True).is_plain,
    }
    with planned_as_they_are():
        return set(db.session.connection().execute(_SEEN, asked).scalars())


def _staged_already(run: RosterImport, keys: Sequence[str]) -> dict[str, str]:
    rows = select(ImportRow.key, ImportRow.digest).where(
        ImportRow.import_id == run.id,
        ImportRow.what == "person",
        ImportRow.rule.is_(None),
        # One array, and not five thousand values that are looked for in the words of the question.
        ImportRow.key == any_(bindparam("keys", list(keys), ARRAY(Text()))),
    )
    return {row.key: row.digest for row in db.session.execute(rows)} if keys else {}


def _row_of(one: Fed, digest: str, reach: "_Reach") -> dict[str, Any]:
    row = {
        "id": str(uuid7()),
        "district_id": reach.district_id,
        "what": "person",
        "kind": _kind(one),
        "key": one.key,
        "given_name": one.given_name,
        "family_name": one.family_name,
        "school_key": one.school_key,
        "role": "student",
        "active": one.active,
        "number": "",
        "grade": "",
        "known_by": "",
        "contacts": {},
        "relatives": one.relatives,
        "relations": {},
        "language": tag_of(one.language),
        "digest": digest,
        "file": one.file,
        "line": one.line,
    }
    if isinstance(one, FedStudent):
        row |= {"number": one.number, "grade": _grade(one.grade), "known_by": one.number}
        row["relations"] = dict(zip(one.relatives, one.relations, strict=False))
    else:
        contacts = reach.ways(one)
        row |= {"role": one.role, "contacts": contacts, "known_by": _known_by(one, contacts)}
    return row


def _grade(word: str) -> str:
    """The code of it that is kept; "" for one that nobody knows."""
    code = word.upper()
    code = {"K": "KG", "PRESCHOOL": "PK", "KINDERGARTEN": "KG"}.get(code, code)
    code = code.zfill(2) if code.isdigit() else code
    return code if code in GRADES else ""


def _known_by(one: FedGuardian, contacts: dict[str, dict[str, str]]) -> str:
    """The id that they have in every school, else their email with their name: parents share an email."""
    if one.master:
        return f"id {one.master}"
    email = contacts.get(EMAIL)
    return f"{email['index']} {one.given_name} {one.family_name}".lower() if email else ""


class _Reach:
    """Ways to reach guardians, found good and sealed. What nothing arrives at is left away: the guardian is not."""

    def __init__(self) -> None:
        self.keys = KeysInHand()
        self.district_id = str(self.keys.district_id)
        card = directory.district_by_id(self.keys.district_id)
        self._country = COUNTRY_OF[card.region] if card else "US"

    def ways(self, one: FedGuardian) -> dict[str, dict[str, str]]:
        """By kind: the id of the contact that it may become, its sealed value, and its blind index."""
        found = {}
        for kind, typed in ((EMAIL, one.email), (MOBILE, one.mobile), (LANDLINE, one.phone)):
            if not typed or (kind == LANDLINE and typed == one.mobile):
                continue
            try:
                value = email_address(typed) if kind == EMAIL else phone_number(typed, self._country)
            except Unreachable:
                continue
            found[kind] = self._sealed(kind, value)
        return found

    def _sealed(self, kind: str, value: str) -> dict[str, str]:
        row_id: UUID = uuid7()
        sealed = self.keys.seal(value, table=Contact.__tablename__, row_id=row_id, column="value_sealed")
        return {"id": str(row_id), "sealed": sealed, "index": index_of(kind, value, self.keys.blind_index)}


#: What nothing is said of yet has the table's own default.
_ADD_ROWS: Final = insert_many(
    ImportRow.__table__, "rows", without=("person_id", "school_id", "email", "groups", "changes", "kept")
)

#: Somebody else's word stands in the place of what this source says: perhaps it may now take that place.
_IS_ODD: Final = """
    (people.given_name, people.family_name) <> (known.given_name, known.family_name)
    or people.school_id <> known.school_id
    or exists (select from students where students.id = known.person_id
        and (students.number, students.grade) <> (known.number, known.grade))
    or exists (select from guardian_contacts held where held.guardian_id = known.person_id
        and held.source_id <> :source and jsonb_exists(known.contacts, held.kind))
"""

#: Known by the same id, said to be the same, here, and not missed before. The school must mean the same school, too.
_SEEN: Final = text(
    Template(
        """
    with same as (
        select told.nth, known.id
        from jsonb_to_recordset(cast(:told as jsonb)) as told (nth integer, key text, digest text)
        cross join lateral (
            select * from source_people where source_id = :source and key = told.key limit 1
        ) known
        join people on people.id = known.person_id
        left join lateral (
            select school_id from source_schools where source_id = :source and key = known.school_key limit 1
        ) school on true
        where known.digest = told.digest and known.absences = 0 and known.left_at is null and people.active
            and known.school_id is not distinct from school.school_id
            and not (:looks_closer and ($is_odd))
    ), written_down as (
        insert into roster_import_seen (id, district_id, import_id, records)
        select :id, :district, :import, array_agg(id) from same having count(*) > 0
    )
    select nth from same
    """
    ).substitute(is_odd=_IS_ODD)
)

_UNDER_AN_OLDER_KEY: Final = text(
    """
    select exists (
        select from roster_import_rows staged cross join lateral jsonb_each(staged.contacts) as way (kind, told)
        where staged.import_id = :import and not starts_with(told ->> 'sealed', :beginning)
    )
    """
)
