"""Every text search, under the wall.

Row-level security keeps LIKE and trigrams away from an index, so each searched table has one SQL function
(migration 0006) that reads the district from the setting itself, raises when none is set and returns ids
only. The caller joins the ids back, under both walls.

What is searched lies in a generated column `folded`: NFKD, without marks, lower case. PostgreSQL keeps it, so
no writer can forget it, and the same function folds what was typed.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Computed, text
from sqlalchemy.orm import MappedColumn, mapped_column

from app.core.db import db
from app.core.tenancy import current_district_id

#: As many as a person will page through; beyond it they add a word.
AT_MOST = 200


def folded(parts: str, *, info: dict[Any, Any]) -> MappedColumn[str]:
    """The column that a search reads: four SQL expressions, folded into one text."""
    return mapped_column(Computed(f"search_folded({parts})", persisted=True), deferred=True, info=info)


def people_matching(typed: str, limit: int = AT_MOST) -> list[UUID]:
    """Ids of the people whose name, address or title holds every word typed, by name."""
    return _matching(_PEOPLE, typed, limit)


def tickets_matching(typed: str, limit: int = AT_MOST) -> list[UUID]:
    """Ids of the tickets whose number, title, text or device tag holds every word typed, liveliest first."""
    return _matching(_TICKETS, typed, limit)


_PEOPLE = text("select * from people_matching(:typed, :limit)")
_TICKETS = text("select * from tickets_matching(:typed, :limit)")


def _matching(function: Any, typed: str, limit: int) -> list[UUID]:
    current_district_id()
    # A NUL cannot be in any text that PostgreSQL keeps.
    asked = typed.replace("\x00", " ").strip()
    if not asked:
        return []
    return list(db.session.scalars(function, {"typed": asked[:200], "limit": limit}))
