"""The directory, the audit log with its seals, the work queue and its timetable."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.own import open_to, own

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "districts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("slug", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("data_key", sa.Text()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z][a-z0-9-]{1,38}$'", name="slug"),
        sa.CheckConstraint("state in ('preparing','open','read-only','closing','gone')", name="state"),
        sa.CheckConstraint("region in ('us','ca','uk')", name="region"),
    )
    open_to("districts", app="select, update (name, state, zone)")
    op.create_table(
        "district_domains",
        sa.Column("domain", sa.Text(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False, index=True),
    )
    open_to("district_domains")
    op.create_table(
        "inbound_addresses",
        sa.Column("address", sa.Text(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False, index=True),
    )
    open_to("inbound_addresses", app="select, insert, delete")

    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_kind", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid()),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("which", sa.Uuid()),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "audit_entries", ["district_id", "transaction", "position"])
    op.create_index("ix_audit_entries_newest", "audit_entries", ["district_id", "position"])
    op.create_index("ix_audit_entries_of_row", "audit_entries", ["district_id", "which"])
    own("audit_entries", app="select, insert")
    op.execute("revoke update, delete on audit_entries from across")

    op.create_table(
        "audit_personal",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("values_sealed", sa.Text(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.ForeignKeyConstraint(
            ["district_id", "entry_id"], ["audit_entries.district_id", "audit_entries.id"]
        ),
    )
    op.create_index(None, "audit_personal", ["district_id", "entry_id"])
    own("audit_personal", app="select, insert, delete")

    op.create_table(
        "audit_seals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("through_transaction", sa.BigInteger(), nullable=False),
        sa.Column("through_position", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.UniqueConstraint("district_id", "number"),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("audit_seals", app="select, insert")
    op.execute("revoke update, delete on audit_seals from across")

    op.create_table(
        "work",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("queue in ('intake','notifications','upkeep')", name="queue"),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index("ix_work_due_at", "work", ["due_at"], postgresql_where=sa.text("failed_at is null"))
    own("work")
    op.create_table(
        "timetable",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column(
            "district_id", sa.Uuid(), sa.ForeignKey("districts.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("last_started_at", sa.DateTime(timezone=True)),
        sa.Column("last_finished_at", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text()),
    )
    open_to("timetable")
