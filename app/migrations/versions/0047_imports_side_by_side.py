"""Previews of different sources wait side by side; one import of a district is at work."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"

RISKS = {
    "roster_imports: adds a constraint": "harmless: the code before has one import a district, which is less.",
    "roster_imports: builds an index": "It holds a row a source, and a few that are over.",
}


def upgrade() -> None:
    op.create_index(
        "uq_roster_imports_one_at_work",
        "roster_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("state in ('fetching','reading','comparing','applying')"),
    )
    op.create_index(
        "uq_roster_imports_one_of_a_source",
        "roster_imports",
        ["district_id", "source_id"],
        unique=True,
        postgresql_where=sa.text("state in ('columns','fetching','reading','comparing','ready','applying')"),
    )
    op.drop_index("uq_roster_imports_one_at_a_time", "roster_imports")
