"""A firing is written with two indexes fewer; a range of a review says itself whose cases have yet to follow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0061"
down_revision = "0060"

RISKS = {
    "firings: drops a column": "no release yet",
    "review_ranges: drops a column": "no release yet",
}


def upgrade() -> None:
    op.drop_index("ix_firings_blocked", "firings")
    op.drop_index("ix_firings_district_id_changed_at", "firings")
    op.drop_column("firings", "changed_at")
    op.drop_column("review_ranges", "followed")
    op.add_column(
        "review_ranges", sa.Column("to_follow", ARRAY(sa.Uuid()), nullable=False, server_default="{}")
    )
