"""Dates of birth come with a register's students.csv, where something asks for an age."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"

_FILES = "'calendar','codes','enrollments','marks','students'"
RISKS = {
    "register_staged_rows: adds a constraint": "harmless: it allows more than the one before it.",
    "register_quarantine: adds a constraint": "harmless: it allows more than the one before it.",
    "register_columns: adds a constraint": "harmless: it allows more than the one before it.",
}


def upgrade() -> None:
    op.add_column(
        "register_imports", sa.Column("takes_births", sa.Boolean(), nullable=False, server_default="false")
    )
    op.drop_constraint(op.f("ck_register_staged_rows_file"), "register_staged_rows", type_="check")
    op.create_check_constraint(
        "file", "register_staged_rows", "file in ('calendar','codes','enrollments','students')"
    )
    op.drop_constraint(op.f("ck_register_quarantine_file"), "register_quarantine", type_="check")
    op.create_check_constraint("file", "register_quarantine", f"file in ({_FILES})")
    op.drop_constraint(op.f("ck_register_columns_file"), "register_columns", type_="check")
    op.create_check_constraint("file", "register_columns", f"file in ({_FILES})")
