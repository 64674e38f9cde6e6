"""Imports of the roster: upload, look at what would change, apply, and why somebody is not here."""

import csv
import io
from collections.abc import Callable
from typing import BinaryIO, cast

from flask import Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.imports import ColumnsForm, RosterFileForm
from app.admin.permissions import RULES, May
from app.admin.views.answers import done_unless_refused
from app.core import audit, services
from app.core.db import db
from app.core.feed import RULES_IN_WORDS, Rule, Unreadable
from app.core.files import StorageFault
from app.core.queue import TryAgain
from app.core.room import Doors
from app.roster.actions import importing
from app.roster.actions.connectors import CONNECTORS
from app.roster.actions.refused import Refused
from app.roster.models import import_class
from app.roster.models.import_class import ImportClass
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import PAGE, VERDICTS, ImportRow
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.roster_source import ONEROSTER_CSV, RosterSource
from app.web.csv_file import no_formula
from app.web.guard import allow, me
from app.web.page import done, go, page, wants_part

doors = Doors()

#: How many past imports the list shows.
SHOWN = 20


@doors.get("/admin/imports")
@allow(May.IMPORT_PEOPLE, RULES)
def index() -> ResponseReturnValue:
    """The last imports, and a form for the next."""
    return _listed(RosterFileForm.filled())


@doors.post("/admin/imports")
@allow(May.IMPORT_PEOPLE, RULES, paper=RosterFileForm)
def create() -> ResponseReturnValue:
    """A file to read. Nothing changes before somebody has looked at what it would change."""
    form = RosterFileForm.filled()
    if not form.validate():
        return _listed(form, 422)
    try:
        run = importing.begin(cast(BinaryIO, form.file.data[0].stream), by=me(), sheet=form.sheet.data)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _listed(form, 422)
    except StorageFault as fault:
        form.refuse(str(fault))
        return _listed(form, 422)
    if run.state == "columns":
        return go(url_for("admin.imports_columns", id=run.id))
    return done("The file is being read.", url_for("admin.imports_show", id=run.id))


@doors.get("/admin/imports/<uuid:id>/columns")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def columns(run: RosterImport) -> ResponseReturnValue:
    """Of a CSV file: which column is what."""
    return _asked_for_columns(run, ColumnsForm.filled())


@doors.post("/admin/imports/<uuid:id>/columns")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport, paper=ColumnsForm)
def choose_columns(run: RosterImport) -> ResponseReturnValue:
    """Read it so."""
    return _asked_for_columns(run, ColumnsForm.filled())


@doors.get("/admin/imports/<uuid:id>")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def show(run: RosterImport) -> ResponseReturnValue:
    """How far it is, what would change, its log. Once nothing is under way any more the page is loaded anew."""
    if wants_part() and not run.is_working:
        return make_response("", 200, {"HX-Refresh": "true"})
    counts = ImportRow.counts(run.id)
    return page(
        "admin/import.html",
        block="progress",
        run=run,
        applied=ImportRow.count_applied(run),
        changes={caption: _of(counts, group, run.unchanged.get(group, 0)) for group, caption in _shown(run)},
        left_out=[(RULES_IN_WORDS[Rule(rule)], count) for rule, count in sorted(run.left_out.items())],
        notes=ImportNote.of(run.id),
        verdicts=VERDICTS,
        classes=_of_classes(run),
        class_verdicts=import_class.VERDICTS,
        of_enrollments=import_class.OF_ENROLLMENTS,
        enrollments=ImportClass.counts_of_enrollments(run.id),
    )


@doors.get("/admin/imports/<uuid:id>/classes")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def classes(run: RosterImport) -> ResponseReturnValue:
    """Classes with one verdict, those with enrollments that would change, or those that somebody looks for."""
    chosen, typed = request.args.get("what", "new"), request.args.get("q", "").strip()[:254]
    place, titles = _place(), {**import_class.VERDICTS, **import_class.OF_ENROLLMENTS}
    chosen = chosen if chosen in titles else "new"
    if typed:
        found = ImportClass.about(run.id, typed)
    elif chosen in import_class.OF_ENROLLMENTS:
        found = ImportClass.touching(run.id, chosen, place)
    else:
        found = ImportClass.with_verdict(run.id, chosen, place)
    return page(
        "admin/import_classes.html",
        run=run,
        rows=found[: import_class.PAGE],
        more=found[import_class.PAGE - 1].position if len(found) > import_class.PAGE else None,
        chosen=chosen,
        typed=typed,
        caption=f"Classes about “{typed}”" if typed else f"{_kind(chosen)}: {titles[chosen].lower()}",
        verdicts=import_class.VERDICTS,
        of_enrollments=import_class.OF_ENROLLMENTS,
    )


@doors.get("/admin/imports/<uuid:id>/rows")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def rows(run: RosterImport) -> ResponseReturnValue:
    """Those with one verdict, or those that somebody asks about, with the rule that left them out."""
    if run.takes_families:
        audit.viewed(run)
    verdict, typed = request.args.get("verdict", "new"), request.args.get("q", "").strip()[:254]
    verdict = verdict if verdict in VERDICTS else "new"
    found = ImportRow.about(run.id, typed) if typed else ImportRow.with_verdict(run.id, verdict, _place())
    return page(
        "admin/import_rows.html",
        run=run,
        rows=found[:PAGE],
        more=found[PAGE - 1].position if len(found) > PAGE else None,
        verdict=verdict,
        verdicts=VERDICTS,
        typed=typed,
        not_staff=run.left_out.get(Rule.NOT_STAFF, 0) + run.left_out.get(Rule.NO_ROLE, 0),
        unchanged=sum(run.unchanged.values()),
    )


@doors.get("/admin/imports/<uuid:id>/faults.csv")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def faults(run: RosterImport) -> ResponseReturnValue:
    """What the school should mend in its own system, as a file to pass on."""
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(("file", "line", "sourcedId", "givenName", "familyName", "email", "what is wrong"))
    for row in db.session.scalars(ImportRow.faults(run.id)):
        write(
            map(
                no_formula,
                (row.file, str(row.line), row.key, row.given_name, row.family_name, row.email, row.why),
            )
        )
    for one in ImportClass.faults(run.id):
        write(map(no_formula, (one.file, str(one.line), one.key, "", one.title, "", one.why)))
    headers = {"Content-Disposition": "attachment; filename=roster-faults.csv"}
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)


@doors.post("/admin/imports/<uuid:id>/approval")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def approve(run: RosterImport) -> ResponseReturnValue:
    """Apply it, with or without those who would go."""
    removals = request.form.get("removals") == "yes"
    return _do(run, lambda: importing.approve(run, removals=removals), "It is being applied.")


@doors.post("/admin/imports/<uuid:id>/cancel")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def cancel(run: RosterImport) -> ResponseReturnValue:
    """Stop it where it is."""
    return _do(run, lambda: importing.cancel(run), "The import is cancelled.")


@doors.post("/admin/imports/<uuid:id>/resume")
@allow(May.IMPORT_PEOPLE, RULES, of=RosterImport)
def resume(run: RosterImport) -> ResponseReturnValue:
    """Go on where it stopped."""
    return _do(run, lambda: importing.resume(run), "It goes on.")


@doors.post("/admin/imports/families")
@allow(May.IMPORT_PEOPLE, RULES)
def put_families() -> ResponseReturnValue:
    """Whether students and families are taken in."""
    takes = request.form.get("takes") == "yes"
    importing.put_families(RosterSource.of_kind(ONEROSTER_CSV), takes=takes)
    whom = "Students and families are taken in, too," if takes else "Schools and staff alone are taken in"
    return done(f"{whom} from the next import on.", url_for("admin.imports_index"))


@doors.post("/admin/imports/classes")
@allow(May.IMPORT_PEOPLE, RULES)
def put_classes() -> ResponseReturnValue:
    """Whether classes and who is in them are taken in."""
    takes = request.form.get("takes") == "yes"
    importing.put_classes(RosterSource.of_kind(ONEROSTER_CSV), takes=takes)
    sentence = (
        "Classes are taken in, too, from the next import on."
        if takes
        else "Classes are passed over from the next import on. Those that are here stay as they are."
    )
    return done(sentence, url_for("admin.imports_index"))


def _asked_for_columns(run: RosterImport, form: ColumnsForm) -> ResponseReturnValue:
    here = url_for("admin.imports_show", id=run.id)
    if run.state != "columns":
        if not form.is_submitted():
            return go(here)
        form.offer(run.source.kind, (), {}, {})
        form.refuse(importing.NOT_WAITING)
        return page("admin/import_columns.html", status=422, run=run, form=form)
    try:
        columns, guess, examples = importing.columns_of(run)
    except (Unreadable, TryAgain) as error:
        return done(str(error), here, tone="bad")
    form.offer(run.source.kind, columns, guess, examples)
    if form.is_submitted() and form.validate():
        try:
            importing.choose_columns(run, form.chosen(), has_everybody=bool(form.has_everybody.data))
        except Refused as refused:
            return done(refused.sentence, here, tone="bad")
        return done("The file is being read.", here)
    return page(
        "admin/import_columns.html",
        status=422 if form.is_submitted() else 200,
        run=run,
        form=form,
    )


def _do(run: RosterImport, act: Callable[[], None], sentence: str) -> ResponseReturnValue:
    return done_unless_refused(act, sentence, url_for("admin.imports_show", id=run.id))


def _listed(form: RosterFileForm, status: int = 200) -> Response:
    sources = list(db.session.scalars(RosterSource.all()))
    return page(
        "admin/imports.html",
        status=status,
        form=form,
        imports=list(db.session.scalars(RosterImport.newest().limit(SHOWN))),
        at_work=RosterImport.at_work(),
        waiting=RosterImport.waiting(),
        connections=[
            (services.service(one.service), services.is_on(one.service), RosterConnection.of_kind(kind))
            for kind, one in CONNECTORS.items()
        ],
        takes_families=any(source.takes_families for source in sources),
        takes_classes=any(source.takes_classes for source in sources),
    )


def _shown(run: RosterImport) -> list[tuple[str, str]]:
    families = [("student", "Students"), ("guardian", "Guardians")] if run.takes_families else []
    return [("staff", "Staff"), *families, ("school", "Schools")]


def _of(counts: dict[tuple[str, str], int], group: str, unchanged: int) -> dict[str, int]:
    """By verdict, in the order of the preview. Whom the file tells nothing new of was not staged."""
    told = {name: counts.get((group, name), 0) + (unchanged if name == "same" else 0) for name in VERDICTS}
    return {name: count for name, count in told.items() if count}


def _of_classes(run: RosterImport) -> dict[str, int]:
    """By verdict, in the order of the preview. Of which the file tells nothing new was not staged."""
    told = ImportClass.counts(run.id)
    unchanged = int(run.classes_unchanged.get("classes", 0))
    told["same"] = told.get("same", 0) + unchanged
    return {name: told[name] for name in import_class.VERDICTS if told.get(name)}


def _kind(chosen: str) -> str:
    return "Enrollments" if chosen in import_class.OF_ENROLLMENTS else "Classes"


def _place() -> int:
    after = request.args.get("after", "0")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0
