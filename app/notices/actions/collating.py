"""After the cut-off: the day's approved letters, checked once more, addressed and set into the files of a print batch.

Letters to the same guardians at the same address share an envelope: brothers and sisters, each with a letter of
their own, and only where the very same guardians may be told of each. A hundred letters a transaction; a run that
breaks off leaves files that are whole, and the next goes on. What comes
after the batch was posted waits for the next one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, func, select

from app.core import clock, quotas, storage
from app.core.actor import Actor
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.core.queue import later
from app.core.tenancy import current_district_id
from app.integrations.typesetting.letters import MOST_AT_ONCE, CannotPrint, Letter, print_letters, why_not
from app.notices.actions import along, checks, leaving, lettering, passing_on
from app.notices.actions.checks import Answer
from app.notices.actions.lettering import Words
from app.notices.actions.refused import Refused
from app.notices.models.notice import LETTER, Notice, State
from app.notices.models.notice_setting import NoticeSender, NoticeSetting
from app.notices.models.print_batch import PrintBatch, PrintFile
from app.roster.models.person import Person

COLLATE: Final = "jobs.notices.collate_letters"
PRACTICE: Final = "PRACTICE: this letter goes to no family"
POSTED_ALREADY: Final = "This batch has been posted already."
STILL_AT_IT: Final = "{letters} still being set for this batch. Print them too, and post all of it then."
NOT_PRACTICE: Final = "Letters of practice are never posted."
NO_SUCH_CODE: Final = (
    "No letter has this code. Look at it again: eight letters and digits, beside the square."
)
NOT_OUT: Final = "This letter has not left, so it cannot have come back."

#: A letter, and what was answered when it was asked whether it may leave.
_Cleared = tuple[Notice, Answer]


def collate() -> int:
    """Collate what was approved before the last cut-off, at most a hundred letters. How many; there may be more."""
    if quotas.is_reached(quotas.STORED):
        return 0
    setting = NoticeSetting.of_this_district()
    day, moment = setting.last_cut_off(clock.now())
    due = (
        _due(day, moment)
        .order_by(Notice.practice, Notice.school_id, Notice.made_at, Notice.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    letters = list(db.session.scalars(due))
    for practice in (False, True):
        cleared = _cleared([one for one in letters if one.practice == practice])
        if cleared:
            batch = PrintBatch.of(day, practice)
            if batch.posted_at is None:  # it may have been while we looked
                _set(batch, cleared, setting, day)
    if len(letters) == MOST_AT_ONCE:
        later(COLLATE, queue="notifications")
    return len(letters)


def waiting(batch: PrintBatch) -> int:
    """How many letters are still to be set for it. None while the district's storage is full: they go another day."""
    day, moment = NoticeSetting.of_this_district().last_cut_off(clock.now())
    if batch.day != day or quotas.is_reached(quotas.STORED):
        return 0
    due = _due(day, moment).where(Notice.practice == batch.practice)
    return db.session.scalar(select(func.count()).select_from(due.subquery())) or 0


def post(batch: PrintBatch, *, by: Actor) -> int:
    """A named person took the batch to the post: what was not taken out of it is on its way. Raises Refused."""
    db.session.refresh(batch, with_for_update=True)
    if batch.practice:
        raise Refused(NOT_PRACTICE)
    if batch.posted_at is not None or by.person_id is None:
        raise Refused(POSTED_ALREADY)
    if left := waiting(batch):
        raise Refused(STILL_AT_IT.format(letters="One letter is" if left == 1 else f"{left} letters are"))
    batch.post(by.person_id)
    inside = select(Notice).where(Notice.batch_id == batch.id, Notice.state == State.IN_PRINT)
    letters = db.session.scalars(inside.with_for_update()).all()
    for one in letters:
        one.leave()
        along.trouble(one, "")
    return len(letters)


def take_back(notice: Notice, reason: str) -> None:
    """The post brought it back. Raises Refused."""
    db.session.refresh(notice, with_for_update=True)
    if notice.state == State.RETURNED:
        return
    if notice.channel != LETTER or notice.state not in {State.SENT, State.WITHDRAWN, State.UNDELIVERED}:
        raise Refused(NOT_OUT)
    was_withdrawn = notice.state == State.WITHDRAWN
    notice.come_back(reason)
    if was_withdrawn:
        notice.went_on()  # nobody is to be told this any more
    passing_on.go_on(notice)


def as_letter(notice: Notice, address: Sequence[str], at: datetime | None = None) -> Letter:
    """A notice as it is printed, to this address; with the date of that moment, or of now."""
    card = district_by_id(current_district_id())
    sender = NoticeSender.for_school(notice.school_id)
    zone = notice.school.zone_name if notice.school else card.zone if card else "UTC"
    names = [card.name if card else "", notice.school.name if notice.school else ""]
    return Letter(
        code=notice.code,
        date=lettering.day_in_words(clock.local(at or clock.now(), zone).date()),
        sender=(*filter(None, names), *(sender.lines if sender else ())),
        address=tuple(address),
        parts=tuple(Words.of(one).part() for one in notice.words),
    )


def preview(notice: Notice) -> bytes:
    """One letter as it stands now, marked so that nobody posts it. Raises CannotPrint."""
    address = (notice.address or "").splitlines() or [notice.addressee or ""]
    setting = NoticeSetting.of_this_district()
    letter = as_letter(notice, address)
    return print_letters([letter], setting.paper, notice.text.template.title, clock.now(), "Copy").pdf


def _due(day: date, moment: datetime) -> Select[Notice]:
    """The letters that the batches of that day wait for."""
    due = select(Notice).where(
        Notice.state == State.APPROVED, Notice.channel == LETTER, Notice.approved_at <= moment
    )
    return due.where(Notice.practice) if PrintBatch.was_posted(day) else due


def _cleared(letters: Sequence[Notice]) -> list[_Cleared]:
    """Those that may leave at this moment; the others are stopped, each with its reason."""
    found = []
    for notice in letters:
        answer = checks.ask(notice)
        if answer.may_leave and (strange := why_not(as_letter(notice, answer.address))):
            answer = Answer(reason=strange)
        if answer.may_leave:
            found.append((notice, answer))
        else:
            leaving.stop(notice, answer)
    return found


def _set(batch: PrintBatch, cleared: Sequence[_Cleared], setting: NoticeSetting, day: date) -> None:
    together: dict[str, list[_Cleared]] = {}
    for one in cleared:
        together.setdefault(one[1].together, []).append(one)
    first = batch.last_envelope + 1
    printed: list[Letter] = []
    envelope = first
    for envelope, some in enumerate(together.values(), first):
        for notice, answer in some:
            address = _practising(notice) if batch.practice else answer.address
            printed.append(as_letter(notice, address))
            notice.go_to_print(batch, envelope, address[0], "\n".join(address))
    title = f"Letters of {lettering.day_in_words(day)}, envelopes {first} to {envelope}"
    pdf = print_letters(printed, setting.paper, title, clock.now(), PRACTICE if batch.practice else "").pdf
    stored = storage.put(("letters", uuid7()), pdf, "application/pdf")
    db.session.add(
        PrintFile(
            batch_id=batch.id,
            first_envelope=first,
            last_envelope=envelope,
            letters=len(printed),
            storage_key=stored.key,
            sha256=stored.sha256,
            size=stored.size,
        )
    )
    db.session.flush()


def _practising(notice: Notice) -> tuple[str, ...]:
    """In practice a letter is addressed to whoever approved it."""
    approver = Person.find(notice.approved_by_id) if notice.approved_by_id else None
    return ("Practice copy", approver.name if approver else "")


__all__ = ["CannotPrint", "as_letter", "collate", "post", "preview", "take_back", "waiting"]
