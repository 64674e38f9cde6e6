"""Days of a calendar and enrollments that their source has no more are shown, and taken out."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"

RISKS = {
    "register_import_schools: adds a constraint": "harmless: it allows more than the one before it.",
}


def upgrade() -> None:
    op.add_column(
        "register_staged_rows", sa.Column("is_gone", sa.Boolean(), nullable=False, server_default="false")
    )
    for name in ("days_gone", "enrollments_gone"):
        op.add_column(
            "register_import_schools", sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        )
    op.drop_constraint(op.f("ck_register_import_schools_asks"), "register_import_schools", type_="check")
    op.create_check_constraint(
        "asks", "register_import_schools", "asks in ('','absences','rows','gone','days','enrollments')"
    )
