"""Writing a text: from a contact of the roster and some words to a row that will be sent.

Whoever writes gives a key, and gets the same row however often they write under it. What must not be sent is written
down all the same, as stopped, with the reason: whoever had it written sees that another way is needed.
"""

from typing import Final
from uuid import UUID

from app.core import services
from app.core.crypto import blind_index
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.core.services import TWILIO
from app.core.tenancy import current_district_id
from app.integrations.twilio.segments import counted, plainly
from app.notices.models.text_message import PURPOSES, TRIAL, TextMessage
from app.notices.models.text_setting import TextSetting
from app.roster.models.contact import MOBILE, Contact, index_of
from app.roster.models.reaching import Unreachable, phone_number
from app.roster.models.recipients import recipients
from app.roster.models.stopped_number import BY_PAGE, BY_TEXT, BY_TWILIO, StoppedNumber
from app.roster.models.student import Student

#: Twilio takes no more letters (Message resource, Body), and nobody reads more parts than these.
MOST_LETTERS: Final = 1600
MOST_SEGMENTS: Final = 10

NOT_OPEN: Final = "The district is not open yet, so no family is texted."
NO_SETTING: Final = "Twilio is not set up, so no text can be sent."
PRACTICE: Final = "Practice: texts reach the numbers of staff that the settings name, and nobody else."
SAID_STOP: Final = "Whoever has this number answered STOP, so nothing is sent to it."
SAID_STOP_AT_TWILIO: Final = "Whoever has this number told Twilio to stop, so nothing is sent to it."
SAID_STOP_ON_THE_PAGE: Final = (
    "Whoever has this number said on the family page that they want no texts. "
    "START, sent from it, lifts that."
)
WHO_STOPPED: Final = {BY_TEXT: SAID_STOP, BY_TWILIO: SAID_STOP_AT_TWILIO, BY_PAGE: SAID_STOP_ON_THE_PAGE}
NOT_REACHABLE: Final = "The roster does not say any more that this number may be texted about this student."
IS_OFF: Final = "Twilio is turned off, so no text can be sent."
NOBODY_PRACTISES: Final = (
    "In practice a text goes to a number of staff, and the settings of Twilio name none."
)
TRIAL_WORDS: Final = (
    "{district}: this is a trial of school text messages. Reply STOP to end them, HELP for help. "
    "Message and data rates may apply."
)


class CannotText(Exception):
    """A text that cannot be written; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def write(
    contact: Contact,
    student: Student,
    words: str,
    *,
    key: str,
    purpose: str,
    about: tuple[str, UUID] | None = None,
) -> TextMessage:
    """Have a guardian texted about a student. `key`: of what this is the text, unique in the district.

    `purpose`: “absence” or “school”. Raises CannotText for words that are no text; whether the number may be texted is
    asked now, and again when it leaves.
    """
    if purpose not in PURPOSES or purpose == TRIAL:
        raise ValueError(f"{purpose!r} is no purpose of a text to a family.")
    text = TextMessage(purpose=purpose, contact_id=contact.id, student_id=student.id)
    if about is not None:
        text.about_table, text.about_id = about
    return _written(text, key, contact.value or "", words)


def trial(number: str, country: str) -> TextMessage:
    """A fixed text to one of the numbers of staff. Raises CannotText."""
    setting = TextSetting.of_this_district()
    try:
        plain = phone_number(number, country)
    except Unreachable as error:
        raise CannotText(error.sentence) from error
    if setting is None or plain not in setting.staff_numbers:
        raise CannotText(
            "Trials go to the numbers of staff that the settings name. Add this one there first."
        )
    card = district_by_id(current_district_id())
    words = TRIAL_WORDS.format(district=card.name if card else "")
    return _written(TextMessage(purpose=TRIAL), f"trial {uuid7()}", plain, words)


def practise(words: str, *, key: str, about: tuple[str, UUID]) -> TextMessage:
    """What a family would be texted, to the first of the numbers of staff. Raises CannotText."""
    setting = TextSetting.of_this_district()
    if setting is None or not setting.staff_numbers:
        raise CannotText(NOBODY_PRACTISES)
    text = TextMessage(purpose=TRIAL)
    text.about_table, text.about_id = about
    return _written(text, key, setting.staff_numbers[0], words)


def why_nobody(*, practice: bool) -> str:
    """Why no family can be texted at all as things stand now, or "". `practice`: it would go to staff."""
    setting = TextSetting.of_this_district()
    if setting is None:
        return NO_SETTING
    if not services.is_on(TWILIO):
        return IS_OFF
    return "" if practice or setting.is_live else PRACTICE


def why_not(text: TextMessage) -> str:
    """Why this text must not be sent as things stand now, or "". Asked as it is written and as it leaves."""
    setting = TextSetting.of_this_district()
    if setting is None:
        return NO_SETTING
    stopped = StoppedNumber.holding(text.number_index)
    if stopped is not None:
        return WHO_STOPPED[stopped.how]
    if text.purpose == TRIAL:
        return ""
    card = district_by_id(current_district_id())
    if card is None or not card.has_opened:
        return NOT_OPEN
    if not _may_be_texted(text):
        return NOT_REACHABLE
    if not setting.is_live and text.number not in setting.staff_numbers:
        return PRACTICE
    return ""


def index_of_number(number: str) -> str:
    """By what a number is known again: as the contacts of the roster are."""
    return index_of(MOBILE, number, blind_index)


def _written(text: TextMessage, key: str, number: str, words: str) -> TextMessage:
    known = TextMessage.of_key(key)
    if known is not None:
        return known
    plain = plainly(words.strip())
    count = counted(plain)
    if not plain:
        raise CannotText("Write what the text says.")
    if len(plain) > MOST_LETTERS or count.segments > MOST_SEGMENTS:
        raise CannotText(
            f"The text would go out in {count.segments} parts. {MOST_SEGMENTS} are the most: write less."
        )
    text.key, text.text, text.number, text.number_index = key, plain, number, index_of_number(number)
    text.encoding, text.segments = count.encoding, count.segments
    db.session.add(text)
    refusal = why_not(text)
    if refusal:
        text.stop(refusal)
        db.session.flush()
    else:
        db.session.flush()
        text.ring()
    return text


def _may_be_texted(text: TextMessage) -> bool:
    """The roster's word at this moment: the same number, still a mobile phone, still wanted, still theirs to hear."""
    contact = Contact.find(text.contact_id) if text.contact_id else None
    student = Student.find(text.student_id) if text.student_id else None
    if (
        contact is None
        or student is None
        or contact.kind != MOBILE
        or contact.value_index != text.number_index
    ):
        return False
    return any(
        way.contact_id == contact.id
        for one in recipients(student).may
        for way in one.ways
        if way.kind == MOBILE
    )
