"""What is written by the hundred thousand has one key fewer: the key to what a row hangs on holds the district too."""

from alembic import op

revision = "0041"
down_revision = "0040"

TABLES = (
    "roster_import_rows",
    "source_people",
    "students",
    "guardians",
    "guardian_contacts",
    "guardianships",
)


def upgrade() -> None:
    for table in TABLES:
        op.drop_constraint(f"fk_{table}_district_id", table, type_="foreignkey")
