"""A mail to whoever runs this deployment, straight through their own relay: it needs no district, and no queue.

So it leaves even while a district's mail, the workers or Redis are what is wrong.
"""

from urllib.parse import urlsplit

from app.core import clock
from app.core.db import uuid7
from app.core.settings import get_settings
from app.integrations.mailbox.smtp import operator_relay
from app.integrations.mailbox.write import OutgoingMail
from app.integrations.mailbox.write import write as written


def can_be_written() -> bool:
    """True if the settings name a relay and somebody who reads."""
    settings = get_settings()
    return bool(settings.smtp_relay_host and settings.operator_contact)


def write(subject: str, text: str) -> None:
    """Send it now. Raises TryAgain or PermanentFailure, with a sentence; OutcomeUnknown if it may have arrived."""
    settings = get_settings()
    host = urlsplit(settings.base_url).hostname
    mail = OutgoingMail(
        from_name=settings.product_name,
        from_address=settings.operator_contact,
        to_address=settings.operator_contact,
        subject=f"[{host}] {subject}",
        text=text,
        html=None,
        message_id=f"<fo.operator.{uuid7()}@{host}>",
        date=clock.now(),
    )
    operator_relay().send(written(mail), settings.operator_contact, [settings.operator_contact])
