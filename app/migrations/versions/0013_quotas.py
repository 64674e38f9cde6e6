"""What a district may use, and what it has used."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "district_quotas",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("most > 0", name="something"),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "name"),
    )
    own("district_quotas")
    op.create_table(
        "usage",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index("ix_usage_district_id_name_period", "usage", ["district_id", "name", "period"])
    own("usage")
    op.execute(
        """
        insert into usage (id, district_id, name, period, amount)
        select gen_random_uuid(), district_id, 'stored-megabytes', 'epoch', sum(size) from (
            select district_id, size from attachments union all select district_id, size from inbound_emails
        ) as stored group by district_id
        """
    )
