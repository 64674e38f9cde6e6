"""Passkeys, and the challenges that they answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", JSONB(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id", "account_id"], ["accounts.district_id", "accounts.id"]),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "credential_id"),
        sa.CheckConstraint("sign_count >= 0", name="sign_count"),
    )
    op.create_index(None, "passkeys", ["district_id", "account_id"])
    own("passkeys")
    op.alter_column("sign_in_steps", "account_id", nullable=True)
    op.add_column("sign_in_steps", sa.Column("challenge", sa.Text()))
    op.add_column("web_sessions", sa.Column("challenge", sa.Text()))
