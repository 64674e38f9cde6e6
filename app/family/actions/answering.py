"""What a family sends is taken in: bounded, once, and for a person to read. Nothing here excuses an absence."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.core import clock, pictures, quotas, sniffing, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.files import StorageFault
from app.core.pictures import FileRefused, Prepared
from app.family.actions.refused import NotTaken
from app.family.models.family_answer import NEEDS_NOBODY, STOP, FamilyAnswer
from app.family.models.family_file import FamilyFile
from app.family.models.family_link import FamilyLink
from app.roster.actions import contacts

FOLDER: Final = "family"
#: By one link, of all kinds.
MOST_AN_HOUR: Final = 20
PDF: Final = "application/pdf"
LARGEST_FILE: Final = 10 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file as it came. Neither its name nor its type is believed."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was filled in. `read_in`: the language of the page."""

    text: str = ""
    language: str = ""
    way: str = ""
    upload: Upload | None = None
    read_in: str = "en"


def send(link: FamilyLink, kind: str, sent: Sent, *, once: UUID) -> FamilyAnswer:
    """Take it in. The same `once` again answers with what it made. Raises NotTaken."""
    link = FamilyLink.locked(link.id)
    made = FamilyAnswer.find(once)
    if made is not None and made.link_id == link.id:
        return made
    if FamilyAnswer.sent_since(link.id, clock.now() - timedelta(hours=1)) >= MOST_AN_HOUR:
        raise NotTaken("e_often")
    # A key that stands with another link was not made by us for this one.
    answer_id = once if made is None else uuid7()
    file = _kept(_prepared(sent.upload), answer_id) if sent.upload else None
    answer = FamilyAnswer(
        id=answer_id,
        link_id=link.id,
        student_id=link.student_id,
        guardian_id=link.guardian_id,
        kind=kind,
        language=sent.language,
        way=sent.way,
        read_in=sent.read_in,
    )
    answer.text = sent.text or None
    if kind in NEEDS_NOBODY:
        answer.settle(by_id=None, by=None)
    db.session.add(answer)
    db.session.flush()
    if file is not None:
        db.session.add(file)
        db.session.flush()
    if kind == STOP:
        contacts.stop_texts(link.guardian_id, source="family page")
    return answer


def settle(answer: FamilyAnswer, remark: str, *, by: Actor) -> None:
    """Somebody of the office has done what there was to do. Again is fine, and changes nothing."""
    if not answer.is_settled:
        answer.settle(by_id=by.id, by=by.name, remark=remark.strip())


def _prepared(upload: Upload) -> Prepared:
    if len(upload.data) > LARGEST_FILE:
        raise NotTaken("e_size")
    kind = sniffing.content_type(upload.data)
    try:
        file = pictures.prepare(upload.name, kind, upload.data)
    except FileRefused as refused:
        raise NotTaken("e_broken") from refused
    if file.content_type != PDF and not file.is_picture:  # nor several pages in one picture
        raise NotTaken("e_kind")
    return file


def _kept(file: Prepared, answer_id: UUID) -> FamilyFile:
    """Stored before anything is written: what cannot be kept whole is not taken at all."""
    row = FamilyFile(id=uuid7(), answer_id=answer_id, name=file.name, content_type=file.content_type)
    try:
        quotas.refuse_if_reached(quotas.STORED)
        stored = storage.put([FOLDER, row.id], file.data, file.content_type)
        row.storage_key, row.size, row.sha256 = stored.key, stored.size, stored.sha256
        if file.thumbnail is not None:
            small = storage.put([FOLDER, f"{row.id}.small"], file.thumbnail, "image/jpeg")
            row.thumbnail_key, row.thumbnail_size = small.key, small.size
    except StorageFault as fault:
        raise NotTaken("e_closed") from fault
    return row
