"""Staged rows are compared with who is here: what would change, and who would go. Only the staged rows are written.

Who is who is decided here alone, once for the preview and once more when it is applied, by this order:
1. the same source knows this id already: it is the same person;
2. else exactly one person has the same address: it is they, under another id if the id they had is gone;
3. else it is somebody new.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.core.db import changed_rows, db, one_of
from app.core.feed import Rule
from app.core.queue import later, later_each
from app.core.tenancy import current_district_id
from app.roster.actions import class_comparing, family_comparing
from app.roster.actions.precedence import Standing, elsewhere
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import REMOVALS, VERDICTS, ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_import import RosterImport
from app.roster.models.school import School
from app.roster.models.source_person import SourcePerson
from app.roster.models.source_school import SourceSchool

BATCH: Final = 2000
#: The guard asks when more than this part, or this many, of a role or a school would go.
PART_THAT_MAY_GO: Final = 0.05
MANY: Final = 25
#: So many whole readings in a row must miss somebody before they are deactivated.
ABSENCES: Final = 2
#: A source that is being filled anew is short for an hour or two: asked again in that time, it says the same.
BETWEEN_READINGS: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Decision:
    """What a row means here."""

    verdict: str
    rule: Rule | None = None
    #: Of name, email, school, role, groups: what the source says anew; and what of it stays, since another says it.
    changes: Sequence[str] = ()
    kept: Sequence[str] = ()
    person: Person | None = None
    link: SourcePerson | None = None


@dataclass
class Known:
    """Whoever some rows may be about, fetched in a few questions."""

    standing: Standing
    counts_absence: bool
    links: dict[str, SourcePerson]
    people: dict[UUID, Person]
    by_address: dict[str, Person]
    #: The records that the source has of those who were found by address.
    links_of: dict[UUID, list[SourcePerson]]
    #: Of those records: the ids that this file has too, with the address that it gives them.
    present: dict[str, str]
    #: By school key of the source.
    schools: dict[str, UUID | None]
    #: What other sources said of them.
    elsewhere: dict[UUID, list[SourcePerson]]
    #: Position of the first row with an address.
    first_with: dict[str, int] = field(default_factory=dict)


def compare(run: RosterImport, _until: float) -> None:
    """One batch; after the last one: who is missing, and whether the guard must ask."""
    after, upto = run.rows_compared, min(run.rows_compared + BATCH, run.rows_staged)
    if after == upto:
        if run.has_all_classes and not run.classes_compared and _is_no_second_reading(run):
            run.has_all_classes = False
        if class_comparing.compare(run):
            return
        db.session.connection().execute(_BY_HASH)
        _find_the_missing(run)
        class_comparing.find_the_missing(run)
        _finish(run)
        return
    if run.takes_families:
        if not after:
            family_comparing.first_row_counts(run)
        family_comparing.decide(run, after, upto, family_comparing.KINDS)
    rows = ImportRow.between(run.id, after, upto)
    known = known_of(run, rows)
    for row in rows:
        if row.rule is None:
            decision = decide_school(row) if row.what == "school" else decide(row, known)
            row.verdict, row.rule = decision.verdict, str(decision.rule) if decision.rule else None
            row.changes, row.kept = list(decision.changes), list(decision.kept)
            row.person_id = decision.person.id if decision.person else None
            if decision.rule is Rule.NO_ROLE:
                # Perhaps a student: nothing of them is kept.
                row.given_name = row.family_name = row.email = ""
    # Whoever is said to have left is signed out before anybody is asked: they may sign in again if that is wrong.
    gone = [row.person_id for row in rows if row.verdict == "leaves" and row.person_id is not None]
    later_each("jobs.roster.sign_out", gone)
    run.rows_compared = upto


# --- who is who --------------------------------------------------------------------------------------------


def known_of(run: RosterImport, rows: Sequence[ImportRow]) -> Known:
    """Everything that deciding about these rows needs."""
    people_rows = [row for row in rows if row.what != "school" and row.key]
    links = SourcePerson.of_source(run.source_id, {row.key for row in people_rows})
    by_address = Person.with_addresses({row.email for row in people_rows if row.email})
    ids = {link.person_id for link in links.values()} | {one.id for one in by_address.values()}
    people = {one.id: one for one in db.session.scalars(select(Person).where(one_of(Person.id, ids)))}
    asked = select(SourcePerson).where(
        SourcePerson.source_id == run.source_id, one_of(SourcePerson.person_id, ids)
    )
    links_of: dict[UUID, list[SourcePerson]] = {}
    for link in db.session.scalars(asked):
        links_of.setdefault(link.person_id, []).append(link)
    standing = Standing.of(run.source_id)
    return Known(
        standing=standing,
        counts_absence=run.counts_absence,
        links=links,
        people=people,
        by_address=by_address,
        links_of=links_of,
        present=_present(run.id, [link.key for several in links_of.values() for link in several]),
        schools=_schools(run.source_id, {row.school_key for row in people_rows if row.school_key}),
        elsewhere=elsewhere(run.source_id, ids) if standing.has_others else {},
        first_with=_first_with(run.id, {row.email for row in people_rows if row.email}),
    )


def decide(row: ImportRow, known: Known) -> Decision:
    """What a row about one of the staff means."""
    link = known.links.get(row.key)
    if link is not None:
        return _about_known(row, link, known)
    if not row.active:
        return Decision("left_out", Rule.NOT_ENABLED)
    if not row.role:
        return Decision("left_out", Rule.NO_ROLE)
    person = known.by_address.get(row.email) if row.email else None
    if person is None:
        is_second = known.first_with.get(row.email, row.position) < row.position
        return Decision("also" if is_second else "new")
    if person.kind != "staff":
        return Decision("left_out", Rule.SOMEBODY_ELSE)
    others = known.links_of.get(person.id, [])
    speaking = next((one for one in others if one.speaks), None)
    if speaking is None:
        return _met(row, person, known)
    if known.present.get(speaking.key, row.email) not in ("", row.email):
        # Whoever had this address has another one from now on: it is somebody else's, once that is applied.
        return Decision("left_out", Rule.TAKEN, person=person)
    if speaking.key in known.present or not known.counts_absence:
        return Decision("also", person=person)
    if not person.active and speaking.left_at is None:
        return Decision("left_out", Rule.DEACTIVATED_HERE, person=person)
    changes, kept = _news(row, person, speaking, known)
    return Decision("rekeyed", changes=changes, kept=kept, person=person, link=speaking)


def _about_known(row: ImportRow, link: SourcePerson, known: Known) -> Decision:
    person = known.people[link.person_id]
    so = partial(Decision, person=person, link=link)
    if person.kind != "staff":
        return so("left_out", Rule.OTHER_KIND)
    if not row.active:
        is_to_go = person.active and link.speaks and link.left_at is None
        return so("leaves") if is_to_go else so("left_out", Rule.NOT_ENABLED)
    if not person.active and link.left_at is None:
        return so("left_out", Rule.DEACTIVATED_HERE)
    if not link.speaks:
        return so("same")
    other = known.by_address.get(row.email) if row.email else None
    if other is not None and other.id != person.id and row.email != link.email:
        return so("left_out", Rule.TAKEN)
    changes, kept = _news(row, person, link, known)
    if not person.active:
        return so("returns", changes=changes, kept=kept)
    return so("changed" if changes else "same", changes=changes, kept=kept)


def _met(row: ImportRow, person: Person, known: Known) -> Decision:
    """Somebody who was here before their source told of them."""
    if not person.active:
        return Decision("left_out", Rule.DEACTIVATED_HERE, person=person)
    school_id = known.schools.get(row.school_key)
    differs = {
        "name": (row.given_name, row.family_name) != (person.given_name, person.family_name),
        "school": school_id is not None and school_id != person.school_id,
    }
    changes = [group for group, is_new in differs.items() if is_new]
    return Decision("matched", changes=changes, kept=_keeps(changes, person, None, known), person=person)


def _news(row: ImportRow, person: Person, link: SourcePerson, known: Known) -> tuple[list[str], list[str]]:
    """What the source says otherwise than the last time, or says still and may say now. Nothing said is no news."""
    says = {
        "name": (row.given_name, row.family_name) != (link.given_name, link.family_name),
        "email": bool(row.email) and row.email != link.email,
        "school": bool(row.school_key) and row.school_key != link.school_key,
        "role": bool(row.role) and row.role != link.role,
        "groups": row.groups != link.groups,
        "presence": link.absences > 0 or link.left_at is not None,
    }
    changes = [group for group, is_new in says.items() if is_new]
    kept = _keeps(changes, person, link, known)
    return [*changes, *_due(row, person, link, known, but=changes)], kept


def _due(
    row: ImportRow, person: Person, link: SourcePerson, known: Known, *, but: Collection[str]
) -> list[str]:
    """Where another's word stands, and nobody goes before this source any more. What is empty stays empty."""
    if known.standing.is_plain:
        return []
    owner = known.by_address.get(row.email)
    words = {
        "name": (row.given_name, row.family_name),
        "email": row.email if owner is None or owner.id == person.id else None,
        "school": known.schools.get(row.school_key),
    }
    here = _here(person)
    odd = [
        group
        for group, word in words.items()
        if group not in but and word and here[group] and word != here[group]
    ]
    return [group for group in odd if group not in _keeps(odd, person, link, known)]


def _here(person: Person) -> dict[str, Any]:
    return {
        "name": (person.given_name, person.family_name),
        "email": person.email,
        "school": person.school_id,
    }


def _keeps(groups: Iterable[str], person: Person, link: SourcePerson | None, known: Known) -> list[str]:
    """Of these groups those that stay: the office, or a source that goes before this one, says otherwise."""
    here, others = _here(person), known.elsewhere.get(person.id, ())
    said = {group: link.word(group) for group in here} if link else {}
    if link is None and person.source == "mail":
        said["name"] = here["name"]  # nobody wrote it: it stood in their mail
    return [
        group
        for group in groups
        if group in here and known.standing.stays(group, here[group], said.get(group), others)
    ]


def is_known_elsewhere(link: SourcePerson) -> bool:
    """Whether another source still has them.

    A source that nobody has read for a month has nobody: else whoever changed from files to a connection would
    keep everybody for ever.
    """
    elsewhere = select(SourcePerson.id).where(
        SourcePerson.person_id == link.person_id,
        SourcePerson.source_id != link.source_id,
        SourcePerson.left_at.is_(None),
        SourcePerson.source_id.in_(RosterImport.sources_read_lately()),
    )
    return db.session.scalar(elsewhere.limit(1)) is not None


def decide_school(row: ImportRow) -> Decision:
    """What a row about a school means: the same id, else the same name, else a new school."""
    link = school_link(row)
    if link is not None:
        row.school_id = link.school_id
        return Decision("changed", changes=["name"]) if link.name != row.family_name else Decision("same")
    school = school_called(row.family_name)
    row.school_id = school.id if school else None
    return Decision("matched" if school else "new")


def school_link(row: ImportRow) -> SourceSchool | None:
    """Which school the source means."""
    run = RosterImport.find(row.import_id)
    assert run is not None
    asked = select(SourceSchool).where(SourceSchool.source_id == run.source_id, SourceSchool.key == row.key)
    return db.session.scalar(asked)


def school_called(name: str) -> School | None:
    """The school of that name, however its letters are written."""
    return db.session.scalars(select(School).where(func.lower(School.name) == name.lower()).limit(1)).first()


def _present(import_id: UUID, keys: Sequence[str]) -> dict[str, str]:
    asked = select(ImportRow.key, ImportRow.email).where(
        ImportRow.import_id == import_id, ImportRow.what == "person", one_of(ImportRow.key, keys)
    )
    return {row.key: row.email for row in db.session.execute(asked)} if keys else {}


def _schools(source_id: UUID, keys: Iterable[str]) -> dict[str, UUID | None]:
    asked = select(SourceSchool).where(
        SourceSchool.source_id == source_id, one_of(SourceSchool.key, sorted(keys))
    )
    return {one.key: one.school_id for one in db.session.scalars(asked)}


def _first_with(import_id: UUID, emails: Iterable[str]) -> dict[str, int]:
    asked = (
        select(ImportRow.email, func.min(ImportRow.position).label("first"))
        .where(
            ImportRow.import_id == import_id,
            ImportRow.what == "person",
            ImportRow.rule.is_(None),
            one_of(ImportRow.email, sorted(emails)),
        )
        .group_by(ImportRow.email)
    )
    return {row.email: row.first for row in db.session.execute(asked)}


# --- who would go ------------------------------------------------------------------------------------------


def _find_the_missing(run: RosterImport) -> None:
    """Stage a row for everybody of this source whom a whole reading did not have under any id."""
    if not run.counts_absence:
        return
    if again := _is_no_second_reading(run):
        ImportNote.write(run.id, f"{again}, so nobody's absence is counted again.")
        return
    asked = {
        "district": current_district_id(),
        "import": run.id,
        "source": run.source_id,
        "after": run.rows_staged,
        "families": run.takes_families,
        "absences": ABSENCES,
    }
    db.session.flush()
    run.rows_staged += changed_rows(db.session.connection().execute(_STAGE_THE_MISSING, asked))
    run.rows_compared = run.rows_staged


#: Until the transaction ends. Of fresh tables the planner thinks that they are small, and would look up half a
#: million rows one by one.
_BY_HASH: Final = text("select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)")

#: The records that speak for somebody who is here, and of whom the file has no record at all.
_STAGE_THE_MISSING: Final = text(
    """
    with told as (
        select key, person_id, verdict from roster_import_rows where import_id = :import and what = 'person'
    ), seen as (
        select unnest(records) as id from roster_import_seen where import_id = :import
    ), there as (
        select known.person_id from source_people known join told on told.key = known.key
            where known.source_id = :source
        union select known.person_id from source_people known join seen on seen.id = known.id
        union select person_id from told where verdict = 'rekeyed'
    )
    insert into roster_import_rows (
        id, district_id, import_id, position, what, kind, key, given_name, family_name, email, school_key, role,
        verdict, person_id
    )
    select gen_random_uuid(), :district, :import, :after + row_number() over (order by known.id), 'gone', people.kind,
        known.key, known.given_name, known.family_name, known.email, known.school_key, known.role,
        case when known.absences + 1 >= :absences then 'vanished' else 'missing' end, known.person_id
    from source_people known
    join people on people.id = known.person_id
    left join there on there.person_id = known.person_id
    where known.source_id = :source and known.speaks and known.left_at is null and people.active
        and there.person_id is null and (:families or people.kind = 'staff')
    """
)


def _is_no_second_reading(run: RosterImport) -> str:
    """Why this reading and the last are one, or "": the same file, or a source asked twice within a short while."""
    asked = select(RosterImport).where(
        RosterImport.source_id == run.source_id,
        RosterImport.state == "done",
        RosterImport.id != run.id,
        RosterImport.only_changes.is_(False),
    )
    last = db.session.scalars(asked.order_by(RosterImport.id.desc()).limit(1)).first()
    if last is None:
        return ""
    if run.is_sync:
        is_soon = run.made_at - last.made_at < BETWEEN_READINGS
        return "The source was asked less than 12 hours ago" if is_soon else ""
    return "This is the file of the last import" if last.sha256 == run.sha256 else ""


def _finish(run: RosterImport) -> None:
    db.session.flush()
    groups = [*_guarded(run), *class_comparing.guarded(run, PART_THAT_MAY_GO, MANY)]
    run.guard = {"groups": groups} if groups else {}
    counts: Counter[str] = Counter()
    for (_, verdict), count in ImportRow.counts(run.id).items():
        counts[verdict] += count
    counts["same"] += sum(int(count) for count in run.unchanged.values())
    told = ", ".join(f"{VERDICTS[name].lower()}: {counts[name]:,}" for name in VERDICTS if counts[name])
    ImportNote.write(run.id, f"Compared with who is here. {told.capitalize() or 'Nothing was found'}.")
    if run.takes_classes and (sentence := class_comparing.in_words(run)):
        ImportNote.write(run.id, sentence)
    if set(counts) <= {"same", "left_out"} and not class_comparing.is_there_anything(run):
        run.state = "done"
        ImportNote.write(run.id, "Nothing is to be changed.")
        return
    namesakes = _new_with_the_name_of_somebody_missing(run)
    if run.applies_itself and not run.guard and not namesakes:
        run.state = "applying"
        ImportNote.write(run.id, "It is applied without being asked about, as the district chose.")
        return
    run.state = "ready"
    if run.tells_admins:
        later("jobs.roster.tell_of_sync", run.id, queue="notifications")
    if namesakes:
        ImportNote.write(
            run.id,
            f"{namesakes:,} of the new people have the names of people who are missing. If these are the same people "
            "under new ids, cancel, and have their email addresses sent along: by those they are known.",
        )
    if run.guard:
        is_about_people = any("what" not in group for group in groups)
        what = (
            "people than usual would go" if is_about_people else "classes or enrollments than usual would end"
        )
        so = "they have left" if is_about_people else "they are over"
        ImportNote.write(run.id, f"More {what}. An admin has to say whether {so}.")


def _new_with_the_name_of_somebody_missing(run: RosterImport) -> int:
    names = select(ImportRow.given_name, ImportRow.family_name).where(ImportRow.import_id == run.id)
    gone = {tuple(name) for name in db.session.execute(names.where(ImportRow.what == "gone"))}
    if not gone:
        return 0
    return sum(tuple(name) in gone for name in db.session.execute(names.where(ImportRow.verdict == "new")))


def _guarded(run: RosterImport) -> list[dict[str, Any]]:
    """Roles and schools of which too many would go, with their numbers; and relationships that would end."""
    theirs = (SourcePerson.role, SourcePerson.school_id, func.count())
    going = _by_group(
        db.session.execute(
            select(*theirs)
            .join(ImportRow, ImportRow.key == SourcePerson.key)
            .where(
                SourcePerson.source_id == run.source_id,
                ImportRow.import_id == run.id,
                ImportRow.verdict.in_(REMOVALS),
            )
            .group_by(SourcePerson.role, SourcePerson.school_id)
        )
    )
    ending = family_comparing.relationships_that_end(run) if run.takes_families else 0
    if not going and not ending:
        return []
    here = (
        select(*theirs)
        .join(Person, Person.id == SourcePerson.person_id)
        .where(SourcePerson.source_id == run.source_id, SourcePerson.speaks, Person.active)
        .group_by(SourcePerson.role, SourcePerson.school_id)
    )
    all_of = _by_group(db.session.execute(here))
    if ending:
        going["relationships"] = ending
        all_of["relationships"] = family_comparing.relationships_told(run)
    names = {school.id: school.name for school in db.session.scalars(School.by_name())}
    return [
        {
            "group": names.get(group, "a school") if isinstance(group, UUID) else group,
            "gone": count,
            "of": all_of[group],
        }
        for group, count in going.items()
        if count > MANY or count > PART_THAT_MAY_GO * all_of[group]
    ]


def _by_group(rows: Iterable[Any]) -> Counter[str | UUID]:
    """Each person once under their role, and once under their school."""
    counted: Counter[str | UUID] = Counter()
    for role, school_id, count in rows:
        counted[role or "no role"] += count
        if school_id is not None:
            counted[school_id] += count
    return counted
