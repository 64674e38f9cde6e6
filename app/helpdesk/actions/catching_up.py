"""Opening day: mail that came while the district was being prepared is filed now, in the order in which it came.

It becomes work again in batches, each in a transaction of its own. The next batch is less urgent than new mail.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.core.queue import later, later_each
from app.helpdesk.models.inbound_email import InboundEmail

AT_ONCE: Final = 100


def how_many_wait() -> int:
    """Mails that came before the district opened and that nobody has decided on."""
    waiting = InboundEmail.waiting_for_opening_day().order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def begin() -> None:
    """Have it all filed, once the transaction that opens the district has committed."""
    later("jobs.helpdesk.catch_up", queue="upkeep")


def go_on(after: UUID | None = None) -> None:
    """Make the next mails work again, after the mail of that id."""
    waiting = InboundEmail.waiting_for_opening_day().with_only_columns(InboundEmail.id).limit(AT_ONCE)
    batch = db.session.scalars(waiting if after is None else waiting.where(InboundEmail.id > after)).all()
    later_each("jobs.helpdesk.take_in", batch, queue="intake")
    if len(batch) == AT_ONCE:
        later("jobs.helpdesk.catch_up", batch[-1], queue="upkeep")
