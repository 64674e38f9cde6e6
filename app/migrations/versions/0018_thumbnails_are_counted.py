"""A thumbnail takes room too. What older ones take is not known, so it is not counted."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

RISKS = {"attachments: adds a constraint": "harmless: the code before leaves the new column at nought."}


def upgrade() -> None:
    op.add_column(
        "attachments", sa.Column("thumbnail_size", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_check_constraint("thumbnail_size", "attachments", "thumbnail_size >= 0")
