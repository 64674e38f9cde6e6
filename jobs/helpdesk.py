"""The help desk's night work."""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.helpdesk.actions import catching_up, clearing, flood, intake
from jobs import job, together


@job
def take_in(email_id: UUID) -> None:
    """File a mail that the door has stored."""
    intake.receive(email_id)


@together(take_in)
def take_in_together(requests: Mapping[UUID, str | None]) -> Collection[UUID]:
    """File those that ask for something new; the others have their turn one by one."""
    return flood.receive_together(list(requests), requests)


@job
def catch_up(after: UUID | None = None) -> None:
    """Have the mail filed that came before the district opened, on from the mail of that id."""
    catching_up.go_on(after)


@job
def acknowledge(email_id: UUID) -> None:
    """Tell the writer of a mail that opened a ticket that we have it."""
    intake.acknowledge(email_id)


@job
def acknowledge_in_doubt(email_id: UUID) -> None:
    """Write the receipt that was owed when a backup was made: a person decides whether it leaves."""
    intake.acknowledge(email_id, in_doubt=True)


@job
def erase_old_mail() -> None:
    """Erase mail that nobody filed within its 30 days."""
    clearing.erase_old_mail()
