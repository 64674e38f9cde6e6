"""Whom to ask in a district."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "district_contacts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("department <> ''", name="named"),
    )
    own("district_contacts")
