"""The ring of keys that a district's columns are sealed under."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("districts", sa.Column("seal_keys", sa.Text(), nullable=False, server_default=""))
    op.execute("grant update (seal_keys) on districts to app")
