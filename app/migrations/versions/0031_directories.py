"""Directories of accounts: what their groups mean here, and the roles that come with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0031"
down_revision = "0030"


def _list(name: str) -> "sa.Column[list[str]]":
    return sa.Column(name, JSONB(), nullable=False, server_default="[]")


def _no(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def upgrade() -> None:
    op.create_table(
        "directory_groups",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("takes_in", sa.Boolean(), nullable=False),
        sa.Column("school_id", sa.Uuid()),
        sa.Column("role", sa.Text()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_by_id", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.ForeignKeyConstraint(
            ["district_id", "source_id"], ["roster_sources.district_id", "roster_sources.id"]
        ),
        sa.ForeignKeyConstraint(["district_id", "school_id"], ["schools.district_id", "schools.id"]),
        sa.UniqueConstraint("district_id", "source_id", "what", "name"),
        sa.CheckConstraint("what in ('everybody','ou','group','app_role')", name="what"),
        sa.CheckConstraint("(what = 'everybody') = (name = '')", name="named"),
        sa.CheckConstraint("takes_in or (role is null and school_id is null)", name="leaves_out_and_no_more"),
        sa.CheckConstraint("what <> 'everybody' or role is null", name="no_role_for_everybody"),
        sa.CheckConstraint(
            "role in ('technician','lead','admin','school_office','counselor','attendance_clerk')",
            name="role",
        ),
        sa.CheckConstraint("role <> 'admin' or school_id is null", name="admin_of_all_schools"),
    )
    op.create_index(None, "directory_groups", ["district_id", "school_id"])
    own("directory_groups")

    op.add_column("role_grants", _no("from_directory"))
    op.add_column("sign_in_identities", _list("groups"))
    op.add_column("source_people", _list("groups"))
    op.add_column("roster_import_rows", _list("groups"))
    op.add_column("roster_imports", _no("only_changes"))
    op.add_column("roster_connections", sa.Column("bookmark", sa.Text(), nullable=False, server_default=""))
