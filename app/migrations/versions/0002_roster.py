"""Schools, rooms, people and devices."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0002"
down_revision = "0001"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
    ]


def _made() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def upgrade() -> None:
    op.create_table(
        "schools",
        *_of_a_district(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text()),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_made(),
        sa.UniqueConstraint("district_id", "name"),
        sa.CheckConstraint("name <> '' and short_name <> ''", name="named"),
    )
    own("schools")

    op.create_table(
        "rooms",
        *_of_a_district(),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_made(),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "school_id", "name"),
        sa.CheckConstraint("name <> ''", name="named"),
    )
    own("rooms")

    op.create_table(
        "people",
        *_of_a_district(),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("school_id", sa.Uuid()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *_made(),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "email"),
        sa.CheckConstraint("kind in ('staff','student','guardian')", name="kind"),
        sa.CheckConstraint("source in ('admin','mail','sync','demo')", name="source"),
        sa.CheckConstraint("email = lower(email)", name="email_is_lower"),
        sa.CheckConstraint("given_name <> '' or family_name <> ''", name="named"),
    )
    op.create_index(None, "people", ["district_id", "school_id"])
    op.create_index(None, "people", ["district_id", "family_name", "given_name", "id"])
    own("people")

    op.create_table(
        "devices",
        *_of_a_district(),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        *_made(),
        _points_at("school_id", "schools"),
        _points_at("room_id", "rooms"),
        sa.UniqueConstraint("district_id", "tag"),
        sa.CheckConstraint("tag = upper(tag) and tag <> ''", name="tag_is_upper"),
        sa.CheckConstraint("state in ('in use','spare','in repair','retired')", name="state"),
    )
    op.create_index(None, "devices", ["district_id", "school_id"])
    op.create_index(None, "devices", ["district_id", "room_id"])
    own("devices")
