"""Asked when a notice is approved and again at the moment it leaves: may it, still?"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core import clock, grounds
from app.notices.actions import in_english, ways
from app.notices.models.notice import LETTER, Notice
from app.notices.models.notice_setting import NoticeSetting
from app.roster.models.envelopes import Envelope, envelope_to
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
FEWER: Final = (
    "The register counts fewer days than this says: an excuse came, or it was corrected. Write it anew."
)


#: The value under which it is kept why somebody wrote other numbers than the register has.
CHANGED_BY_HAND: Final = "changed by hand"


@dataclass(frozen=True)
class Answer:
    """Whether it may leave. `gone`: what it rests on does not stand. `reason`: why not. Else to whom it goes."""

    gone: bool = False
    reason: str = ""
    #: The reason is that this channel reaches them no more; another one may.
    out_of_reach: bool = False
    address: tuple[str, ...] = ()
    #: Of a number or an email address.
    contact_id: UUID | None = None
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
    if notice.in_english_at is not None and (why := in_english.why_not(notice, notice.text)):
        return Answer(reason=why)
    if is_of_age(notice.student) and OF_AGE not in notice.caution:
        return Answer(reason=CAME_OF_AGE)
    if _says_more_than_is_so(notice):
        return Answer(reason=FEWER)
    return _of_letter(notice) if notice.channel == LETTER else _of_one(notice)


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


def _says_more_than_is_so(notice: Notice) -> bool:
    """True if a number has become smaller since it was written. One that has grown was right on its day."""
    said = notice.values
    if said.get(CHANGED_BY_HAND):
        return False
    now = grounds.values(notice.grounds_kind, notice.grounds_id)
    return any(
        value.isdecimal() and said.get(name, "").isdecimal() and int(value) < int(said[name])
        for name, value in now.items()
    )


def _of_letter(notice: Notice) -> Answer:
    home = envelope_to(notice.student, notice.guardian_ids)
    if home is None or home.language != notice.language:
        why = _why_left_out(notice)
        return Answer(reason=why or CHANGED)
    return Answer(address=(home.name, *home.address), together=_together(home))


def _together(home: Envelope) -> str:
    return "|".join([*map(str, home.guardian_ids), *home.address])


def _of_one(notice: Notice) -> Answer:
    (guardian_id,) = notice.guardian_ids
    may = next((one for one in recipients(notice.student).may if one.guardian_id == guardian_id), None)
    if may is None or may.language != notice.language:
        return Answer(reason=_why_left_out(notice) or CHANGED)
    practice = notice.practice or NoticeSetting.of_this_district().practises
    way, why = ways.by(notice.channel, may, practice=practice)
    if way is None:
        return Answer(reason=why, out_of_reach=True)
    return Answer(address=(ways.address_of(way),), contact_id=way.contact_id)


def _why_left_out(notice: Notice) -> str:
    theirs = set(notice.guardian_ids)
    return " ".join(one.why for one in recipients(notice.student).left_out if one.guardian_id in theirs)
