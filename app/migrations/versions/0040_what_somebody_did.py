"""What somebody did is found in the audit log without reading what everybody did."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

RISKS = {"audit_entries: builds an index": "Before the first release this table is small."}


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_by",
        "audit_entries",
        ["district_id", "by_id", "position"],
        postgresql_where=sa.text("by_id is not null"),
    )
