"""Files on their way into a ticket: made safe, stored, and given a row."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core import pictures, quotas, sniffing, storage
from app.core.db import db
from app.core.pictures import FileRefused, Prepared
from app.helpdesk.models.attachment import Attachment

FOLDER: Final = "attachments"
#: For all pictures of one mail, of this process's own work.
DRAWING_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Upload:
    """A file as it came. Neither its name nor its type is believed."""

    name: str
    declared_type: str
    data: bytes
    cid: str | None = None


def keep(uploads: Iterable[Upload]) -> list[Attachment]:
    """Store what people chose; the rows wait for attach(). Raises FileRefused for the first that cannot be kept."""
    return _all_or_none(uploads, pictures.prepare)


def keep_from_mail(uploads: Iterable[Upload]) -> list[Attachment]:
    """Store what came with a mail. Nothing of it is refused: what cannot be opened is kept as an unknown file.

    So are pictures once drawing them has taken DRAWING_SECONDS: a mail of 300 photos must not stop the others.
    """
    began = time.thread_time()

    def prepared(name: str, declared_type: str, data: bytes) -> Prepared:
        if time.thread_time() - began > DRAWING_SECONDS:
            return _as_it_came(name, data)
        return _prepared_or_as_it_came(name, declared_type, data)

    return _all_or_none((one for one in uploads if one.data), prepared)


def attach(files: Sequence[Attachment], ticket_id: UUID, reply_id: UUID | None = None) -> None:
    """Tie stored files to a ticket, or to a reply of it, that is in the database already."""
    for file in files:
        file.ticket_id, file.reply_id = ticket_id, reply_id
        db.session.add(file)


def let_go(files: Iterable[Attachment]) -> None:
    """Remove stored files whose rows never came to be."""
    for file in files:
        for key in (file.storage_key, file.thumbnail_key):
            if key:
                storage.delete(key)


def _all_or_none(
    uploads: Iterable[Upload], prepare: Callable[[str, str, bytes], Prepared]
) -> list[Attachment]:
    kept: list[Attachment] = []
    try:
        for one in uploads:
            kept.append(_stored(prepare(one.name, one.declared_type, one.data), one.cid))
    except Exception:
        let_go(kept)
        raise
    return kept


def _prepared_or_as_it_came(name: str, declared_type: str, data: bytes) -> Prepared:
    try:
        return pictures.prepare(name, declared_type, data)
    except FileRefused:
        return _as_it_came(name, data)


def _as_it_came(name: str, data: bytes) -> Prepared:
    return Prepared(sniffing.safe_name(name), sniffing.UNKNOWN, data)


def _stored(file: Prepared, cid: str | None) -> Attachment:
    row = Attachment(
        name=file.name,
        content_type=file.content_type,
        inline_cid=cid[:250] if cid else None,
        width=file.width,
        height=file.height,
    )
    quotas.refuse_if_reached(quotas.STORED)
    stored = storage.put([FOLDER, row.id], file.data, file.content_type)
    row.storage_key, row.size, row.sha256 = stored.key, stored.size, stored.sha256
    if file.thumbnail is not None:
        small = storage.put([FOLDER, f"{row.id}.small"], file.thumbnail, "image/jpeg")
        row.thumbnail_key, row.thumbnail_size = small.key, small.size
    return row
