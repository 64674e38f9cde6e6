"""What families sent, to be saved; of photos, which we drew ourselves, also a small picture."""

from io import BytesIO
from typing import Final

from flask import Response, abort, send_file
from flask.typing import ResponseReturnValue

from app.core import audit, storage
from app.core.room import Doors
from app.core.storage import FileMissing
from app.family.models.family_file import FamilyFile
from app.family.permissions import RULES, May
from app.web.guard import allow

doors = Doors()

SANDBOX: Final = "sandbox; default-src 'none'"


@doors.get("/attendance/from-families/files/<uuid:id>")
@allow(May.SEE_FILE, RULES, of=FamilyFile)
def show(file: FamilyFile) -> ResponseReturnValue:
    """The file, to be saved. Leaves an access record of the student."""
    audit.viewed(file.answer.student)
    return _as_file(file.storage_key, file.content_type, file.name, to_be_saved=True)


@doors.get("/attendance/from-families/files/<uuid:id>/thumbnail")
@allow(May.SEE_FILE, RULES, of=FamilyFile)
def thumbnail(file: FamilyFile) -> ResponseReturnValue:
    """A small picture of a photo; of nothing else."""
    if file.thumbnail_key is None:
        abort(404)
    return _as_file(file.thumbnail_key, "image/jpeg", file.name, to_be_saved=False)


def _as_file(key: str, kind: str, name: str, *, to_be_saved: bool) -> Response:
    try:
        with storage.open(key) as stream:
            held = BytesIO(stream.read())
    except FileMissing as missing:
        abort(404, str(missing))
    answer = send_file(held, mimetype=kind, as_attachment=to_be_saved, download_name=name, etag=False)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
