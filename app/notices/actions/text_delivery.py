"""Delivery of texts: claim the row, commit that, and only then speak to Twilio.

1. claim     queued → sending, alone, committed before a byte goes over the wire; phones may ring, and may still be rung
2. send      no transaction is open meanwhile
3. settle    sent; queued again after a pause that grows; failed; stopped; or unsure, when nobody can know

Of an unsure text Twilio tells by itself, for the address at which it tells carries the text's own id. Else it is looked
for among the texts to that number: what is found is taken for sent, and only what is not found is sent again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock, quotas, services
from app.core.db import db
from app.core.directory import district_by_id
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain, later
from app.core.services import TWILIO
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.integrations.twilio.client import Posted, Stopped, Twilio
from app.notices.actions import leaving, outcomes, text_news, texts
from app.notices.models.text_message import LISTED_AFTER, LOOK_UP, TRIAL, TextMessage, TextState
from app.notices.models.text_setting import TextSetting
from app.roster.models.stopped_number import BY_TWILIO, StoppedNumber

log = logging.getLogger(__name__)

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
MOST_AT_ONCE: Final = 200
MOST_ASKED_AFTER: Final = 20
#: Two clocks are never the same, and Twilio's times have no fractions.
LEEWAY: Final = timedelta(minutes=1)
#: Some networks never tell whether a text arrived: after this nobody asks any more.
ASKED_AFTER_FOR: Final = timedelta(days=3)

#: How an address begins that Twilio may be told to call: with a text goes the number of whoever gets it.
CALLED_AT: Final = "https://"

QUIET: Final = "It waits until phones may ring again."
ENOUGH_FOR_NOW: Final = (
    "Held back: this district sent as many texts as it may in an hour. It leaves in the next."
)
GIVEN_UP: Final = "Given up after two days: {reason}"
NOBODY_KNOWS: Final = "Nobody could find out whether this was sent: {reason}"
SILENCE: Final = "It stopped while it was being sent. Twilio is asked whether it has it."
IS_OFF: Final = "Twilio is turned off."


@dataclass(frozen=True)
class _Parcel:
    """All that an attempt needs, so that no row is read while the wire is open."""

    text_id: UUID
    attempt: int
    to: str = field(repr=False)
    words: str = field(repr=False)
    account: Twilio
    news_at: str
    #: Set where it may have been sent already, and is looked for.
    looked_for_since: datetime | None
    known: frozenset[str]


def deliver(text_id: UUID) -> None:
    """Send one text, or find out whether it was sent. Commits by itself; safe to call twice, at the same time."""
    parcel = _claim(text_id)
    if parcel is None:
        return
    try:
        if parcel.looked_for_since is None:
            posted: Posted | None = parcel.account.send(parcel.to, parcel.words, parcel.news_at)
        else:
            posted = parcel.account.alike(parcel.to, parcel.words, parcel.looked_for_since, parcel.known)
    except Stopped as stop:
        sentence = stop.sentence
        _settle(parcel, lambda text: _stop_number(text, sentence))
    except PermanentFailure as failure:
        sentence = failure.sentence
        _settle(parcel, lambda text: text.fail(sentence))
    except OutcomeUnknown as doubt:
        sentence = doubt.sentence
        _settle(parcel, lambda text: _doubt(text, sentence))
    except TryAgain as wish:
        _settle(parcel, _put_off(wish))
    except Exception:
        _settle(parcel, _take_back)
        raise
    else:
        _settle(parcel, lambda text: _found(text, posted))


def look_up(text_id: UUID) -> None:
    """Ask what became of a text that Twilio told nothing more of. Commits by itself."""
    text = TextMessage.find(text_id)
    if text is None or text.state != TextState.SENT or text.sid is None:
        return
    sid, account = text.sid, _account()
    db.session.commit()  # nobody waits for Twilio with a transaction open
    if account is None or not services.is_on(TWILIO):
        return
    db.session.commit()
    try:
        posted = account.look_up(sid)
    except (TryAgain, PermanentFailure) as answer:
        log.info("text=%s not looked up: %s", text_id, type(answer).__name__)
        return
    text_news.take(text_id, posted)
    db.session.commit()


def send_what_is_due() -> int:
    """Ring for what nobody will call, take back what was left half-way, ask after what nobody told of."""
    now = clock.now()
    forsaken = db.session.scalars(
        TextMessage.forsaken(now).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    for text in forsaken:
        _take_back(text)
        outcomes.of_text(text)
    unheard = db.session.scalars(TextMessage.unheard(now).limit(MOST_AT_ONCE)).all()
    for text in unheard:
        text.ring()
    silent = db.session.scalars(
        TextMessage.without_news(now).limit(MOST_ASKED_AFTER).with_for_update(skip_locked=True)
    ).all()
    for text in silent:
        since = now - (text.sent_at or now)
        text.next_try_at = now + 2 * max(since, text_news.NEWS_WITHIN) if since < ASKED_AFTER_FOR else None
        later(LOOK_UP, text.id, queue="notifications")
    return len(forsaken) + len(unheard) + len(silent)


def _claim(text_id: UUID) -> _Parcel | None:
    """Take the text, alone, if it may still be sent. What waits says why."""
    text = db.session.get(TextMessage, text_id, with_for_update={"skip_locked": True}, populate_existing=True)
    now = clock.now()
    if text is None or not _is_ready(text, now):
        db.session.commit()
        return None
    is_sent_perhaps = text.state == TextState.UNSURE
    if not is_sent_perhaps and _must_wait(text, now):
        db.session.commit()
        return None
    account = _account()
    if account is None or not services.is_on(TWILIO):
        text.attempts += 1
        _put_off(TryAgain(IS_OFF))(text)
        outcomes.of_text(text)
        db.session.commit()
        return None
    text.claim(now)
    since = (text.handed_over_at or text.made_at) - LEEWAY if is_sent_perhaps else None
    parcel = _Parcel(
        text_id=text.id,
        attempt=text.attempts,
        to=text.number or "",
        words=text.text,
        account=account,
        news_at=_news_at(text),
        looked_for_since=since,
        known=_known(text, since) if since else frozenset(),
    )
    db.session.commit()
    return parcel


def _is_ready(text: TextMessage, now: datetime) -> bool:
    if text.claimed_until is not None and text.is_forsaken(now):
        _take_back(text)
    is_free = text.claimed_until is None and text.state in {TextState.QUEUED, TextState.UNSURE}
    return is_free and (text.next_try_at is None or text.next_try_at <= now)


def _must_wait(text: TextMessage, now: datetime) -> bool:
    """True for what does not leave now: it is stopped, or waits, and says why."""
    refusal = leaving.refuse_text(text) or texts.why_not(text)
    if refusal:
        text.stop(refusal)
        outcomes.of_text(text)
        return True
    setting = TextSetting.of_this_district()
    ring_from = setting.quiet_until(now) if setting and text.purpose != TRIAL else None
    if ring_from is not None:
        text.begin_anew(QUIET, ring_from)
        return True
    if quotas.is_reached(quotas.TEXTS_OUT):
        text.begin_anew(ENOUGH_FOR_NOW, quotas.until_next_hour())
        return True
    return False


def _account() -> Twilio | None:
    setting = TextSetting.of_this_district()
    if setting is None or setting.missing():
        return None
    return Twilio(setting.account_sid, setting.key_sid, setting.key_secret or "", setting.sender)


def _news_at(text: TextMessage) -> str:
    """Where Twilio tells of this very text; "" where it would not call, and is asked instead."""
    base, card = get_settings().base_url, district_by_id(current_district_id())
    return f"{base}/in/twilio/{card.slug}/statuses/{text.id}" if card and base.startswith(CALLED_AT) else ""


def _known(text: TextMessage, since: datetime) -> frozenset[str]:
    """Twilio's numbers of other texts to that phone: none of them is this one."""
    theirs = select(TextMessage.sid).where(
        TextMessage.number_index == text.number_index,
        TextMessage.sid.is_not(None),
        TextMessage.made_at >= since - ASKED_AFTER_FOR,
    )
    return frozenset(sid for sid in db.session.scalars(theirs) if sid)


def _take_back(text: TextMessage) -> None:
    """Its attempt broke off. From the claim on Twilio may have it."""
    _doubt(text, SILENCE)


def _doubt(text: TextMessage, sentence: str) -> None:
    """Have Twilio asked, later each time; what can never be found out is told by another way."""
    if text.attempts > len(PAUSES):
        text.fail(NOBODY_KNOWS.format(reason=sentence))
    else:
        text.doubt(sentence, clock.now() + max(LISTED_AFTER, PAUSES[text.attempts - 1]))


def _found(text: TextMessage, posted: Posted | None) -> None:
    if posted is None:
        log.warning("text=%s is sent again: Twilio does not have it", text.id)
        text.begin_anew()
        return
    text.was_taken(posted.sid, posted.status, clock.now() + text_news.NEWS_WITHIN)
    quotas.count(quotas.TEXTS_OUT)
    text_news.become(text, posted)


def _stop_number(text: TextMessage, sentence: str) -> None:
    StoppedNumber.stop(text.number_index, BY_TWILIO)
    text.stop(sentence)


def _put_off(wish: TryAgain) -> Callable[[TextMessage], None]:
    def put_off(text: TextMessage) -> None:
        if text.state == TextState.UNSURE:
            _doubt(text, wish.sentence)
        elif text.attempts > len(PAUSES):
            text.fail(GIVEN_UP.format(reason=wish.sentence))
        else:
            text.begin_anew(wish.sentence, clock.now() + PAUSES[text.attempts - 1])

    return put_off


def _settle(parcel: _Parcel, outcome: Callable[[TextMessage], None]) -> None:
    """Write down what became of it, unless Twilio has told meanwhile or another attempt has begun."""
    text = db.session.get(TextMessage, parcel.text_id, with_for_update=True, populate_existing=True)
    is_ours = text is not None and text.claimed_until is not None and text.attempts == parcel.attempt
    if text is not None and is_ours:
        outcome(text)
        outcomes.of_text(text)
        log.info("text=%s purpose=%s %s", text.id, text.purpose, text.state)
    db.session.commit()
