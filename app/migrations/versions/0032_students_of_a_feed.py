"""Students, guardians and what links them, as a source tells of them; whom an import has seen unchanged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.migrations.own import own

revision = "0032"
down_revision = "0031"

RISKS = {
    "source_people: builds an index": "Before the first release this table is small.",
    "roster_import_rows: builds an index": "Its rows are gone after a month.",
    "roster_import_rows: adds a constraint": "harmless: the code before leaves the column out, and it is staff then.",
    "guardianships: adds a constraint": "harmless: the code before leaves the column out, and it is null then.",
    "guardian_contacts: adds a constraint": "harmless: the code before leaves the column out, and it is null then.",
}


def upgrade() -> None:
    op.add_column("roster_sources", _flag("takes_families"))
    op.add_column("roster_imports", _flag("takes_families"))
    op.add_column(
        "roster_imports", sa.Column("rows_related", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("roster_imports", sa.Column("unchanged", JSONB(), nullable=False, server_default="{}"))
    for table in ("source_people", "roster_import_rows"):
        for name in ("number", "grade", "known_by", "digest"):
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.add_column(table, sa.Column("contacts", JSONB(), nullable=False, server_default="{}"))
        op.add_column(table, sa.Column("relatives", JSONB(), nullable=False, server_default="[]"))
    for name in ("number_at", "grade_at"):
        op.add_column("source_people", sa.Column(name, sa.DateTime(timezone=True)))
    op.create_index(
        "ix_source_people_known_by",
        "source_people",
        ["district_id", "source_id", "known_by"],
        postgresql_where=sa.text("known_by <> ''"),
    )
    op.add_column("roster_import_rows", sa.Column("kind", sa.Text(), nullable=False, server_default="staff"))
    op.create_check_constraint("kind", "roster_import_rows", "kind in ('staff','student','guardian')")
    op.drop_index("ix_roster_import_rows_email", "roster_import_rows")
    op.drop_index("ix_roster_import_rows_key", "roster_import_rows")
    op.create_index(
        "ix_roster_import_rows_email",
        "roster_import_rows",
        ["district_id", "import_id", "email"],
        postgresql_where=sa.text("email <> ''"),
    )
    op.create_index(
        "ix_roster_import_rows_known_by",
        "roster_import_rows",
        ["district_id", "known_by"],
        postgresql_where=sa.text("known_by <> ''"),
    )
    op.create_index("ix_roster_import_rows_key", "roster_import_rows", ["district_id", "key", "import_id"])
    op.add_column("guardianships", sa.Column("source_id", sa.Uuid()))
    op.add_column("guardian_contacts", sa.Column("source_id", sa.Uuid()))
    told_by = ("roster_sources", ["district_id", "source_id"], ["district_id", "id"])
    op.create_foreign_key(None, "guardianships", *told_by)
    op.create_foreign_key(None, "guardian_contacts", *told_by)
    op.create_table(
        "roster_import_seen",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("records", ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "import_id"], ["roster_imports.district_id", "roster_imports.id"]
        ),
        sa.UniqueConstraint("district_id", "id"),
    )
    op.create_index(None, "roster_import_seen", ["district_id", "import_id"])
    own("roster_import_seen")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default="false")
