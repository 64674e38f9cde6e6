"""Notices that reached the wrong person: what happened, what was done, and which deadlines hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0076"
down_revision = "0075"


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid()),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reached_sealed", sa.Text()),
        sa.Column("note_sealed", sa.Text()),
        sa.Column("closing_sealed", sa.Text()),
        sa.Column("disclosed", JSONB(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("links_ended", sa.Integer(), nullable=False),
        sa.Column("was_stopped", sa.Boolean(), nullable=False),
        sa.Column("closed_by_id", sa.Uuid()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("district_id", "id"),
        _points_at("notice_id", "notices"),
        _points_at("school_id", "schools"),
        _points_at("recorded_by_id", "accounts"),
        _points_at("closed_by_id", "accounts"),
        sa.CheckConstraint("cause in ('address','envelope','guardian','student','other')", name="cause"),
        sa.CheckConstraint("noticed_at <= recorded_at", name="noticed_before_it_was_recorded"),
        sa.CheckConstraint("(closed_by_id is null) = (closed_at is null)", name="closed_by_somebody"),
        sa.CheckConstraint("closed_at is null or closing_sealed is not null", name="closed_with_a_reason"),
    )
    op.create_index(None, "incidents", ["district_id", "notice_id"])
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["district_id", "noticed_at"],
        postgresql_where=sa.text("closed_at is null"),
    )
    own("incidents")
    op.create_table(
        "incident_steps",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note_sealed", sa.Text()),
        sa.UniqueConstraint("district_id", "id"),
        _points_at("incident_id", "incidents"),
        _points_at("by_id", "accounts"),
        sa.CheckConstraint(
            "kind in ('officer','family','asked back','back','authority','vendor')", name="kind"
        ),
        sa.CheckConstraint("done_at <= recorded_at", name="done_before_it_was_recorded"),
    )
    op.create_index(None, "incident_steps", ["district_id", "incident_id"])
    own("incident_steps")
    op.create_table(
        "incident_settings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by_contract", sa.Boolean(), nullable=False),
        sa.Column("own_hours", sa.Integer()),
        sa.Column("own_words", sa.Text(), nullable=False),
        sa.Column("counsel", sa.Text(), nullable=False),
        sa.Column("confirmed_on", sa.Date()),
        sa.Column("confirmed_digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("state in ('','ny','il','ct','other')", name="state"),
        sa.CheckConstraint("own_hours is null or own_hours between 1 and 2160", name="own_hours"),
        sa.CheckConstraint("(own_hours is null) = (own_words = '')", name="own_policy_is_cited"),
        sa.CheckConstraint(
            "(counsel = '') = (confirmed_on is null) and (counsel = '') = (confirmed_digest = '')",
            name="confirmed_by_somebody",
        ),
    )
    own("incident_settings")
