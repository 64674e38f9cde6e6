"""Asked when a notice is approved and again at the moment it leaves: may it, still?"""

from dataclasses import dataclass
from typing import Final

from app.core import clock, grounds
from app.core.db import db
from app.notices.models.message import Message
from app.notices.models.muted_address import MutedAddress
from app.notices.models.notice import LETTER, Notice, State
from app.roster.models import contact
from app.roster.models.contact import Contact
from app.roster.models.envelopes import Envelope, envelopes
from app.roster.models.recipients import recipients
from app.roster.models.student import Student

OF_AGE: Final = (
    "The student is 18 or older, so these rights are the student's own. Decide whether a guardian is told."
)
CAME_OF_AGE: Final = (
    "The student has turned 18 since this was written. Try again, and decide whether a guardian is told."
)
CHANGED: Final = (
    "The guardians of this home, or what they may be told, have changed since this was written. Try again."
)
OUT_OF_USE: Final = "The text has been taken out of use since this was written. Try again."
MUTED: Final = "Mail to this address came back, so nothing is written to it by itself."


@dataclass(frozen=True)
class Answer:
    """Whether it may leave. `gone`: what it rests on does not stand. `reason`: why not. Else to whom it goes."""

    gone: bool = False
    reason: str = ""
    address: tuple[str, ...] = ()
    #: Who shares an envelope: the guardians, by id, and where it goes.
    together: str = ""

    @property
    def may_leave(self) -> bool:
        return not self.gone and not self.reason


def ask(notice: Notice) -> Answer:
    """The answer at this moment."""
    if why := grounds.why_not(notice.grounds_kind, notice.grounds_id):
        return Answer(gone=True, reason=why)
    texts = [one for one in (notice.text, notice.home_text) if one is not None]
    if not all(text.is_approved for text in texts):
        return Answer(reason=OUT_OF_USE)
    if is_of_age(notice.student) and OF_AGE not in notice.caution:
        return Answer(reason=CAME_OF_AGE)
    return _of_letter(notice) if notice.channel == LETTER else _of_email(notice)


def is_of_age(student: Student) -> bool:
    """True from the 18th birthday on, where the date of birth is known (FERPA, 34 CFR 99.5)."""
    if student.born is None or student.person.school is None:
        return False
    today = clock.school_day(student.person.school)
    return (today.year - 18, today.month, today.day) >= (
        student.born.year,
        student.born.month,
        student.born.day,
    )


def stop(notice: Notice, answer: Answer) -> None:
    """Write down that it does not leave."""
    if answer.gone:
        notice.cancel(answer.reason, None)
    else:
        notice.block(answer.reason)


def refuse_mail(message: Message) -> str:
    """Why a mail that carries a notice may not be sent at this moment; "" if it may, or carries none."""
    if message.about_table != Notice.__tablename__ or message.about_id is None:
        return ""
    notice = db.session.get(Notice, message.about_id, with_for_update=True, populate_existing=True)
    if notice is None or notice.state not in {State.APPROVED, State.SENT}:
        return "Held back: the notice was stopped before it left."
    answer = ask(notice)
    if not answer.may_leave:
        stop(notice, answer)
        return f"Held back: {answer.reason}"
    if not notice.practice and message.to_address != answer.address[0]:
        notice.block(CHANGED)
        return f"Held back: {CHANGED}"
    return ""


def _of_letter(notice: Notice) -> Answer:
    guardian_ids = notice.guardian_ids
    home = next((one for one in envelopes([notice.student]) if one.guardian_ids == guardian_ids), None)
    if home is None or home.language != notice.language:
        return Answer(reason=_why_left_out(notice) or CHANGED)
    return Answer(address=(home.name, *home.address), together=_together(home))


def _together(home: Envelope) -> str:
    return "|".join([*map(str, home.guardian_ids), *home.address])


def _of_email(notice: Notice) -> Answer:
    (guardian_id,) = notice.guardian_ids
    may = next((one for one in recipients(notice.student).may if one.guardian_id == guardian_id), None)
    way = next((way for way in may.ways if way.kind == contact.EMAIL), None) if may else None
    if may is None or way is None or may.language != notice.language:
        return Answer(reason=_why_left_out(notice) or CHANGED)
    address = db.session.get_one(Contact, way.contact_id).value or ""
    if MutedAddress.holding(address):
        return Answer(reason=MUTED)
    return Answer(address=(address,))


def _why_left_out(notice: Notice) -> str:
    theirs = set(notice.guardian_ids)
    return " ".join(one.why for one in recipients(notice.student).left_out if one.guardian_id in theirs)
