"""Delivery: claim the row, commit that, and only then speak to a mail server.

1. claim     queued → sending, alone, committed before a byte goes over the wire
2. carry     no transaction is open meanwhile
3. mark      handed over, committed before the dot that ends the mail
4. settle    sent; queued again after a pause that grows; failed; or unsure, when nobody can know

Whoever finds a claim whose holder died takes it back. Before the mark nobody has the mail, and it is sent anew.
After it somebody may: what a machine wrote goes once more, as the same mail, and the rest is left to a person.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from app.core import clock, quotas
from app.core.db import changed_rows, db
from app.core.mail_driver import Driver, OutcomeUnknown
from app.core.queue import PermanentFailure, TryAgain
from app.core.services import DISTRICT_RELAY
from app.core.settings import get_settings
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailbox.smtp import SmtpDoor, operator_relay
from app.integrations.mailbox.write import OutgoingMail, write
from app.notices.actions import handing_over, leaving, message_ids, outcomes
from app.notices.actions.vendors_doors import vendors_door
from app.notices.models.mail_setting import VENDORS, MailSetting, desk
from app.notices.models.message import AUTOMATIC, CARRIES_A_LINK, STOPPED_WHILE_SENDING, Message, State

log = logging.getLogger(__name__)

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
MOST_AT_ONCE: Final = 200
#: To a recipient silence is worse than the same receipt twice.
MOST_REPEATS: Final = 1
#: Seconds between the tries to write down what a server answered, while the database is away.
SETTLE_AGAIN_AFTER: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)

NO_SERVER: Final = (
    "No mail server is set up, so nothing can be sent. A district admin can choose one in the mail settings."
)
ENOUGH_FOR_NOW: Final = (
    "Held back: this district sent as many emails as it may in an hour. It leaves in the next."
)
GIVEN_UP: Final = "Given up after two days: {reason}"
TRY_A_SENT_ONE: Final = "This email has been sent, or is on its way. There is nothing to send again."
LINK_RAN_OUT: Final = "The link in this email has run out. Send the person a new one instead."


class CannotSendAgain(Exception):
    """A message that is not sent again; the sentence says why."""


class _TakenOver(Exception):
    """Somebody else has this message now, so this attempt must not end."""


@dataclass(frozen=True)
class _Parcel:
    """All that an attempt needs, so that no row is read while the wire is open."""

    message_id: UUID
    attempt: int
    raw: bytes = field(repr=False)
    envelope_from: str
    to: str
    driver: Driver
    stays_here: bool


def deliver(message_id: UUID) -> None:
    """Send one message, if it is to be sent. Commits by itself; safe to call twice, at the same time."""
    parcel = _claim(message_id)
    if parcel is None:
        return
    try:
        parcel.driver.send(parcel.raw, parcel.envelope_from, [parcel.to], lambda: _mark(parcel))
    except PermanentFailure as failure:
        sentence = failure.sentence
        _settle(parcel, lambda message: message.fail(sentence))
    except OutcomeUnknown as doubt:
        sentence = doubt.sentence
        _settle(parcel, lambda message: message.doubt(sentence))
    except TryAgain as wish:
        _settle(parcel, _put_off(parcel.attempt, wish))
    except _TakenOver:
        log.warning("message=%s was taken over before it had left", parcel.message_id)
    except Exception:
        _settle(parcel, _take_back)
        raise
    else:
        _settle(parcel, lambda message: _has_left(message, parcel))


def send_what_is_due() -> int:
    """Ring for what nobody will call, and take back what was left half-way. How many were looked after."""
    now = clock.now()
    forsaken = db.session.scalars(
        Message.forsaken(now).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    for message in forsaken:
        _take_back(message)
    unheard = db.session.scalars(Message.unheard(now).limit(MOST_AT_ONCE)).all()
    for message in unheard:
        message.ring()
    return len(forsaken) + len(unheard)


def send_again(message: Message) -> None:
    """A person decides that it goes once more, as the same mail. Raises CannotSendAgain."""
    db.session.refresh(message, with_for_update=True)
    if message.link_ran_out:
        raise CannotSendAgain(LINK_RAN_OUT)
    if not message.may_be_sent_again:
        raise CannotSendAgain(TRY_A_SENT_ONE)
    ours = desk()
    if not message.from_address and ours.address:
        message_ids.sign(message, ours)
    message.queue_anew()


def _claim(message_id: UUID) -> _Parcel | None:
    """Take the message, alone. What cannot even be written down has failed here."""
    message = db.session.get(
        Message, message_id, with_for_update={"skip_locked": True}, populate_existing=True
    )
    now = clock.now()
    if message is None or not _is_ready(message):
        db.session.commit()
        return None
    if quotas.is_reached(quotas.MAILS_OUT):
        message.wait(quotas.until_next_hour(), ENOUGH_FOR_NOW)
        db.session.commit()
        return None
    if refusal := leaving.refuse_mail(message):
        message.fail(refusal)
        db.session.commit()
        return None
    message.claim(now)
    try:
        parcel = _packed(message)
    except PermanentFailure as failure:
        message.fail(failure.sentence)
        outcomes.of_mail(message)
        parcel = None
    except TryAgain as wish:
        _put_off(message.attempts, wish)(message)
        outcomes.of_mail(message)
        parcel = None
    db.session.commit()
    return parcel


def _is_ready(message: Message) -> bool:
    now = clock.now()
    if message.state == State.SENDING and message.is_forsaken(now):
        _take_back(message)
    return message.state == State.QUEUED and (message.next_try_at is None or message.next_try_at <= now)


def _take_back(message: Message) -> None:
    """Its attempt broke off."""
    if message.handed_over_at is None:
        message.begin_anew()
    elif message.kind in AUTOMATIC and message.repeats < MOST_REPEATS:
        log.warning("message=%s kind=%s is sent once more; it may have arrived", message.id, message.kind)
        message.repeat()
    else:
        message.doubt(STOPPED_WHILE_SENDING)


def _packed(message: Message) -> _Parcel:
    mail = OutgoingMail(
        from_name=message.from_name,
        from_address=message.from_address,
        to_address=message.to_address,
        subject=message.subject,
        text=message.text,
        html=message.html or None,
        message_id=message.message_id or "",
        date=message.made_at,
        reply_to=message.reply_to or None,
        in_reply_to=message.in_reply_to,
        references=tuple(message.reference_ids),
        loop_mark=message_ids.loop_mark(),
        unsubscribe=handing_over.unsubscribe_at(message),
    )
    driver = _driver()
    return _Parcel(
        message_id=message.id,
        attempt=message.attempts,
        raw=write(mail),
        envelope_from=message.envelope_from,
        to=message.to_address,
        driver=driver,
        stays_here=isinstance(driver, Maildir),
    )


def _driver() -> Driver:
    """The way this district's mail leaves. Raises TryAgain while there is none: the mail waits for it."""
    ours, settings = desk(), get_settings()
    if ours.driver == "maildir":
        return Maildir(settings.instance / "mail" / ours.district.slug)
    if ours.driver == "smtp":
        chosen = MailSetting.of_this_district()
        assert chosen is not None
        return SmtpDoor(
            DISTRICT_RELAY,
            chosen.host,
            chosen.port,
            chosen.security,
            chosen.username,
            chosen.password or "",
        )
    if ours.driver in VENDORS:
        return vendors_door(ours)
    if not settings.smtp_relay_host:
        raise TryAgain(NO_SERVER)
    return operator_relay()


def _mark(parcel: _Parcel) -> None:
    """The last moment at which nobody has the mail: commit that it is over. Raises _TakenOver."""
    ours = Message.id == parcel.message_id, Message.attempts == parcel.attempt, Message.state == State.SENDING
    marked = db.session.execute(
        update(Message)
        .where(*ours)
        .values(handed_over_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if changed_rows(marked) != 1:
        raise _TakenOver


def _settle(parcel: _Parcel, outcome: Callable[[Message], None]) -> None:
    """Write down what became of it, unless another attempt has begun since. What is known is worth some patience."""
    for pause in SETTLE_AGAIN_AFTER:
        try:
            _write_down(parcel, outcome)
        except OperationalError:
            db.session.rollback()
            time.sleep(pause)
        else:
            return
    _write_down(parcel, outcome)


def _write_down(parcel: _Parcel, outcome: Callable[[Message], None]) -> None:
    message = db.session.get(Message, parcel.message_id, with_for_update=True, populate_existing=True)
    if (
        message is not None
        and message.attempts == parcel.attempt
        and message.state in {State.SENDING, State.QUEUED, State.UNSURE}
    ):
        outcome(message)
        outcomes.of_mail(message)
        log.info("message=%s kind=%s %s", message.id, message.kind, message.state)
    db.session.commit()


def _has_left(message: Message, parcel: _Parcel) -> None:
    message.has_left()
    quotas.count(quotas.MAILS_OUT)
    # In a folder of this machine the mail is kept in any case: the demo shows it from there.
    if message.kind in CARRIES_A_LINK and not parcel.stays_here:
        message.forget_text()


def _put_off(attempt: int, wish: TryAgain) -> Callable[[Message], None]:
    def put_off(message: Message) -> None:
        if attempt > len(PAUSES):
            message.fail(GIVEN_UP.format(reason=wish.sentence))
            return
        pause = timedelta(seconds=wish.in_seconds) if wish.in_seconds is not None else PAUSES[attempt - 1]
        message.wait(clock.now() + pause, wish.sentence)

    return put_off
