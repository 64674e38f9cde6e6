"""Which attendance rules a district uses, and what its counsel confirmed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0050"
down_revision = "0049"

ACCOUNTS = ("accounts.district_id", "accounts.id")


def upgrade() -> None:
    op.create_table(
        "counsel_confirmations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("counsel", sa.Text(), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id", "recorded_by_id"], ACCOUNTS),
        sa.UniqueConstraint("district_id", "rule_id", "digest"),
        sa.CheckConstraint("counsel <> ''", name="named"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "counsel_confirmations", ["district_id", "recorded_by_id"])
    own("counsel_confirmations")

    op.create_table(
        "rule_activations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("overlay", JSONB(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Uuid()),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by_id", sa.Uuid()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["district_id", "proposed_by_id"], ACCOUNTS),
        sa.ForeignKeyConstraint(["district_id", "approved_by_id"], ACCOUNTS),
        sa.ForeignKeyConstraint(["district_id", "ended_by_id"], ACCOUNTS),
        sa.CheckConstraint("state in ('proposed','active','ended','declined')", name="state"),
        sa.CheckConstraint("approved_by_id <> proposed_by_id", name="two_people"),
        sa.CheckConstraint(
            "(state in ('active','ended')) = (approved_by_id is not null and approved_at is not null)",
            name="approved",
        ),
        sa.CheckConstraint(
            "(state in ('ended','declined')) = (ended_by_id is not null and ended_at is not null)",
            name="ended",
        ),
        sa.CheckConstraint("(state = 'ended') = (last_day is not null)", name="last_day"),
        sa.CheckConstraint("last_day is null or last_day >= first_day - 1", name="days"),
        sa.CheckConstraint("jsonb_typeof(overlay) = 'object'", name="overlay"),
        sa.UniqueConstraint("district_id", "id"),
    )
    for state in ("proposed", "active"):
        op.create_index(
            f"uq_rule_activations_{state}",
            "rule_activations",
            ["district_id", "rule_id"],
            unique=True,
            postgresql_where=f"state = '{state}'",
        )
    op.create_index(None, "rule_activations", ["district_id", "rule_id", "first_day"])
    for who in ("proposed_by_id", "approved_by_id", "ended_by_id"):
        op.create_index(None, "rule_activations", ["district_id", who])
    own("rule_activations")
