"""Sources of the roster, whom they mean, and imports with their staged rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "roster_sources",
        *_owned(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("goes_first", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('oneroster_csv')", name="kind"),
        sa.UniqueConstraint("district_id", "kind"),
    )
    own("roster_sources")
    op.create_table(
        "source_schools",
        *_owned(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("key <> ''", name="keyed"),
        _points_at("source_id", "roster_sources"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "source_id", "key"),
    )
    op.create_index("ix_source_schools_district_id_school_id", "source_schools", ["district_id", "school_id"])
    own("source_schools")
    op.create_table(
        "source_people",
        *_owned(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("speaks", sa.Boolean(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("name_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("school_key", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("school_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("key <> ''", name="keyed"),
        sa.CheckConstraint("absences >= 0", name="absences"),
        _points_at("source_id", "roster_sources"),
        _points_at("person_id", "people"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "source_id", "key"),
    )
    op.create_index("ix_source_people_district_id_person_id", "source_people", ["district_id", "person_id"])
    own("source_people")
    _imports()


def _imports() -> None:
    op.create_table(
        "roster_imports",
        *_owned(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file_size", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False, server_default="0")
            for name in ("items_read", "rows_read", "rows_staged", "rows_compared", "rows_applied")
        ),
        sa.Column("left_out", JSONB(), nullable=False, server_default="{}"),
        sa.Column("counts_absence", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("guard", JSONB(), nullable=False, server_default="{}"),
        sa.Column("removals_confirmed", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('reading','comparing','ready','applying','done','cancelled','failed')", name="state"
        ),
        sa.CheckConstraint("size >= 0", name="size"),
        sa.CheckConstraint("state <> 'failed' or sentence is not null", name="failed_with_a_sentence"),
        _points_at("source_id", "roster_sources"),
    )
    op.create_index(
        "uq_roster_imports_one_at_a_time",
        "roster_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("state in ('reading','comparing','ready','applying')"),
    )
    own("roster_imports")
    op.create_table(
        "roster_import_rows",
        *_owned(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in ("given_name", "family_name", "email", "school_key", "role")
        ),
        sa.Column("active", sa.Boolean(), nullable=False, server_default="true"),
        sa.Column("file", sa.Text(), nullable=False, server_default=""),
        sa.Column("line", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("changes", JSONB(), nullable=False, server_default="[]"),
        sa.Column("kept", JSONB(), nullable=False, server_default="[]"),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("what in ('school','person','gone')", name="what"),
        sa.CheckConstraint(
            "(verdict = 'left_out') = (rule is not null) or verdict is null", name="left_out_by_a_rule"
        ),
        _points_at("import_id", "roster_imports"),
        _points_at("person_id", "people"),
        _points_at("school_id", "schools"),
    )
    op.create_index(
        "uq_roster_import_rows_key",
        "roster_import_rows",
        ["district_id", "import_id", "what", "key"],
        unique=True,
        postgresql_where=sa.text("rule is null"),
    )
    op.create_index(
        "ix_roster_import_rows_district_id_import_id_position",
        "roster_import_rows",
        ["district_id", "import_id", "position"],
    )
    op.create_index("ix_roster_import_rows_key", "roster_import_rows", ["district_id", "import_id", "key"])
    op.create_index(
        "ix_roster_import_rows_email", "roster_import_rows", ["district_id", "import_id", "email"]
    )
    op.create_index(
        "ix_roster_import_rows_verdict",
        "roster_import_rows",
        ["district_id", "import_id", "verdict", "position"],
    )
    own("roster_import_rows")
    op.create_table(
        "roster_import_notes",
        *_owned(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        _points_at("import_id", "roster_imports"),
    )
    op.create_index(
        "ix_roster_import_notes_district_id_import_id_id",
        "roster_import_notes",
        ["district_id", "import_id", "id"],
    )
    own("roster_import_notes")


def _owned() -> tuple[sa.Column[object] | sa.UniqueConstraint, ...]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])
