"""A district's mail may leave by a vendor's API: how it knows us, and the secret."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0060"
down_revision = "0059"

RISKS = {"mail_settings: adds a constraint": "harmless: it takes all that the one before took."}


def upgrade() -> None:
    op.add_column(
        "mail_settings", sa.Column("particulars", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("mail_settings", sa.Column("secret_sealed", sa.Text()))
    op.drop_constraint(op.f("ck_mail_settings_driver"), "mail_settings", type_="check")
    op.create_check_constraint(
        "driver",
        "mail_settings",
        "driver in ('maildir','relay','smtp','graph','gmail','mailgun')",
    )
