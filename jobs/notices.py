"""The mail room's night work. Deliveries commit by themselves: a claim before the wire, the outcome after it."""

from uuid import UUID

from app.notices.actions import (
    collating,
    delivery,
    returns,
    sweeping,
    text_delivery,
    text_news,
    withdrawing,
)
from jobs import job


@job
def deliver(message_id: UUID) -> None:
    """Send one message."""
    delivery.deliver(message_id)


@job
def send_what_is_due() -> None:
    """Send messages and texts that nobody was told of, and own up to those that were lost half-way."""
    delivery.send_what_is_due()
    text_delivery.send_what_is_due()


@job
def forget_muted_addresses() -> None:
    """Write again by itself to addresses whose 60 days are over."""
    returns.forget_what_is_over()


@job
def collate_letters() -> None:
    """Print the letters that were approved before the cut-off, a hundred at a time."""
    collating.collate()


@job
def look_whether_notices_stand() -> None:
    """Stop notices whose reason is gone."""
    withdrawing.look_at_all()


@job
def bring_on_what_was_lost() -> None:
    """Carry, and have go on, what nothing carried and nobody brought on."""
    sweeping.bring_on_what_was_lost()


@job
def give_up_waiting() -> None:
    """Tell by another way what nobody could say of whether it arrived."""
    sweeping.give_up_waiting()


@job
def tell_of_letters_that_lie() -> None:
    """Put to a person what is not printed, or not posted."""
    sweeping.tell_of_letters_that_lie()


@job
def deliver_text(text_id: UUID) -> None:
    """Send one text, or find out whether it was sent."""
    text_delivery.deliver(text_id)


@job
def look_up_text(text_id: UUID) -> None:
    """Ask what became of a text of which nobody told."""
    text_delivery.look_up(text_id)


@job
def forget_heard_texts() -> None:
    """Forget that a text came in, 30 days later."""
    text_news.forget_old()
