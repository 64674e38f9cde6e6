"""Mail that nobody filed is kept for 30 days and then erased, with what it carried."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from app.core import clock, storage
from app.core.db import db
from app.helpdesk.models.inbound_email import InboundEmail, MailState

KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 200


def erase_old_mail() -> int:
    """Erase mail of this district that was held or discarded and came in more than 30 days ago; how many."""
    unfiled = InboundEmail.state.in_((MailState.HELD, MailState.FAILED, MailState.DISCARDED))
    old = select(InboundEmail).where(unfiled, InboundEmail.received_at < clock.now() - KEPT)
    erased = list(db.session.scalars(old.order_by(InboundEmail.id).limit(AT_ONCE)))
    for email in erased:
        # The file first: if this stops halfway, the row is still there to be found tomorrow.
        storage.delete(email.storage_key)
        db.session.delete(email)
    db.session.flush()
    return len(erased)
