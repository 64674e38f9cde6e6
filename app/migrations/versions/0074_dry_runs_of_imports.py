"""What an import that waits would make of the attendance rules is a dry run, too."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"

RISKS = {
    "dry_runs: adds a constraint": "harmless: all have an activation and no import, and an end once done.",
}


def upgrade() -> None:
    op.alter_column("dry_runs", "activation_id", nullable=True)
    op.add_column("dry_runs", sa.Column("import_id", sa.Uuid()))
    op.create_foreign_key(
        None,
        "dry_runs",
        "register_imports",
        ["district_id", "import_id"],
        ["district_id", "id"],
        ondelete="CASCADE",
    )
    op.create_unique_constraint(None, "dry_runs", ["district_id", "import_id"])
    op.create_check_constraint("of_one_thing", "dry_runs", "num_nonnulls(activation_id, import_id) = 1")
    op.drop_constraint("state", "dry_runs", type_="check")
    op.create_check_constraint("state", "dry_runs", "state in ('working','done','too_many')")
    op.drop_constraint("ended", "dry_runs", type_="check")
    op.create_check_constraint("ended", "dry_runs", "(state = 'working') = (ended_at is null)")
