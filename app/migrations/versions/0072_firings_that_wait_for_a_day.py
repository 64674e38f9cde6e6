"""Whom a day alone concerns is found without reading all firings of a district."""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"

RISKS = {"firings: builds an index": "It holds few rows, and firings are written at night."}


def upgrade() -> None:
    op.create_index(
        "ix_firings_wait_for_a_day",
        "firings",
        ["district_id", "student_id"],
        postgresql_where=sa.text("""state = 'standing' and blocked @> '[["conference_date_not_passed"]]'"""),
    )
