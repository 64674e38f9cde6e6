"""What the planner knows of the tables that an import fills: it counts them anew while they grow, and plans anew.

Of a district that is new PostgreSQL believes that it has no rows at all, until it happens to count again. Then any
index looks as good as any other, since each begins with the district, and each row is looked up among all of them.
And a plan that is kept, for the check of a key above all, is kept until its table is counted: made for a table of a
few rows, it reads all of it each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text

from app.core.db import db

#: So many rows, and it is time: what is known of them holds for thirty times as many.
MARKS: Final = (1_000, 30_000, 1_000_000)


def grew(before: int, after: int) -> None:
    """So many rows of an import were done, and now are. Counts anew past a mark, or where a table grew tenfold."""
    db.session.flush()
    if any(before < mark <= after for mark in MARKS) or db.session.connection().execute(_HAS_GROWN).scalar():
        count_anew()


def count_anew() -> None:
    """Have the tables of the roster and its imports counted, those alone that nobody else is just counting."""
    db.session.flush()
    db.session.connection().execute(_COUNT)


@contextmanager
def planned_as_they_are() -> Iterator[None]:
    """What is asked in this block is planned for the tables as they are now, and not as they were some batches ago.

    Not for what writes many rows that hang on others: each check of a key is a statement as well, and would be planned
    once for each row, which costs several times what the check does. Nothing is compiled, from here to the end of
    the transaction: it is over in milliseconds.
    """
    connection = db.session.connection()
    connection.execute(AS_THEY_ARE)
    yield
    connection.execute(_AS_EVER)


AS_THEY_ARE: Final = text(
    "select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"
)
_AS_EVER: Final = text("select set_config('plan_cache_mode', 'auto', true)")
#: Of the pages that it had when it was counted. A table of ten is read as quickly in one way as in the other.
_HAS_GROWN: Final = text(
    """
    select exists (
        select from pg_class
        where oid in (
                'roster_import_rows'::regclass, 'source_people'::regclass, 'people'::regclass, 'students'::regclass,
                'guardians'::regclass, 'guardian_contacts'::regclass, 'guardianships'::regclass,
                'classes'::regclass, 'enrollments'::regclass
            ) and pg_relation_size(oid)
                > 10::bigint * (1 + greatest(relpages, 0)) * current_setting('block_size')::bigint
    )
    """
)
_COUNT: Final = text("select count_rosters_anew()")
