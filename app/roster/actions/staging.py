"""The file, or what a source answered, becomes staged rows, batch by batch. Nothing of the roster itself is touched."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import IO, Any, Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock, directory, storage
from app.core.ahead import read_ahead
from app.core.db import db, insert_many, one_of, told_rows, uuid7
from app.core.feed import (
    FedGuardian,
    FedPerson,
    FedSchool,
    FedSomebody,
    FedStudent,
    Feed,
    Item,
    LeftOut,
    Remark,
    Rule,
    Unreadable,
    WholeRead,
)
from app.core.queue import TryAgain
from app.core.rolls import gathered
from app.core.tenancy import current_district_id
from app.integrations.oneroster.export import Export
from app.integrations.spreadsheet.families import FamilySheet
from app.integrations.spreadsheet.sheet import PeopleSheet
from app.integrations.spreadsheet.staff import StaffSheet
from app.roster.actions import class_staging, counting_anew, family_staging
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import FAMILY_SPREADSHEET, SPREADSHEET
from app.roster.models.source_person import SourcePerson

#: By the kind of their source.
SHEETS: Final[dict[str, type[PeopleSheet]]] = {SPREADSHEET: StaffSheet, FAMILY_SPREADSHEET: FamilySheet}
#: Items of the feed.
BATCH: Final = 5000
#: The feed itself holds those of the staff to 200,000 (integrations/oneroster/export.py).
MOST_STAGED: Final = 1_200_000
#: Beyond this the file is to be mended and not to be listed.
MOST_FAULTS: Final = 10_000
#: Where a row that is left out was about a school.
FILES_OF_SCHOOLS: Final = ("orgs.csv", "orgs", "schools")
#: Counted, and no more: nothing of them is kept.
PASSED_OVER: Final = (
    Rule.NOT_STAFF,
    Rule.NO_ROLE,
    Rule.NOT_A_SCHOOL,
    Rule.GUEST,
    Rule.NO_CLASS,
    Rule.OTHER_ENROLLMENT,
    Rule.STUDENTS_PASSED_OVER,
)


def read(run: RosterImport, until: float) -> None:
    """Take in what comes next, until time is up or everything is read. Raises Unreadable and TryAgain."""
    import_id, place = run.id, run.items_read
    with _fed(run) as fed, _batches(run, fed, place) as batches:
        for batch in batches:
            held = RosterImport.locked(import_id)
            if held is None or held.state != "reading" or held.items_read != place:
                return  # cancelled, or in other hands
            staged, classes = held.rows_staged, held.classes_staged
            _stage(held, batch)
            counting_anew.grew(staged, held.rows_staged)
            counting_anew.grew(classes, held.classes_staged)
            place += len(batch)
            held.items_read = place
            db.session.commit()
            db.session.expunge_all()
            if time.monotonic() > until:
                return


@contextmanager
def _batches(run: RosterImport, feed: Feed, place: int) -> Iterator[Iterator[list[Item]]]:
    """What comes from there on. A file is read on while what was read of it is staged."""
    whole = islice(gathered(feed) if run.takes_classes else feed, place, None)
    batches = iter(lambda: class_staging.batch_of(whole, BATCH), [])
    if run.storage_key is None:
        yield batches
    else:
        with read_ahead(batches) as ahead:
            yield ahead


def _stage(run: RosterImport, batch: Sequence[Item]) -> None:
    of_classes = [item for item in batch if class_staging.is_about_classes(item)]
    last, batch = batch[-1], [item for item in batch if not class_staging.is_about_classes(item)]
    left_out, kinds = dict(run.left_out), family_staging.who_they_are(run, _without_a_role(batch))
    told = iter(kinds)
    batch = [next(told) if isinstance(item, FedSomebody) else item for item in batch]
    run.rows_read += sum(not isinstance(item, Remark | WholeRead) for item in batch)
    run.rows_read += sum(map(class_staging.rows_of, of_classes))
    # Schools first: people are said to go there.
    _stage_one_by_one(run, batch, left_out)
    families = [item for item in batch if isinstance(item, FedStudent | FedGuardian)]
    if families:
        run.rows_staged += family_staging.stage(run, families, left_out)
    if of_classes:
        class_staging.stage(run, of_classes, left_out)
    run.left_out = left_out
    if isinstance(last, WholeRead):
        run.counts_absence, run.state = last.counts_absence, "comparing"
        run.has_all_classes = last.has_all_classes
        ImportNote.write(run.id, _whole(run))
    if sum(count for rule, count in left_out.items() if rule not in PASSED_OVER) > MOST_FAULTS:
        raise Unreadable(
            f"More than {MOST_FAULTS:,} rows have something wrong, so the source itself has. Mend it there first."
        )
    if run.rows_staged > MOST_STAGED:
        raise Unreadable(f"There are more than {MOST_STAGED:,} people in it. Nothing was taken over.")


def _without_a_role(batch: Sequence[Item]) -> list[FedSomebody]:
    return [item for item in batch if isinstance(item, FedSomebody)]


def _stage_one_by_one(run: RosterImport, batch: Sequence[Item], left_out: dict[str, int]) -> None:
    seen = _staged_already(run, batch)
    never_here = _gone_without_ever_being_here(run, batch)
    rows: list[ImportRow] = []
    for item in batch:
        if isinstance(item, Remark):
            ImportNote.write(run.id, item.sentence)
        if not isinstance(item, FedSchool | FedPerson | LeftOut):
            continue
        row = _row_of(run, item)
        rule = item.rule if isinstance(item, LeftOut) else None
        if isinstance(item, FedPerson) and item.key in never_here:
            rule = Rule.NOT_STAFF
        if rule is None:
            first = seen.setdefault((row.what, row.key), row)
            if first is not row:
                if _words(first) == _words(row):
                    continue
                rule = Rule.TWICE
        if rule is not None:
            left_out[str(rule)] = left_out.get(str(rule), 0) + 1
            if rule in PASSED_OVER:
                continue
            row.verdict, row.rule = "left_out", str(rule)
        rows.append(row)
        row.position = run.rows_staged + len(rows)
    run.rows_staged += len(rows)
    if rows:
        told = told_rows([_told(row, run.district_id) for row in rows])
        db.session.connection().execute(_ADD_ROWS, {"rows": told})


def _whole(run: RosterImport) -> str:
    unchanged = sum(int(count) for count in run.unchanged.values())
    told = f", {unchanged:,} of them as they were" if unchanged else ""
    return f"Everything was read: {run.rows_read:,} rows{told}, {run.rows_staged:,} kept to compare."


def _row_of(run: RosterImport, item: FedSchool | FedPerson | LeftOut) -> ImportRow:
    row = ImportRow(import_id=run.id, file=item.file, line=item.line, key=item.key, what="person")
    if isinstance(item, FedSchool):
        row.what, row.family_name = "school", item.name
    else:
        row.given_name, row.family_name, row.email = item.given_name, item.family_name, item.email
        if isinstance(item, FedPerson):
            row.school_key, row.role, row.active = item.school_key, item.role, item.active
            row.verdict = "new"  # foretold, as of students
            row.groups = list(item.groups)
        elif item.file in FILES_OF_SCHOOLS:
            row.what = "school"
    return row


def _told(row: ImportRow, district_id: UUID) -> dict[str, Any]:
    """As it is written, with thousands of others in one statement. The object stands for it while the batch is read."""
    words = {name: getattr(row, name) or "" for name in _WORDS}
    return words | {
        "id": str(uuid7()),
        "district_id": str(district_id),
        "import_id": str(row.import_id),
        "position": row.position,
        "what": row.what,
        "kind": "staff",
        "groups": row.groups or [],
        "active": row.active is not False,
        "line": row.line,
        "verdict": row.verdict,
        "rule": row.rule,
    }


_WORDS: Final = ("key", "given_name", "family_name", "email", "school_key", "role", "file")
_TOLD: Final = {
    *_WORDS,
    *(
        "id",
        "district_id",
        "import_id",
        "position",
        "what",
        "kind",
        "groups",
        "active",
        "line",
        "verdict",
        "rule",
    ),
}
#: What is said of none of them has the table's own default.
_ADD_ROWS: Final = insert_many(
    ImportRow.__table__, "rows", without={one.name for one in ImportRow.__table__.c} - _TOLD
)


def _gone_without_ever_being_here(run: RosterImport, batch: Sequence[Item]) -> set[str]:
    """Keys of those who are said to have left, and of whom this source never told anything else: nobody's business."""
    nameless = {
        item.key
        for item in batch
        if isinstance(item, FedPerson) and not item.active and not (item.given_name or item.family_name)
    }
    return nameless - set(SourcePerson.of_source(run.source_id, nameless))


def _words(row: ImportRow) -> tuple[object, ...]:
    active = row.active is not False
    return (
        row.given_name or "",
        row.family_name,
        row.email or "",
        row.school_key or "",
        row.role or "",
        active,
        *(row.groups or ()),
    )


def _staged_already(run: RosterImport, batch: Sequence[Item]) -> dict[tuple[str, str], ImportRow]:
    keys = [item.key for item in batch if isinstance(item, FedSchool | FedPerson)]
    rows = select(ImportRow).where(
        ImportRow.import_id == run.id, one_of(ImportRow.key, keys), ImportRow.rule.is_(None)
    )
    return {(row.what, row.key): row for row in db.session.scalars(rows)}


@contextmanager
def _fed(run: RosterImport) -> Iterator[Feed]:
    if run.is_sync:
        yield FetchedPage.feed(run.id)
        return
    with opened(run) as file:
        if run.source.kind in SHEETS:
            yield SHEETS[run.source.kind](file).items(run.columns, has_everybody=run.has_everybody)
        else:
            yield Export(
                file, today=_day_of(run), families=run.takes_families, classes=run.takes_classes
            ).items()


@contextmanager
def opened(run: RosterImport) -> Iterator[IO[bytes]]:
    """The file that was uploaded. Raises Unreadable and TryAgain.

    A zip is read from its end, which a stream out of a bucket has not: so it is copied aside, unnamed.
    """
    assert run.storage_key is not None
    with tempfile.TemporaryFile() as aside:
        try:
            with storage.open(run.storage_key) as stored:
                shutil.copyfileobj(stored, aside)
        except storage.FileMissing as error:
            raise Unreadable("The uploaded file is no longer here. Upload it once more.") from error
        except storage.StorageFault as fault:
            raise TryAgain(str(fault)) from fault
        aside.seek(0)
        yield aside


def _day_of(run: RosterImport) -> date:
    """The day of the upload in the district: the same however often reading goes on."""
    card = directory.district_by_id(current_district_id())
    return clock.local(run.made_at, card.zone if card else "UTC").date()
