"""The file becomes staged rows, batch by batch. Nothing of the register itself is touched.

Each batch is one text that PostgreSQL takes apart: role `app` may neither COPY behind the wall nor make tables of its
own, and a parameter for each value costs more than the row.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.core import directory, storage
from app.core.ahead import read_ahead
from app.core.attendance import BadRow, Fault, FedMark, FedRow
from app.core.db import db
from app.core.feed import Unreadable
from app.core.queue import TryAgain
from app.core.sheet import remark_on
from app.core.tenancy import current_district_id
from app.integrations.spreadsheet.attendance import (
    CODES,
    ENROLLMENTS,
    FILES,
    MARKS,
    STUDENTS,
    CalendarSheet,
    CodesSheet,
    EnrollmentsSheet,
    MarksSheet,
    RegisterSet,
    RegisterSheet,
    Span,
    StudentsSheet,
    checked,
)
from app.register.models.fetched_rows import FetchedRows
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from app.register.models.remembered_columns import RememberedColumns
from app.roster.models.roster_source import RosterSource
from app.roster.models.school import School
from app.roster.models.source_school import SourceSchool

BATCH: Final = 20_000
#: Beyond this the file is to be mended and not to be listed.
MOST_SET_ASIDE: Final = 100_000
#: Letters, of a value that is set aside.
LONGEST_SHOWN: Final = 200
#: Of rows with these nobody can tell whose they are.
UNCLEAR: Final = (Fault.SHORT_ROW, Fault.NO_STUDENT)

NO_ROWS: Final = "There are no rows in this file. Nothing was taken over, and no mark was removed."
NO_ANSWER: Final = (
    "It answered, but with nothing at all. That is taken for a mistake: nothing was taken over, and no mark was "
    "removed. Look whether the key may read attendance, and whether the ids of the schools are right."
)

Told = FedMark | FedRow | BadRow


def read(run: RegisterImport, until: float) -> None:
    """Take in what comes next, until time is up or everything is read. Raises Unreadable and TryAgain."""
    import_id, schools = run.id, Schools()
    # Each batch is a transaction, after which this row is no longer that one.
    read_before, columns = dict(run.rows_read), dict(run.columns)
    span = Span(run.mode, run.first_day, run.last_day)
    with _told(run, columns, span) as told:
        for name in [one for one in FILES if one in told.files]:
            done = int(read_before.get(name, 0))
            with told.batches(name, done) as batches:
                for batch in batches:
                    held = RegisterImport.locked(import_id)
                    if held is None or held.state != "reading" or held.rows_read.get(name, 0) != done:
                        return  # cancelled, or in other hands
                    if not done and (remark := told.remark(name)):
                        held.note(remark)
                    _stage(held, name, batch, schools)
                    done += len(batch)
                    held.rows_read = {**held.rows_read, name: done}
                    db.session.commit()
                    db.session.expunge_all()
                    if time.monotonic() > until:
                        return
            expected = told.rows_told(name)
            if expected is not None and expected != done:
                raise Unreadable(
                    f"The manifest says that {name}.csv has {expected:,} rows, and {done:,} were read."
                )
    held = RegisterImport.locked(import_id)
    if held is not None and held.state == "reading":
        if not held.read_in_all and (held.storage_key or held.is_window):
            raise Unreadable(NO_ROWS if held.storage_key else NO_ANSWER)
        held.state = "comparing"
        counts = ", ".join(f"{count:,} of {name}.csv" for name, count in held.rows_read.items())
        held.note(f"Everything was read: {counts}.")


class _OfAFile:
    """The rows of an upload."""

    def __init__(self, told: RegisterSet, columns: dict[str, dict[str, str]], span: Span) -> None:
        self._told, self._columns, self._span = told, columns, span
        self.files: Iterable[str] = told.files
        self._encodings: dict[str, str] = {}

    @contextmanager
    def batches(self, name: str, done: int) -> Iterator[Iterator[list[Told]]]:
        """Those after so many."""
        # The rows are closed before the file is, where reading stops on its way.
        with (
            self._told.sheet(name) as sheet,
            closing(_rows(sheet, self._columns[name], self._span)) as rows,
            read_ahead(_in_batches(islice(rows, done, None))) as batches,
        ):
            self._encodings[name] = sheet.encoding
            yield batches

    def remark(self, name: str) -> str | None:
        """What is to be said of how the file is written, if anything is."""
        return remark_on(self._encodings[name], f"{name}.csv")

    def rows_told(self, name: str) -> int | None:
        """How many there are to be, if that was said."""
        return self._told.rows_told(name)


class _OfASystem:
    """The rows that a system answered with."""

    def __init__(self, import_id: UUID, span: Span) -> None:
        self._import_id, self._span = import_id, span
        self.files: Iterable[str] = FetchedRows.files(import_id)

    def batches(self, name: str, done: int) -> AbstractContextManager[Iterator[list[Told]]]:
        """Those after so many. Not read ahead: they lie in the database, and a session is of one thread."""
        rows = FetchedRows.told(self._import_id, name, done)
        return nullcontext(_in_batches(checked(name, line, told, self._span) for line, told in rows))

    def remark(self, name: str) -> str:
        """Nothing is to be said."""
        del name
        return ""

    def rows_told(self, name: str) -> int | None:
        """Whoever asked has looked at that."""
        del name
        return None


@contextmanager
def _told(
    run: RegisterImport, columns: dict[str, dict[str, str]], span: Span
) -> Iterator[_OfAFile | _OfASystem]:
    if run.storage_key is None:
        yield _OfASystem(run.id, span)
        return
    with opened(run) as told:
        yield _OfAFile(told, columns, span)


@contextmanager
def opened(run: RegisterImport) -> Iterator[RegisterSet]:
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
        yield RegisterSet(aside, alone=run.alone, births=run.takes_births)


def columns_found(told: RegisterSet) -> dict[str, dict[str, str]]:
    """File → field → its column, of those files of which all that is needed is known. Raises Unreadable."""
    found = {}
    for name in told.files:
        with told.sheet(name) as sheet:
            columns = sheet.found(RememberedColumns.of(name))
            if not sheet.lacks(columns):
                found[name] = columns
    return found


class Schools:
    """Which school a file means: by name, by short name, or by the id that a source of the roster gives it."""

    def __init__(self) -> None:
        found: dict[str, set[UUID]] = {}
        for one in db.session.scalars(School.by_name()):
            for word in (one.name, one.short_name, str(one.id)):
                found.setdefault(word.lower(), set()).add(one.id)
        for key, school_id in db.session.execute(select(SourceSchool.key, SourceSchool.school_id)):
            found.setdefault(key.lower(), set()).add(school_id)
        self._by_word = {word: str(min(ids)) for word, ids in found.items() if len(ids) == 1}

    def find(self, written: str) -> str | None:
        """Its id; None for one that nobody knows, and for a word that several have."""
        return self._by_word.get(written.lower())


def _rows(sheet: RegisterSheet, columns: dict[str, str], span: Span) -> Generator[Told, None, None]:
    card = directory.district_by_id(current_district_id())
    day_first = card is not None and card.region == "uk"
    if isinstance(sheet, MarksSheet):
        yield from sheet.marks(columns, span, day_first=day_first)
    else:
        assert isinstance(sheet, CalendarSheet | CodesSheet | EnrollmentsSheet | StudentsSheet)
        yield from sheet.rows(columns, day_first=day_first)


def _in_batches(rows: Iterator[Told]) -> Iterator[list[Told]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _stage(run: RegisterImport, name: str, batch: Sequence[Told], schools: Schools) -> None:
    bad: list[BadRow] = [one for one in batch if isinstance(one, BadRow)]
    marks: list[str] = []
    rows: list[dict[str, Any]] = []
    for one in batch:
        if isinstance(one, FedMark):
            school = schools.find(one.school)
            if school is None:
                bad.append(BadRow(one.line, Fault.UNKNOWN_SCHOOL, _of_mark(one)))
            else:
                # A backslash means nothing to string_to_array(), and no value has a tab or a line break.
                marks.append("\t".join((str(one.line), *one[1:], school)))
        elif isinstance(one, FedRow) and (name != STUDENTS or one.told["born"]):
            written = one.told.get("school", "")
            school = schools.find(written)
            if school is None and (written or name not in (CODES, STUDENTS)):
                bad.append(BadRow(one.line, Fault.UNKNOWN_SCHOOL, one.told))
            else:
                rows.append({"line": one.line, "school_id": school, "told": dict(one.told)})
    here = {"district": run.district_id, "run": run.id}
    connection = db.session.connection()
    sources = [one.id for one in db.session.scalars(RosterSource.all())]
    if marks:
        connection.execute(_ADD_MARKS, {**here, "rows": "\n".join(marks), "sources": sources})
    if rows:
        connection.execute(
            _ADD_OF_STUDENTS if name in (ENROLLMENTS, STUDENTS) else _ADD_ROWS,
            {**here, "file": name, "rows": json.dumps(rows), "sources": sources},
        )
    if bad:
        told = [_set_aside(name, one) for one in bad]
        connection.execute(_SET_ASIDE, {**here, "file": name, "rows": json.dumps(told)})
        if name == MARKS and any(one.fault in UNCLEAR for one in bad):
            run.has_unclear_rows = True
    count = select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.import_id == run.id)
    if (db.session.scalar(count) or 0) > MOST_SET_ASIDE:
        raise Unreadable(
            f"More than {MOST_SET_ASIDE:,} rows have something wrong, so the file itself has. Are the students here, "
            "and is each column what it was taken for? Nothing was taken over."
        )


def _of_mark(one: FedMark) -> dict[str, str]:
    return {name: str(value) for name, value in zip(one._fields[1:], one[1:], strict=True) if value}


def _set_aside(name: str, one: BadRow) -> dict[str, Any]:
    told = {field: value[:LONGEST_SHOWN] for field, value in one.told.items() if value}
    knows = name == MARKS and one.fault not in (Fault.BAD_DATE, *UNCLEAR)
    slot = told.get("slot") if one.fault is not Fault.BAD_SLOT else None
    return {
        "line": one.line,
        "fault": str(one.fault),
        "told": told,
        "day": told.get("day") if knows else None,
        "slot": slot if knows else None,
    }


#: v: line, student, school, day, slot, code, minutes, reason, record, op, and the school's id here.
_ADD_MARKS: Final = text(
    """
    with lines as (
        select string_to_array(one, chr(9)) v from string_to_table(cast(:rows as text), chr(10)) one
    ),
    told as materialized (
        select v, coalesce(s.id, (
            select (array_agg(distinct p.person_id))[1] from source_people p
            join students t on t.district_id = p.district_id and t.id = p.person_id
            where p.district_id = :district and p.source_id = any(:sources) and p.key = v[2]
            having count(distinct p.person_id) = 1
        )) student_id
        from lines left join students s on s.district_id = :district and s.number = v[2]
    ),
    aside as (
        insert into register_quarantine (district_id, import_id, file, line, fault, told)
        select :district, :run, 'marks', v[1]::int, 'unknown_student', jsonb_strip_nulls(jsonb_build_object(
            'student', v[2], 'school', v[3], 'day', v[4], 'slot', v[5], 'code', v[6], 'minutes', nullif(v[7], ''),
            'reason', nullif(v[8], ''), 'record', nullif(v[9], ''), 'op', nullif(v[10], '')))
        from told where student_id is null
    )
    insert into register_staged_marks (district_id, import_id, student_id, school_id, line, day, minutes, is_gone,
        slot, code, reason, record)
    select :district, :run, student_id, v[11]::uuid, v[1]::int, v[4]::date, nullif(v[7], '')::smallint,
        v[10] = 'delete', v[5], v[6], nullif(v[8], ''), nullif(v[9], '')
    from told where student_id is not null
    """
)
_ADD_ROWS: Final = text(
    """
    insert into register_staged_rows (district_id, import_id, file, line, school_id, told, is_gone)
    select :district, :run, :file, r.line, r.school_id, r.told, coalesce(r.told ->> 'op' = 'delete', false)
    from jsonb_to_recordset(cast(:rows as jsonb)) r(line int, school_id uuid, told jsonb)
    """
)
_ADD_OF_STUDENTS: Final = text(
    """
    with told as materialized (
        select r.line, r.school_id, r.told, coalesce(s.id, (
            select (array_agg(distinct p.person_id))[1] from source_people p
            join students t on t.district_id = p.district_id and t.id = p.person_id
            where p.district_id = :district and p.source_id = any(:sources) and p.key = r.told ->> 'student'
            having count(distinct p.person_id) = 1
        )) student_id
        from jsonb_to_recordset(cast(:rows as jsonb)) r(line int, school_id uuid, told jsonb)
        left join students s on s.district_id = :district and s.number = r.told ->> 'student'
    ),
    aside as (
        insert into register_quarantine (district_id, import_id, file, line, fault, told)
        select :district, :run, :file, line, 'unknown_student', told - 'born' from told where student_id is null
    )
    insert into register_staged_rows (district_id, import_id, file, line, school_id, student_id, told, is_gone)
    select :district, :run, :file, line, school_id, student_id, told, coalesce(told ->> 'op' = 'delete', false)
    from told where student_id is not null
    """
)
_SET_ASIDE: Final = text(
    """
    insert into register_quarantine (district_id, import_id, file, line, fault, told, day, slot, student_id)
    select :district, :run, :file, r.line, r.fault, r.told, r.day, r.slot, s.id
    from jsonb_to_recordset(cast(:rows as jsonb)) r(line int, fault text, told jsonb, day date, slot text)
    left join students s on s.district_id = :district and s.number = r.told ->> 'student'
    """
)
