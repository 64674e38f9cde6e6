"""What admins were told of a connection and its syncs."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("roster_connections", sa.Column("reminded_days", sa.Integer(), nullable=True))
    op.add_column(
        "roster_imports", sa.Column("tells_admins", sa.Boolean(), nullable=False, server_default="false")
    )
