"""What the planner knows of the tables that an import fills: it counts them anew while they grow.

Of a district that is new PostgreSQL believes that it has no rows at all, until it happens to count again. Then any
index looks as good as any other, since each begins with the district, and each row is looked up among all of them.
"""

from typing import Final

from sqlalchemy import text

from app.core.db import db

#: So many rows, and it is time: what is known of a tenth of them holds for ten times as many.
MARKS: Final = (1_000, 10_000, 100_000, 1_000_000)


def grew(before: int, after: int) -> None:
    """So many rows of an import were done, and now are. Counts anew where that passes a mark."""
    if any(before < mark <= after for mark in MARKS):
        count_anew()


def count_anew() -> None:
    """Have the tables of the roster and its imports counted, those alone that nobody else is just counting."""
    db.session.flush()
    db.session.connection().execute(_COUNT)


_COUNT: Final = text("select count_rosters_anew()")
