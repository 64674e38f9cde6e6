"""Who was left out when a family was told, and why."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    op.create_table(
        "left_out_guardians",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("grounds_kind", sa.Text(), nullable=False),
        sa.Column("grounds_id", sa.Uuid(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "grounds_kind", "grounds_id", "duty", "guardian_id", "why"),
        sa.ForeignKeyConstraint(["district_id", "guardian_id"], ["guardians.district_id", "guardians.id"]),
        sa.CheckConstraint("why <> ''", name="says_why"),
    )
    op.create_index(None, "left_out_guardians", ["district_id", "guardian_id"])
    own("left_out_guardians")
