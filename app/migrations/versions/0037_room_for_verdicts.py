"""A verdict is written beside its staged row: room is left there, and no index holds it. By what somebody is known
is found without their source.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

RISKS = {"source_people: builds an index": "Before the first release this table is small."}


def upgrade() -> None:
    op.drop_index("ix_roster_import_rows_verdict", "roster_import_rows")
    op.execute("alter table roster_import_rows set (fillfactor = 70)")
    # Relatives are noted once everybody is there.
    op.execute("alter table source_people set (fillfactor = 80)")
    op.drop_index("ix_source_people_known_by", "source_people")
    op.create_index(
        "ix_source_people_known_by",
        "source_people",
        ["district_id", "known_by"],
        postgresql_where=sa.text("known_by <> ''"),
    )
