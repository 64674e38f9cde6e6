"""The audit log as an admin reads it: who did what to which thing, newest first. Never what people wrote."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select

from app.auth.models.audit_lines import Line, lines_of
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db

AT_MOST: Final = 50


@dataclass(frozen=True)
class Asked:
    """What the reader wants to see."""

    by: UUID | None = None
    day: date | None = None
    what: str = ""
    #: Entries older than this position.
    before: int | None = None


@dataclass(frozen=True)
class AuditPage:
    """Some lines, and the position from which the older ones go on."""

    lines: list[Line]
    older: int | None


def audit_page(asked: Asked, zone_name: str) -> AuditPage:
    """The newest entries that match."""
    rows = list(db.session.scalars(_matching(asked, zone_name).limit(AT_MOST + 1)))
    shown = rows[:AT_MOST]
    return AuditPage(lines_of(shown, zone_name), shown[-1].position if len(rows) > AT_MOST else None)


def _matching(asked: Asked, zone_name: str) -> Select[AuditEntry]:
    matching = select(AuditEntry).order_by(AuditEntry.position.desc())
    if asked.by:
        matching = matching.where(AuditEntry.by_id == asked.by)
    if asked.what:
        matching = matching.where(AuditEntry.what == asked.what)
    if asked.day:
        begins = datetime.combine(asked.day, time(), clock.zone(zone_name))
        matching = matching.where(AuditEntry.at >= begins, AuditEntry.at < begins + timedelta(days=1))
    if asked.before is not None:
        matching = matching.where(AuditEntry.position < asked.before)
    return matching
