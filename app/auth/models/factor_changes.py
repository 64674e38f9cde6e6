"""What was changed about somebody's way in, as they read it in a mail: from the audit log."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db

#: As it is noted → as it is told.
TOLD: Final = {
    "set up an authenticator app": "An authenticator app was set up.",
    "removed the authenticator app": "The authenticator app was removed.",
    "added a passkey": "A passkey was added.",
    "removed a passkey": "A passkey was removed.",
    "made new recovery codes": "New recovery codes were made; the older ones no longer work.",
    "added a way to sign in": "An account at Google or Microsoft was added.",
    "removed a way to sign in": "An account at Google or Microsoft was removed.",
}
LATELY: Final = timedelta(minutes=15)


def lately_changed(account_id: UUID) -> list[str]:
    """Each kind of change of the last minutes, in sentences, oldest first."""
    entries = (
        select(AuditEntry.did)
        .where(AuditEntry.which == account_id, AuditEntry.did.in_(TOLD), AuditEntry.at > clock.now() - LATELY)
        .order_by(AuditEntry.position)
        .limit(50)
    )
    return [TOLD[did] for did in dict.fromkeys(db.session.scalars(entries))]
