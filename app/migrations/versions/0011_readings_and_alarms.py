"""What is measured each minute, and the alarms that come of it."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import open_to

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("about", sa.Text(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id", ondelete="CASCADE")),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    open_to("readings")
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.Text(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    open_to("heartbeats", app="select, insert, update")
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id", ondelete="CASCADE")),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.Column("raised_at", MOMENT),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("cleared_at", MOMENT),
        sa.Column("told_at", MOMENT),
        sa.Column("told_over_at", MOMENT),
    )
    op.create_index(
        "uq_alarms_one_at_a_time",
        "alarms",
        ["rule", "about"],
        unique=True,
        postgresql_where=sa.text("cleared_at is null"),
    )
    op.create_index("ix_alarms_district_id", "alarms", ["district_id"])
    open_to("alarms")
    op.add_column("timetable", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("timetable", sa.Column("last_succeeded_at", MOMENT))
