"""The secret of a registration at Google or Microsoft has a last day, of which admins are told."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("sign_in_providers", sa.Column("secret_expires_on", sa.Date()))
    op.add_column("sign_in_providers", sa.Column("reminded_days", sa.Integer()))
