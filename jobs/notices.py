"""The mail room's night work. Deliveries commit by themselves: a claim before the wire, the outcome after it."""

from uuid import UUID

from app.notices.actions import collating, delivery, returns, withdrawing
from jobs import job


@job
def deliver(message_id: UUID) -> None:
    """Send one message."""
    delivery.deliver(message_id)


@job
def send_what_is_due() -> None:
    """Send messages that nobody was told of, and own up to those that were lost half-way."""
    delivery.send_what_is_due()


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
