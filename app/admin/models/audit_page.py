"""The audit log as an admin reads it: who did what to which thing, newest first. Never what people wrote."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Select, select

from app.auth.models.audit_lines import History, history
from app.core import clock
from app.core.audit import AuditEntry


@dataclass(frozen=True)
class Asked:
    """What the reader wants to see."""

    by: UUID | None = None
    day: date | None = None
    what: str = ""
    #: Entries older than this position.
    before: int | None = None


def audit_page(asked: Asked, zone_name: str) -> History:
    """The newest entries that match."""
    return history(_matching(asked, zone_name), zone_name, before=asked.before)


def _matching(asked: Asked, zone_name: str) -> Select[AuditEntry]:
    matching = select(AuditEntry)
    if asked.by:
        matching = matching.where(AuditEntry.by_id == asked.by)
    if asked.what:
        matching = matching.where(AuditEntry.what == asked.what)
    if asked.day:
        begins = datetime.combine(asked.day, time(), clock.zone(zone_name))
        matching = matching.where(AuditEntry.at >= begins, AuditEntry.at < begins + timedelta(days=1))
    return matching
