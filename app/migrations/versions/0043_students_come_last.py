"""Students are applied after those whom they name: a new one is written once, and needs no room for a second time."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column(
        "roster_imports", sa.Column("students_applied", sa.Integer(), nullable=False, server_default="0")
    )
    # As is foretold, so most verdicts are: few rows of either table are written again.
    op.execute("alter table roster_import_rows set (fillfactor = 90)")
    op.execute("alter table source_people set (fillfactor = 90)")
