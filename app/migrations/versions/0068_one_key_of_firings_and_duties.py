"""A firing and a duty are written with fewer keys, marks as they are told, and the digest held by its length."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0068"
down_revision = "0067"

RISKS = {
    "firings: changes a type": "no release yet",
    "firings: adds a constraint": "harmless: looser than the one before it.",
    "{points}: adds a constraint": "harmless: the same as before, by another index.",
}
#: What points at them, and by which column.
POINTED_AT = (("firings", "firing_changes", "firing_id"), ("case_duties", "case_entries", "duty_id"))


def upgrade() -> None:
    for table, points, column in POINTED_AT:
        op.drop_constraint(f"fk_{points}_district_id_{column}", points, type_="foreignkey")
        op.drop_constraint(f"uq_{table}_district_id_id", table, type_="unique")
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        op.create_primary_key(f"pk_{table}", table, ["district_id", "id"])
        op.create_foreign_key(
            f"fk_{points}_district_id_{column}",
            points,
            table,
            ["district_id", column],
            ["district_id", "id"],
        )
    op.drop_constraint("evidence_sha256", "firings", type_="check")
    op.create_check_constraint("evidence_sha256", "firings", sa.text("octet_length(evidence_sha256) = 64"))
    op.alter_column("firings", "marks", type_=JSON(), postgresql_using="marks::json")
    for table in ("attendance_cases", "case_duties"):
        op.drop_constraint(f"fk_{table}_district_id", table, type_="foreignkey")
