"""Packets for a board, a court or a penalty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0071"
down_revision = "0070"


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def upgrade() -> None:
    op.create_table(
        "case_packets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("duty_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("goes_to", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("meets_on", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undone", JSONB(), nullable=False),
        sa.Column("despite", sa.Text(), nullable=False),
        sa.Column("with_notes", sa.Boolean(), nullable=False),
        sa.Column("with_barriers", sa.Boolean(), nullable=False),
        sa.Column("storage_key", sa.Text()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("district_id", "id"),
        _points_at("duty_id", "case_duties"),
        _points_at("student_id", "students"),
        _points_at("asked_by_id", "accounts"),
        sa.CheckConstraint("kind in ('sarb','court','penalty')", name="kind"),
        sa.CheckConstraint("state in ('gathering','setting','done','failed')", name="state"),
        sa.CheckConstraint(
            "(state = 'done') = (storage_key is not null) and (state = 'done') = (sha256 is not null)",
            name="done_with_its_file",
        ),
        sa.CheckConstraint("state <> 'failed' or sentence <> ''", name="failed_with_a_sentence"),
        sa.CheckConstraint("undone = '[]' or despite <> ''", name="despite_with_a_reason"),
    )
    for column in ("duty_id", "student_id", "asked_by_id"):
        op.create_index(None, "case_packets", ["district_id", column])
    own("case_packets")
