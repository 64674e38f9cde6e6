"""Who holds what was claimed, and whether a mail had been handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

RISKS = {
    "work: adds a constraint": "harmless: it speaks of a column that the code before leaves empty.",
    "messages: adds a constraint": "harmless: both speak of columns that the code before leaves empty.",
}


def upgrade() -> None:
    for table in ("work", "timetable", "messages"):
        op.add_column(table, sa.Column("holder", sa.BigInteger()))
    op.create_check_constraint("held_under_a_lease", "work", "holder is null or lease_until is not null")
    op.add_column("messages", sa.Column("handed_over_at", sa.DateTime(timezone=True)))
    op.add_column("messages", sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"))
    op.create_check_constraint(
        "held_while_sending", "messages", "holder is null or claimed_until is not null"
    )
    op.create_check_constraint(
        "handed_over_by_an_attempt", "messages", "handed_over_at is null or state <> 'queued'"
    )
