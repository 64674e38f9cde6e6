"""Which outside services a district lets in."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "service_switches",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("by_account_id", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "service"),
    )
    own("service_switches")
