"""Files leave the house only here: to be saved, never to be opened by a page; pictures of ours also small."""

from io import BytesIO
from typing import Final

from flask import Response, abort, send_file
from flask.typing import ResponseReturnValue

from app.core import storage
from app.core.pictures import INLINE
from app.core.room import Doors
from app.core.sniffing import UNKNOWN
from app.core.storage import FileMissing
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.permissions import RULES, May
from app.web.guard import allow

doors = Doors()

#: What may be called by its name. Everything else is bytes to be saved; nothing here is anything a browser runs.
ALLOWED: Final = INLINE | {
    "application/pdf",
    "text/plain",
    "application/zip",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "audio/mpeg",
}
SANDBOX: Final = "sandbox; default-src 'none'"


@doors.get("/attachments/<uuid:id>")
@allow(May.SEE_FILE, RULES, of=Attachment)
def show(file: Attachment) -> ResponseReturnValue:
    """The file, to be saved."""
    kind = file.content_type if file.content_type in ALLOWED else UNKNOWN
    return as_file(file.storage_key, kind, file.name)


@doors.get("/attachments/<uuid:id>/thumbnail")
@allow(May.SEE_FILE, RULES, of=Attachment)
def thumbnail(file: Attachment) -> ResponseReturnValue:
    """A small picture of a picture, drawn by ourselves; of nothing else."""
    if file.thumbnail_key is None:
        abort(404)
    return as_file(file.thumbnail_key, "image/jpeg", file.name, to_be_saved=False)


def as_file(key: str, kind: str, name: str, *, to_be_saved: bool = True) -> Response:
    """Stored bytes, so that no browser makes anything else of them than a file or a picture."""
    try:
        stream = storage.open(key)
    except FileMissing as missing:
        abort(404, str(missing))
    if not to_be_saved:  # it is small, and a browser that turns the page half-way leaves nothing open
        with stream:
            stream = BytesIO(stream.read())
    answer = send_file(stream, mimetype=kind, as_attachment=to_be_saved, download_name=name, etag=False)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
