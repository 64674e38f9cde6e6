"""Of whom a district asks a second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

RISKS = {"districts: adds a constraint": "harmless: the code before leaves the new column at “nobody”."}


def upgrade() -> None:
    op.add_column("districts", sa.Column("factor_for", sa.Text(), nullable=False, server_default="nobody"))
    op.create_check_constraint("factor_for", "districts", "factor_for in ('nobody','desk','everybody')")
    op.execute("grant update (factor_for) on districts to app")
