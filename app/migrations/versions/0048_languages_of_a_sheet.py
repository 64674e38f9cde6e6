"""The language that a list of students and guardians tells of them."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.add_column("roster_import_rows", sa.Column("language", sa.Text(), nullable=False, server_default=""))
