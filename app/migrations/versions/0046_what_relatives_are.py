"""What each relative is to a student, where a source tells that of the two of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column(
        "roster_import_rows", sa.Column("relations", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
