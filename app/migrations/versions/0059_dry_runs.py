"""Dry runs of proposed rules."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.create_table(
        "dry_runs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("activation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("place", sa.Uuid()),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("students", "fires", "earlier", "fires_no_more")
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["district_id", "activation_id"], ["rule_activations.district_id", "rule_activations.id"]
        ),
        sa.UniqueConstraint("district_id", "activation_id"),
        sa.CheckConstraint("state in ('working','done')", name="state"),
        sa.CheckConstraint("(state = 'done') = (ended_at is not null)", name="ended"),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("dry_runs")

    op.create_table(
        "dry_run_lines",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("dry_run_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "dry_run_id"], ["dry_runs.district_id", "dry_runs.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["district_id", "student_id"], ["students.district_id", "students.id"]),
        sa.CheckConstraint("outcome in ('fires','earlier','fires_no_more')", name="outcome"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "dry_run_lines", ["district_id", "dry_run_id"])
    op.create_index(None, "dry_run_lines", ["district_id", "student_id"])
    own("dry_run_lines")
