"""Mail that the house could not file by itself: one of each kind that a lead meets in the first week."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

from app.core import clock, storage
from app.core.db import uuid7
from app.demo.place import Place
from app.helpdesk.models.inbound_email import MailState


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as its writer sent it, and why it waits. `{…}` is filled in from the place."""

    reason: str
    hours_ago: int
    sender: str
    subject: str
    text: str
    headers: dict[str, str]


MAILS: Final = (
    Mail(
        reason="unknown_sender",
        hours_ago=29,
        sender="Jordan Reyes <jordan.reyes@family.example>",
        subject="My son's Chromebook",
        text="Hello,\n\nmy son's Chromebook does not turn on since Friday. Whom do I ask?\n\nJordan Reyes\n",
        headers={},
    ),
    Mail(
        reason="automatic",
        hours_ago=26,
        sender="{away} <{away_email}>",
        subject="Out of office",
        text="I am out of the office until Monday. In urgent matters please call the front office.\n\n{away}\n",
        headers={"Auto-Submitted": "auto-replied"},
    ),
    Mail(
        reason="failed_authentication",
        hours_ago=7,
        sender="{lead} <{lead_email}>",
        subject="Are you at your desk?",
        text="I need a favor and cannot take calls. Send me your cell phone number.\n\n{lead}\n",
        headers={"Authentication-Results": "mx.{domain}; dmarc=fail header.from={domain}"},
    ),
    Mail(
        reason="no_school",
        hours_ago=3,
        sender="{new} <{new_email}>",
        subject="No password yet",
        text="Good morning,\n\nI teach here from this week on and have no password for the computers yet.\n\n{new}\n",
        headers={},
    ),
)


def not_filed(place: Place, domain: str) -> list[dict[str, Any]]:
    """Their rows, for the district that is open; the mails themselves are stored."""
    away = next(one for one in place.staff if not one.account)
    lead = next(one for one in place.staff if one.account)
    told = {"domain": domain}
    for role, one in (("away", away), ("lead", lead), ("new", place.newcomer)):
        told |= {role: one.name, f"{role}_email": one.email}
    return [
        _row(mail, told, f"help@{domain}", clock.now() - timedelta(hours=mail.hours_ago)) for mail in MAILS
    ]


def _row(mail: Mail, told: dict[str, str], desk: str, at: datetime) -> dict[str, Any]:
    written = EmailMessage()
    sender = mail.sender.format(**told)
    address = sender.partition("<")[2].rstrip(">")
    message_id = f"<{mail.reason}@{address.partition('@')[2]}>"
    written["From"], written["To"], written["Subject"] = sender, desk, mail.subject
    written["Date"], written["Message-ID"] = format_datetime(at), message_id
    for name, value in mail.headers.items():
        written[name] = value.format(**told)
    written.set_content(mail.text.format(**told))
    raw = written.as_bytes()
    id = uuid7()
    return {
        "id": id,
        "mailbox": desk,
        "message_id": message_id,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "envelope_from": address,
        "envelope_to": desk,
        "received_at": at,
        "made_at": at,
        "storage_key": storage.put(["mail", id], raw, "message/rfc822").key,
        "size": len(raw),
        "state": MailState.HELD,
        "reason": mail.reason,
        "from_address": address,
        "subject": mail.subject,
        "verified": False,
    }
