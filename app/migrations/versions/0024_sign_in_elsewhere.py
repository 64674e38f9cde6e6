"""Signing in with Google or Microsoft: registrations, ways there and back, identities, and who waits."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0024"
down_revision = "0023"

RISKS = {
    "accounts: adds a constraint": "harmless: it allows all that the one before it did.",
}

OF_WHOM = "word in ('google','microsoft')"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("signs_in_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_constraint(op.f("ck_accounts_active_has_password"), "accounts", type_="check")
    op.create_check_constraint(
        "active_has_a_way_in",
        "accounts",
        "state <> 'active' or password_hash is not null or signs_in_elsewhere",
    )

    op.create_table(
        "sign_in_providers",
        *_of_a_district(),
        *_words("word", "client_id"),
        sa.Column("client_secret_sealed", sa.Text()),
        *_words("tenant", "domains"),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("worked_at", nullable=True),
        _moment("failed_at", nullable=True),
        *_words("failure"),
        sa.UniqueConstraint("district_id", "word"),
        sa.CheckConstraint(OF_WHOM, name="word"),
        sa.CheckConstraint("tenant = lower(tenant) and domains = lower(domains)", name="lower_case"),
    )
    own("sign_in_providers")

    op.create_table(
        "sign_in_flows",
        *_of_a_district(),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_words("state_hash", "browser_hash", "address_hash"),
        sa.Column("account_id", sa.Uuid()),
        *_words("go_on"),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        _moment("made_at"),
        _points_at("provider_id", "sign_in_providers"),
        _points_at("account_id", "accounts"),
        sa.UniqueConstraint("district_id", "state_hash"),
    )
    op.create_index(None, "sign_in_flows", ["district_id", "address_hash", "made_at"])
    op.create_index(None, "sign_in_flows", ["district_id", "expires_at"])
    own("sign_in_flows")

    op.create_table(
        "sign_in_identities",
        *_of_a_district(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        *_words("word", "issuer", "tenant", "subject"),
        sa.Column("accepted_by_id", sa.Uuid()),
        _moment("made_at"),
        _points_at("account_id", "accounts"),
        _points_at("accepted_by_id", "accounts"),
        sa.UniqueConstraint("district_id", "issuer", "tenant", "subject"),
        sa.UniqueConstraint("district_id", "account_id", "word"),
        sa.CheckConstraint(OF_WHOM, name="word"),
        sa.CheckConstraint("(word = 'microsoft') = (tenant <> '')", name="tenant_of_microsoft"),
        sa.CheckConstraint("subject <> ''", name="subject_is_known"),
    )
    own("sign_in_identities")

    op.create_table(
        "held_sign_ins",
        *_of_a_district(),
        *_words("word", "issuer", "tenant", "subject", "name", "email", "because", "state"),
        _moment("first_at"),
        _moment("last_at"),
        _moment("decided_at", nullable=True),
        sa.Column("decided_by_id", sa.Uuid()),
        _points_at("decided_by_id", "accounts"),
        sa.UniqueConstraint("district_id", "issuer", "tenant", "subject"),
        sa.CheckConstraint(OF_WHOM, name="word"),
        sa.CheckConstraint("state in ('waiting','accepted','refused')", name="state"),
        sa.CheckConstraint("(state = 'waiting') = (decided_at is null)", name="decided_at_agrees"),
    )
    op.create_index(None, "held_sign_ins", ["district_id", "state", "last_at"])
    own("held_sign_ins")
