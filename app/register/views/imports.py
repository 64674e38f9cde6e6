"""Imports of the register: upload, look at what would change and what was set aside, apply."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO, Final, cast
from uuid import UUID

from flask import Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit, foreseen
from app.core.attendance import FAULTS_IN_WORDS, Fault
from app.core.db import db, uuid_or_none
from app.core.feed import Unreadable
from app.core.files import StorageFault
from app.core.queue import TryAgain
from app.core.quotas import QuotaReached
from app.core.room import Doors
from app.integrations.spreadsheet.attendance import CALENDAR, ENROLLMENTS, SHEETS
from app.register.actions import importing
from app.register.forms import RegisterFileForm
from app.register.models import mark_change, quarantined_row, staged_row
from app.register.models.import_school import ImportSchool
from app.register.models.mark_change import NEW, WORDS, MarkChange
from app.register.models.quarantined_row import QuarantinedRow
from app.register.models.register_import import RegisterImport
from app.register.models.staged_row import StagedRow
from app.register.permissions import RULES, May
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.web.csv_file import no_formula
from app.web.guard import allow, me, opens
from app.web.page import done, go, page, wants_part

doors = Doors()

#: How many past imports the list shows.
SHOWN: Final = 20
#: Rows that are written to a download at a time.
HANDFUL: Final = 2000
LINE: Final = re.compile(r"-?[0-9]{1,9}")


@doors.get("/attendance/imports")
@allow(May.BRING_IN, RULES)
def index() -> ResponseReturnValue:
    """The last imports, and a form for the next."""
    return _listed(RegisterFileForm.filled())


@doors.post("/attendance/imports")
@allow(May.BRING_IN, RULES, paper=RegisterFileForm)
def create() -> ResponseReturnValue:
    """A file to read. Nothing changes before somebody has looked at what it would change."""
    form = RegisterFileForm.filled()
    if not form.validate():
        return _listed(form, 422)
    try:
        run = importing.begin(
            cast(BinaryIO, form.file.data[0].stream),
            by=me(),
            alone=form.alone.data,
            mode=form.mode.data,
            first=form.first_day.data,
            last=form.last_day.data,
        )
    except (Refused, StorageFault, QuotaReached) as error:
        form.refuse(error.sentence if isinstance(error, Refused) else str(error))
        return _listed(form, 422)
    if run.state == "columns":
        return go(url_for("register.imports_columns", id=run.id))
    return done("The file is being read.", url_for("register.imports_show", id=run.id))


@doors.get("/attendance/imports/<uuid:id>/columns")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def columns(run: RegisterImport) -> ResponseReturnValue:
    """Which column of which file is what."""
    return _asked_for_columns(run)


@doors.post("/attendance/imports/<uuid:id>/columns")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def choose_columns(run: RegisterImport) -> ResponseReturnValue:
    """Read it so."""
    return _asked_for_columns(run)


@doors.get("/attendance/imports/<uuid:id>")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def show(run: RegisterImport) -> ResponseReturnValue:
    """How far it is, what would change, its log. Once nothing is under way any more the page is loaded anew."""
    if wants_part() and not run.is_working:
        return make_response("", 200, {"HX-Refresh": "true"})
    counts = QuarantinedRow.counts(run.id)
    schools = ImportSchool.of(run.id)
    return page(
        "register/import.html",
        block="progress",
        run=run,
        schools=schools,
        asking=[one for one in schools if one.asks],
        applied=sum(one.applied_at is not None for one in schools),
        foreseen=[
            (one.title, url_for(one.endpoint, id=run.id))
            for one in foreseen.of_imports()
            if run.state == "ready" and opens(one.endpoint, one.may, one.rules, me())
        ],
        aside=[(file, FAULTS_IN_WORDS[Fault(fault)], count) for (file, fault), count in counts.items()],
    )


@doors.get("/attendance/imports/<uuid:id>/marks")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def changes(run: RegisterImport) -> ResponseReturnValue:
    """Marks of one school that are new, changed or gone. Leaves an access record."""
    audit.viewed(run)
    school = School.find(uuid_or_none(request.args.get("school")) or UUID(int=0))
    what = request.args.get("what", NEW)
    what = what if what in WORDS else NEW
    found = MarkChange.listed(run.id, school.id, what, _place_of_mark()) if school else []
    rows = found[: mark_change.PAGE]
    last = rows[-1] if len(found) > mark_change.PAGE else None
    return page(
        "register/changes.html",
        run=run,
        school=school,
        rows=rows,
        what=what,
        words=WORDS,
        more=f"{last.student_id}_{last.day}_{last.slot}" if last else None,
    )


@doors.get("/attendance/imports/<uuid:id>/gone")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def gone(run: RegisterImport) -> ResponseReturnValue:
    """Days and enrollments of one school that its source has no more. Leaves an access record."""
    audit.viewed(run)
    school = School.find(uuid_or_none(request.args.get("school")) or UUID(int=0))
    after = request.args.get("after", "")
    line = int(after) if LINE.fullmatch(after) else None
    found = StagedRow.gone(run.id, school.id, ENROLLMENTS, line) if school else []
    days = StagedRow.gone(run.id, school.id, CALENDAR) if school and line is None else []
    return page(
        "register/gone.html",
        run=run,
        school=school,
        days=days[: staged_row.PAGE],
        more_days=len(days) > staged_row.PAGE,
        stays=found[: staged_row.PAGE],
        more=found[staged_row.PAGE - 1].line if len(found) > staged_row.PAGE else None,
    )


@doors.get("/attendance/imports/<uuid:id>/quarantine")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def quarantine(run: RegisterImport) -> ResponseReturnValue:
    """Rows that were set aside, each with its reason. Leaves an access record."""
    audit.viewed(run)
    file, _, line = request.args.get("after", "").partition("-")
    place = (
        (file, int(line)) if file in SHEETS and line.isascii() and line.isdigit() and len(line) < 9 else None
    )
    found = QuarantinedRow.listed(run.id, place)
    rows = found[: quarantined_row.PAGE]
    more = f"{rows[-1].file}-{rows[-1].line}" if len(found) > quarantined_row.PAGE else None
    return page("register/quarantine.html", run=run, rows=rows, more=more)


@doors.get("/attendance/imports/<uuid:id>/quarantine.csv")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def quarantine_csv(run: RegisterImport) -> ResponseReturnValue:
    """All of them, as a file to pass on to whoever mends them."""
    audit.viewed(run)
    headers = {"Content-Disposition": "attachment; filename=attendance-rows-set-aside.csv"}
    return Response("".join(_as_csv(run.id)), mimetype="text/csv", headers=headers)


@doors.post("/attendance/imports/<uuid:id>/approval")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def approve(run: RegisterImport) -> ResponseReturnValue:
    """Apply it: at the schools that ask nothing, and at those of the others that are said to be right."""
    schools = {id for one in request.form.getlist("school") if (id := uuid_or_none(one))}
    return _do(run, lambda: importing.approve(run, schools=schools), "It is being applied.")


@doors.post("/attendance/imports/<uuid:id>/cancel")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def cancel(run: RegisterImport) -> ResponseReturnValue:
    """Stop it where it is."""
    return _do(run, lambda: importing.cancel(run), "The import is cancelled.")


@doors.post("/attendance/imports/<uuid:id>/resume")
@allow(May.BRING_IN, RULES, of=RegisterImport)
def resume(run: RegisterImport) -> ResponseReturnValue:
    """Go on where it stopped."""
    return _do(run, lambda: importing.resume(run), "It goes on.")


def _do(run: RegisterImport, act: Callable[[], None], sentence: str) -> ResponseReturnValue:
    here = url_for("register.imports_show", id=run.id)
    try:
        act()
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, here, tone="bad")
    return done(sentence, here)


def _listed(form: RegisterFileForm, status: int = 200) -> Response:
    return page(
        "register/imports.html",
        status=status,
        form=form,
        imports=list(db.session.scalars(RegisterImport.newest().limit(SHOWN))),
        under_way=RegisterImport.under_way(),
    )


def _asked_for_columns(run: RegisterImport) -> ResponseReturnValue:
    here = url_for("register.imports_show", id=run.id)
    posted = request.method == "POST"
    if run.state != "columns":
        return done(importing.NOT_WAITING, here, tone="bad") if posted else go(here)
    try:
        asked = importing.files_without_columns(run)
    except (Unreadable, TryAgain) as error:
        return done(str(error), here, tone="bad")
    chosen = {name: _chosen(name, columns) for name, (columns, _, _) in asked.items()} if posted else {}
    faults = list(_faults_in(chosen))
    if posted and not faults:
        try:
            importing.choose_columns(run, chosen)
        except Refused as refused:
            return done(refused.sentence, here, tone="bad")
        return done("The file is being read.", here)
    return page(
        "register/columns.html",
        status=422 if posted else 200,
        run=run,
        asked=asked,
        chosen=chosen or {name: guess for name, (_, guess, _) in asked.items()},
        sheets=SHEETS,
        faults=faults,
    )


def _chosen(name: str, columns: Sequence[str]) -> dict[str, str]:
    typed = {field: request.form.get(f"{name}.{field}", "") for field in SHEETS[name].FIELDS}
    return {field: column for field, column in typed.items() if column in columns and column}


def _faults_in(chosen: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, columns in chosen.items():
        sheet = SHEETS[name]
        for field in sheet.NEEDED:
            if field not in columns:
                yield f"{name}.csv: choose the column of “{sheet.LABELS[field]}”."
        twice = {one for one in columns.values() if list(columns.values()).count(one) > 1}
        for one in sorted(twice):
            yield f"{name}.csv: “{one}” is chosen twice. Each column can be one thing alone."


def _place_of_mark() -> tuple[UUID, date, str] | None:
    student, _, rest = request.args.get("after", "").partition("_")
    day, _, slot = rest.partition("_")
    id = uuid_or_none(student)
    try:
        return (id, date.fromisoformat(day), slot[:3]) if id else None
    except ValueError:
        return None


def _as_csv(import_id: UUID) -> Iterator[str]:
    text = io.StringIO()
    write = csv.writer(text).writerow
    fields = sorted({field for sheet in SHEETS.values() for field in sheet.FIELDS})
    write(("file", "line", *fields, "what is wrong"))
    asked = QuarantinedRow.all_of(import_id).execution_options(yield_per=HANDFUL)
    for row in db.session.scalars(asked):
        told = [str(row.told.get(field) or "") for field in fields]
        write(map(no_formula, (f"{row.file}.csv", str(row.line), *told, row.why)))
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()
