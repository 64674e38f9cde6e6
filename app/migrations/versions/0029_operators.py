"""Operators, their sessions and log, which role `app` cannot read; and their visits, which a district grants."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0029"
down_revision = "0028"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("secret_wrapped", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger()),
        sa.Column("setup_hash", sa.Text()),
        sa.Column("setup_until", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT),
        sa.Column("last_sign_in_at", MOMENT),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("setup_hash"),
        sa.CheckConstraint("email = lower(email)", name="email_is_lower"),
        sa.CheckConstraint("state in ('invited','active','closed')", name="state"),
        sa.CheckConstraint(
            "state <> 'active' or (password_hash is not null and last_step is not null)",
            name="active_has_both",
        ),
    )
    op.create_table(
        "operator_sessions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("operator_id", sa.Uuid(), sa.ForeignKey("operators.id"), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(None, "operator_sessions", ["operator_id"])
    op.create_table(
        "operator_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("operator_id", sa.Uuid()),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("district_id", sa.Uuid()),
        sa.Column("visit_id", sa.Uuid()),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("which", sa.Uuid()),
    )
    op.create_index(None, "operator_entries", ["at"])
    op.execute("grant select, insert, update on operators, operator_sessions to across")
    op.execute("grant select, insert on operator_entries to across")  # a log is only added to
    op.create_table(
        "operator_visits",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("operator_name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("granted_at", MOMENT),
        sa.Column("granted_by_id", sa.Uuid()),
        sa.Column("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.ForeignKeyConstraint(["district_id", "granted_by_id"], ["accounts.district_id", "accounts.id"]),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("scope in ('desk','settings')", name="scope"),
        sa.CheckConstraint("(granted_at is null) = (expires_at is null)", name="granted_until"),
        sa.CheckConstraint("(granted_at is null) = (granted_by_id is null)", name="granted_by_somebody"),
        sa.CheckConstraint("expires_at <= granted_at + interval '60 minutes'", name="at_most_an_hour"),
        sa.CheckConstraint("used_at is null or granted_at is not null", name="used_when_granted"),
    )
    op.create_index(None, "operator_visits", ["district_id", "asked_at"])
    own("operator_visits", app="select, insert, update")
