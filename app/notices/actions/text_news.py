"""What Twilio tells by itself: what became of a text, and who answered STOP, START or HELP.

Everything may be told twice, late and in any order. A text changes only from a state in which something may still
become of it, and an earlier word never takes back a later one. A text that came in counts once, by its number there.
"""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.core import clock, quotas
from app.core.db import db
from app.integrations.twilio import words
from app.integrations.twilio.client import Posted
from app.integrations.twilio.hearing import Answered
from app.notices.actions import outcomes, texts
from app.notices.models.heard_text import HeardText
from app.notices.models.text_message import OPEN, TextMessage, TextState
from app.roster.models.stopped_number import BY_TEXT, BY_TWILIO, StoppedNumber

log = logging.getLogger(__name__)

#: Twilio tells by itself within minutes. After this it is asked.
NEWS_WITHIN: Final = timedelta(minutes=30)
#: Machines answer machines: nobody gets this more than once in a day.
ANSWERED_ONCE_IN: Final = timedelta(days=1)
NOBODY_READS: Final = (
    "Nobody reads replies to this number. Please call the school. Reply STOP to end these texts."
)
CANCELED: Final = "It was canceled at Twilio."


def take(text_id: UUID, told: Posted) -> None:
    """Note what became of a text. Of one that we do not know, or know under another number, nothing is noted."""
    text = db.session.get(TextMessage, text_id, with_for_update=True, populate_existing=True)
    if text is None or text.state not in OPEN or (text.sid or told.sid) != told.sid:
        return
    if text.sid is None:
        # Its sender has not heard yet that Twilio has it, or never will.
        text.was_taken(told.sid, "", clock.now() + NEWS_WITHIN)
        quotas.count(quotas.TEXTS_OUT)
    become(text, told)


def become(text: TextMessage, told: Posted) -> None:
    """A sent text is what Twilio says of it, if that is news."""
    if words.RANK.get(told.status, 0) <= words.RANK.get(text.status, 0) and told.status not in (
        words.ARRIVED | words.LOST
    ):
        return
    text.status = told.status
    if told.status in words.ARRIVED:
        text.arrive()
    elif told.code == words.STOPPED:
        StoppedNumber.stop(text.number_index, BY_TWILIO)
        text.stop(words.why(told.code))
    elif told.status in words.LOST:
        text.fail(CANCELED if told.status == "canceled" and not told.code else words.why(told.code))
    outcomes.of_text(text)
    if text.state != TextState.SENT:
        log.info("text=%s purpose=%s %s code=%s", text.id, text.purpose, text.state, told.code)


def answer(told: Answered) -> str:
    """Heed a text that came in, and say what to answer: "" where Twilio has answered, or nobody need."""
    index = texts.index_of_number(told.number)
    if not HeardText.is_news(told.sid, index, told.word):
        return ""
    if told.word == "stop":
        StoppedNumber.stop(index, BY_TEXT)
    elif told.word == "start":
        StoppedNumber.start(index)
    elif not told.word and not HeardText.has_said_something(
        index, since=clock.now() - ANSWERED_ONCE_IN, but=told.sid
    ):
        return "" if StoppedNumber.holding(index) else NOBODY_READS
    return ""


def forget_old() -> int:
    """Remove what came in long ago; how many."""
    return HeardText.forget_old()
