"""Accounts, roles, links, tries, sessions and drafts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0003"
down_revision = "0002"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "accounts",
        *_of_a_district(),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("last_sign_in_at", nullable=True),
        _moment("made_at"),
        _points_at("person_id", "people"),
        sa.UniqueConstraint("district_id", "email"),
        sa.UniqueConstraint("district_id", "person_id"),
        sa.CheckConstraint("email = lower(email)", name="email_is_lower"),
        sa.CheckConstraint("state in ('invited','active','suspended')", name="state"),
        sa.CheckConstraint("state <> 'active' or password_hash is not null", name="active_has_password"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "accounts", ["district_id", "name", "id"])
    own("accounts")

    op.create_table(
        "role_grants",
        *_of_a_district(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid()),
        sa.Column("granted_by_id", sa.Uuid()),
        _moment("made_at"),
        _points_at("account_id", "accounts"),
        _points_at("school_id", "schools"),
        _points_at("granted_by_id", "accounts"),
        sa.UniqueConstraint(
            "district_id", "account_id", "role", "school_id", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("role in ('requester','technician','lead','admin')", name="role"),
        sa.CheckConstraint("role <> 'admin' or school_id is null", name="admin_of_all_schools"),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("role_grants")

    op.create_table(
        "one_time_links",
        *_of_a_district(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        _moment("made_at"),
        _points_at("account_id", "accounts"),
        sa.UniqueConstraint("district_id", "token_hash"),
        sa.CheckConstraint("purpose in ('invite','reset')", name="purpose"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "one_time_links", ["district_id", "account_id"])
    own("one_time_links")

    op.create_table(
        "sign_in_attempts",
        *_of_a_district(),
        sa.Column("email_hash", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        _moment("at"),
        sa.Column("worked", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "sign_in_attempts", ["district_id", "email_hash", "at"])
    op.create_index(None, "sign_in_attempts", ["district_id", "address_hash", "at"])
    own("sign_in_attempts")

    op.create_table(
        "web_sessions",
        *_of_a_district(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("flashes", JSONB(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        _moment("made_at"),
        _moment("last_seen_at"),
        _moment("ended_at", nullable=True),
        _points_at("account_id", "accounts"),
        sa.UniqueConstraint("district_id", "token_hash"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "web_sessions", ["district_id", "account_id"])
    own("web_sessions")

    op.create_table(
        "drafts",
        *_of_a_district(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("written", JSONB(), nullable=False),
        _moment("made_at"),
        _points_at("account_id", "accounts"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "drafts", ["district_id", "account_id"])
    own("drafts")
