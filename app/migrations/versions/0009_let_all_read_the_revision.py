"""Who serves may ask how new the database is."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("grant select on alembic_version to app, across")
