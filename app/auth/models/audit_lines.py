"""The audit log as people read it: who did what to which thing. Never what people wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from app.auth.models.account import Account
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.roster.models.guardian_right import RIGHTS
from app.roster.models.school import School

AT_MOST: Final = 50

#: Table → what people call a row of it. What is not here is called by its table.
THINGS: Final = {
    "accounts": "account",
    "attachments": "file",
    "categories": "category",
    "devices": "device",
    "district_contacts": "contact block",
    "districts": "district",
    "drafts": "draft",
    "guardian_contacts": "guardian's contact",
    "guardian_rights": "guardian's right",
    "guardians": "guardian",
    "guardianships": "guardian of a student",
    "household_members": "member of a household",
    "households": "household",
    "inbound_emails": "incoming mail",
    "mail_settings": "mail settings",
    "messages": "outgoing mail",
    "one_time_links": "one-time link",
    "operator_visits": "visit of the operator",
    "pages": "page",
    "people": "person",
    "replies": "reply",
    "role_grants": "role",
    "rooms": "room",
    "schools": "school",
    "service_switches": "outside service",
    "students": "student",
    "ticket_events": "timeline",
    "tickets": "ticket",
    "web_sessions": "session",
}

AN_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
A_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

#: Who acted when no account did.
OTHERS: Final = {"system": "FrontOffice", "operator": "The operator"}

#: Columns that only say that a row was touched.
NOT_TOLD: Final = frozenset({"made_at", "last_seen_at"})


@dataclass(frozen=True)
class Line:
    """One entry in words."""

    at: datetime
    by_name: str
    did: str
    thing: str
    which: UUID | None
    what: str
    #: Column, and how it changed: both sides only where the values are public.
    changes: list[tuple[str, str]]


@dataclass(frozen=True)
class History:
    """Some lines, newest first, and the position from which the older ones go on."""

    lines: list[Line]
    older: int | None


def history(entries: Select[AuditEntry], zone_name: str, *, before: int | None) -> History:
    """The newest of these entries in words, those before that position; as many as a page holds."""
    if before is not None:
        entries = entries.where(AuditEntry.position < before)
    rows = list(db.session.scalars(entries.order_by(AuditEntry.position.desc()).limit(AT_MOST + 1)))
    older = rows[AT_MOST - 1].position if len(rows) > AT_MOST else None
    return History(lines_of(rows[:AT_MOST], zone_name), older)


def lines_of(rows: Sequence[AuditEntry], zone_name: str) -> list[Line]:
    """Entries in words, in the order in which they come."""
    names = _names_of({row.by_id for row in rows if row.by_id})
    schools = {str(id): name for id, name in db.session.execute(select(School.id, School.name))}
    return [_line(row, names, schools, zone_name) for row in rows]


def _names_of(account_ids: set[UUID]) -> dict[UUID, str]:
    if not account_ids:
        return {}
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(account_ids)))
    return {row.id: row.name for row in rows}


def _line(row: AuditEntry, names: Mapping[UUID, str], schools: Mapping[str, str], zone_name: str) -> Line:
    if row.by_kind in OTHERS:
        by_name = OTHERS[row.by_kind]
    else:
        by_name = names.get(row.by_id, "Somebody who is gone") if row.by_id else "Somebody"
    return Line(
        at=row.at,
        by_name=by_name,
        did=row.did,
        thing=THINGS.get(row.what, row.what.replace("_", " ")),
        which=row.which,
        what=row.what,
        changes=[
            (_column(name), _told(value, schools, zone_name))
            for name, value in row.changes.items()
            if name not in NOT_TOLD
        ],
    )


def _column(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ")


def _told(value: Any, schools: Mapping[str, str], zone_name: str) -> str:
    if value in ("(personal)", "(private)"):
        return f"not shown {value}"
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        before, after = (_plain(one, schools, zone_name) for one in value)
        return after if value[0] is None else f"{before} → {after}"
    return _plain(value, schools, zone_name)


def _plain(value: Any, schools: Mapping[str, str], zone_name: str) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text in schools:
        return schools[text]
    if text in RIGHTS:
        return RIGHTS[text]
    if AN_ID.fullmatch(text):
        return f"…{text[-6:]}"
    if A_MOMENT.match(text):
        return clock.local(datetime.fromisoformat(text), zone_name).strftime("%Y-%m-%d %H:%M")
    return text[:120]
