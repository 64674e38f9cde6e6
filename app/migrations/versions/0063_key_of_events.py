"""With which key a vendor that carries a district's mail signs what it tells."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    op.add_column("mail_settings", sa.Column("signing_key_sealed", sa.Text()))
