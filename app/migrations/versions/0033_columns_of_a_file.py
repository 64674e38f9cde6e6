"""What the columns of a CSV file of staff are, as an admin said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"

RISKS = {
    "roster_imports: adds a constraint": "harmless: it allows more than the one before it.",
    "roster_imports: builds an index": "It holds one row a district, and a few that are over.",
}

WORKING = "'fetching','reading','comparing','ready','applying'"


def upgrade() -> None:
    for table in ("roster_sources", "roster_imports"):
        op.add_column(table, sa.Column("columns", JSONB(), nullable=False, server_default="{}"))
    op.add_column(
        "roster_imports", sa.Column("has_everybody", sa.Boolean(), nullable=False, server_default="false")
    )
    op.drop_constraint(op.f("ck_roster_imports_state"), "roster_imports", type_="check")
    op.create_check_constraint(
        "state", "roster_imports", f"state in ('columns',{WORKING},'done','cancelled','failed')"
    )
    op.drop_index("uq_roster_imports_one_at_a_time", "roster_imports")
    op.create_index(
        "uq_roster_imports_one_at_a_time",
        "roster_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text(f"state in ('columns',{WORKING})"),
    )
