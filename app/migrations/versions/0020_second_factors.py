"""Second factors of local accounts: an authenticator app, recovery codes, the step between, and sessions that know."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0020"
down_revision = "0019"


def _of_an_account() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["district_id", "account_id"], ["accounts.district_id", "accounts.id"]),
        sa.UniqueConstraint("district_id", "id"),
    ]


def upgrade() -> None:
    op.create_table(
        "authenticator_apps",
        *_of_an_account(),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "account_id"),
        sa.CheckConstraint("confirmed_at is null or last_step is not null", name="confirmed_by_a_code"),
    )
    own("authenticator_apps")
    op.create_table(
        "recovery_codes",
        *_of_an_account(),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "account_id", "code_hash"),
    )
    own("recovery_codes")
    op.create_table(
        "sign_in_steps",
        *_of_an_account(),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "token_hash"),
    )
    op.create_index(None, "sign_in_steps", ["district_id", "account_id"])
    own("sign_in_steps")
    op.add_column(
        "web_sessions", sa.Column("by_factor", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("web_sessions", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
