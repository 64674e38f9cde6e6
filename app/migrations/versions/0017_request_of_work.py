"""Work knows the request that made it necessary: an operator follows a request into its mail."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

RISKS = {"work: adds a constraint": "harmless: the code before leaves the new column empty."}


def upgrade() -> None:
    op.add_column("work", sa.Column("request", sa.Text()))
    op.create_check_constraint("request", "work", "request ~ '^[0-9a-fA-F-]{16,64}$'")
