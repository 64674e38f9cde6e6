"""What was done to somebody's own record, who looked at it, and what they did: read from the audit log.

Which rows are theirs is asked of the models: their account, their person, and whatever points at either by
`account_id` or `person_id`. A new table is in it without a line here.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from app.auth.models.account import Account
from app.auth.models.audit_lines import History, history
from app.core.audit import AuditEntry
from app.core.db import Base, db
from app.core.records import every_model

#: Rows of one table that are looked up, the newest: an account has a handful of each.
MOST_ROWS: Final = 200
#: The columns by which a row belongs to somebody. Others (who asked, who is written to) only mention them.
BELONGS_BY: Final = {"account_id": "accounts", "person_id": "people"}


def own_history(account: Account, zone_name: str, *, by_others: bool, before: int | None) -> History:
    """What happened to everything that is theirs. `by_others`: leave out what they did themselves."""
    entries = select(AuditEntry).where(AuditEntry.which.in_(_theirs(account)))
    if by_others:
        entries = entries.where(AuditEntry.by_id.is_distinct_from(account.id))
    return history(entries, zone_name, before=before)


def own_doings(account: Account, zone_name: str, *, before: int | None) -> History:
    """What they did themselves, to whatever it was: what they looked at, too, where looking is written down."""
    return history(select(AuditEntry).where(AuditEntry.by_id == account.id), zone_name, before=before)


def _theirs(account: Account) -> set[UUID]:
    owners = {"account_id": account.id, "person_id": account.person_id}
    found = {id for id in owners.values() if id is not None}
    for model, column in belonging():
        owner = owners[column]
        if owner is not None:
            of: Any = model
            theirs = select(of.id).where(getattr(of, column) == owner).order_by(of.id.desc())
            found.update(db.session.scalars(theirs.limit(MOST_ROWS)))
    return found


def belonging() -> list[tuple[type[Base], str]]:
    """Each audited model whose rows belong to an account or a person, and the column that says to which."""
    return [
        (model, column)
        for model in every_model()
        if getattr(model, "__audited__", True)
        for column, table in BELONGS_BY.items()
        if column in model.__table__.columns
        and model.__tablename__ not in BELONGS_BY.values()
        and any(key.referred_table.name == table for key in model.__table__.foreign_key_constraints)  # type: ignore[attr-defined]
    ]
