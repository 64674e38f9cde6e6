"""Every text search, under the wall.

Row-level security keeps LIKE, trigrams and words away from an index, so each search is an SQL function
(migrations 0006, 0014 and 0025) that reads the district from the setting itself, raises when none is set and returns
ids only. The caller joins the ids back, under both walls.

People are found by any part of a name or address: a generated column `folded` holds it, NFKD, without marks,
lower case. Tickets are found by how the words on them begin, folded alike, whoever wrote them: `ticket_words`
holds them, kept by triggers. Whatever was typed means itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Computed, text
from sqlalchemy.orm import MappedColumn, mapped_column

from app.core.db import db
from app.core.tenancy import current_district_id

#: As many as a person will page through; beyond it they add a word.
AT_MOST: Final = 200


def folded(parts: str, *, info: dict[Any, Any]) -> MappedColumn[str]:
    """The column that a search reads: four SQL expressions, folded into one text."""
    return mapped_column(Computed(f"search_folded({parts})", persisted=True), deferred=True, info=info)


def people_matching(typed: str, limit: int = AT_MOST) -> list[UUID]:
    """Ids of the staff whose name, address or title holds every word typed, by name. No student, no guardian."""
    return _matching(_PEOPLE, typed, at_most=limit)


def students_matching(
    typed: str, *, schools: Collection[UUID] | None = None, limit: int = AT_MOST
) -> list[UUID]:
    """Ids of the students in whose name or number every word typed is, by name; of those schools, or of all."""
    asked = None if schools is None else list(schools)
    return _matching(_STUDENTS, typed, at_most=limit, schools=asked)


@dataclass(frozen=True, kw_only=True)
class Among:
    """Which tickets are looked through. None means: whatever it is."""

    schools: Collection[UUID] | None = None
    closed: bool | None = None
    state: str | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False


def tickets_matching(
    typed: str,
    among: Among = Among(),
    *,
    limit: int = AT_MOST,
    beyond: int | None = None,
    oldest_first: bool = False,
) -> list[UUID]:
    """Ids of the tickets on which every word typed was said, for the desk: notes among technicians count.

    Said in number, title, text, device tag, replies, notes, or the requester's name and address. By number,
    the newest first or the oldest; `beyond` that number only.
    """
    return _matching(
        _TICKETS,
        typed,
        at_most=limit,
        beyond=beyond,
        oldest_first=oldest_first,
        schools=None if among.schools is None else list(among.schools),
        closed=among.closed,
        state=among.state,
        account=among.assignee_id,
        nobody=among.unassigned,
    )


def requests_matching(typed: str, person_id: UUID, limit: int = AT_MOST) -> list[UUID]:
    """Ids of that person's own tickets on which every word typed was said, but for notes; liveliest first."""
    return _matching(_REQUESTS, typed, at_most=limit, person=person_id)


_PEOPLE: Final = text("select * from people_matching(:typed, :at_most)")
_STUDENTS: Final = text("select * from students_matching(:typed, :at_most, cast(:schools as uuid[]))")
_TICKETS: Final = text(
    "select * from tickets_found(:typed, :at_most, cast(:beyond as integer), :oldest_first, "
    "cast(:schools as uuid[]), cast(:closed as boolean), cast(:state as text), cast(:account as uuid), :nobody)"
)
_REQUESTS: Final = text("select * from requests_found(:typed, :at_most, :person)")


def _matching(function: Any, typed: str, **asked: Any) -> list[UUID]:
    current_district_id()
    # A NUL cannot be in any text that PostgreSQL keeps.
    words = typed.replace("\x00", " ").strip()
    if not words:
        return []
    return list(db.session.scalars(function, {"typed": words[:200], **asked}))
