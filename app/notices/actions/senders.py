"""Saying how families are written to: the envelope, the cut-off, practice, and whose letters they are."""

from dataclasses import dataclass
from datetime import time
from typing import Final
from uuid import UUID

from app.core.db import db
from app.notices.actions.refused import Refused
from app.notices.models.notice_setting import NoticeSender, NoticeSetting

MOST_LINES: Final = 3
TOO_MANY_LINES: Final = "A return address has three lines at most: street, place, and perhaps the country."


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Whose letters they are."""

    return_address: str
    contact_name: str
    contact_phone: str


def set_up(*, envelope: str, cut_off: time, practises: bool) -> None:
    """Keep the district's choice."""
    setting = NoticeSetting.of_this_district()
    setting.envelope, setting.cut_off, setting.practises = envelope, cut_off, practises
    db.session.add(setting)


def say_sender(school_id: UUID | None, sender: Sender) -> None:
    """Keep whose letters a school's are, or the whole district's. Raises Refused."""
    lines = [line.strip() for line in sender.return_address.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise Refused(TOO_MANY_LINES)
    row = NoticeSender.of(school_id) or NoticeSender(school_id=school_id)
    row.return_address = "\n".join(lines)
    row.contact_name, row.contact_phone = sender.contact_name.strip(), sender.contact_phone.strip()
    db.session.add(row)


def forget_sender(sender: NoticeSender) -> None:
    """The school's letters are the district's again."""
    db.session.delete(sender)
