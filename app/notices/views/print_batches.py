"""The letters of a day: files to print, a list of what is in them, a list for a certificate of mailing, and posting."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response, make_response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core import audit, storage
from app.core.db import db
from app.core.room import Doors
from app.notices.actions import collating
from app.notices.actions.refused import Refused
from app.notices.models.notice import Notice, State
from app.notices.models.print_batch import PrintBatch, PrintFile
from app.notices.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page, wants_part
from app.web.saved import as_pdf

doors = Doors()

ON_A_PAGE = 60


@doors.get("/print-batches")
@allow(May.SEE_BATCHES, RULES)
def index() -> ResponseReturnValue:
    """The newest first."""
    return page("notices/print_batches.html", batches=PrintBatch.newest_first(ON_A_PAGE))


@doors.get("/print-batches/<uuid:id>")
@allow(May.SEE_BATCHES, RULES, of=PrintBatch)
def show(batch: PrintBatch) -> ResponseReturnValue:
    """Its files, and what has to be taken out of the pile. Once all letters are set the page is loaded anew."""
    waiting = collating.waiting(batch)
    if wants_part() and not waiting:
        return make_response("", 200, {"HX-Refresh": "true"})
    return page(
        "notices/print_batch.html",
        block="progress",
        batch=batch,
        waiting=waiting,
        letters=batch.letters,
        envelopes=batch.last_envelope,
        certified=Notice.certified_in(batch.id),
        taken_out=Notice.taken_out_of(batch.id),
    )


@doors.post("/print-batches/<uuid:id>/posting")
@allow(May.PRINT_LETTERS, RULES, of=PrintBatch)
def post(batch: PrintBatch) -> ResponseReturnValue:
    """They have been taken to the post."""
    go_to = url_for("notices.print_batches_show", id=batch.id)
    try:
        count = collating.post(batch, by=me())
    except Refused as refused:
        return done(refused.sentence, go_to, tone="warn")
    return done(f"{count} {'letter is' if count == 1 else 'letters are'} posted.", go_to)


@doors.get("/print-files/<uuid:id>/letters.pdf")
@allow(May.PRINT_LETTERS, RULES, of=PrintFile)
def letters(file: PrintFile) -> ResponseReturnValue:
    """One file, to be printed."""
    audit.noted("exported", PrintFile.__tablename__, file.id, letters=file.letters)
    with storage.open(file.storage_key) as stream:
        pdf = stream.read()
    return as_pdf(pdf, f"letters-{file.batch.day.isoformat()}-{file.first_envelope:05}.pdf")


@doors.get("/print-batches/<uuid:id>/manifest.csv")
@allow(May.PRINT_LETTERS, RULES, of=PrintBatch)
def manifest(batch: PrintBatch) -> ResponseReturnValue:
    """What is in which envelope."""
    rows = [
        (one.envelope, one.code, one.addressee, one.state, one.words_sha256, _posted_as(one))
        for one in _letters(batch)
    ]
    head = ("envelope", "code", "to", "state", "sha256 of the words", "post as")
    return _csv(batch, "manifest", head, rows)


@doors.get("/print-batches/<uuid:id>/certificate.csv")
@allow(May.PRINT_LETTERS, RULES, of=PrintBatch)
def certificate(batch: PrintBatch) -> ResponseReturnValue:
    """A line an envelope, as the list that a post office stamps asks for."""
    first = {one.envelope: one for one in reversed(_letters(batch)) if one.state != State.WITHDRAWN}
    rows = []
    for line, (_, one) in enumerate(sorted(first.items()), 1):
        name, *address = (one.address or "").split("\n")
        rows.append((line, name, ", ".join(address), one.code, _posted_as(one)))
    head = ("line", "addressee", "address", "code", "post as")
    return _csv(batch, "certificate-of-mailing", head, rows)


def _posted_as(notice: Notice) -> str:
    return "certified" if notice.goes_certified else "first class"


def _letters(batch: PrintBatch) -> Sequence[Notice]:
    inside = select(Notice).where(Notice.batch_id == batch.id).order_by(Notice.envelope, Notice.id)
    return db.session.scalars(inside).all()


def _csv(batch: PrintBatch, name: str, head: Iterable[str], rows: Sequence[Iterable[object]]) -> Response:
    audit.noted("exported", PrintBatch.__tablename__, batch.id, letters=len(rows))
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(head)
    writer.writerows([_safe(one) for one in row] for row in rows)
    answer = Response("\ufeff" + written.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{batch.day.isoformat()}.csv"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value
