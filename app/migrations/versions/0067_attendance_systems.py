"""Systems that are asked for attendance, and what they answered until it is read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0067"
down_revision = "0066"

RISKS = {
    "register_imports: adds a constraint": "harmless: it allows more, or is about new and empty columns.",
    "register_imports: builds an index": "harmless: it holds one row a district, and a few that are over.",
    "register_import_schools: adds a constraint": "harmless: it allows more than the one before it.",
}

_STATES = "'columns','fetching','reading','comparing','ready','applying'"


def upgrade() -> None:
    op.create_table(
        "register_connections",
        *_owned(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False, server_default="{}"),
        sa.Column("secret_sealed", sa.Text(), nullable=True),
        sa.Column("secret_expires_on", sa.Date(), nullable=True),
        sa.Column("reminded_days", sa.Integer(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("applies_itself", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("expected_hour", sa.Integer(), nullable=True),
        sa.Column("late_after", sa.Integer(), nullable=False, server_default="2"),
        sa.Column("bookmark", sa.Text(), nullable=False, server_default=""),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("whole_at", "struck_at", "warned_at", "worked_at", "failed_at")
        ),
        sa.Column("failure", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint("kind ~ '^[a-z_]+$'", name="kind"),
        sa.CheckConstraint("hour between 0 and 23", name="hour"),
        sa.CheckConstraint("expected_hour between 0 and 23", name="expected_hour"),
        sa.CheckConstraint("late_after between 1 and 10", name="late_after"),
        sa.UniqueConstraint("district_id", "kind"),
    )
    own("register_connections")
    op.create_table(
        "register_fetched_rows",
        *_owned(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("rows_sealed", sa.Text(), nullable=False),
        sa.CheckConstraint("file in ('calendar','codes','enrollments','marks')", name="file"),
        _points_at("import_id", "register_imports"),
        sa.UniqueConstraint("district_id", "import_id", "file", "number"),
    )
    own("register_fetched_rows")
    _imports()


def _imports() -> None:
    op.add_column("register_imports", sa.Column("connection_id", sa.Uuid(), nullable=True))
    op.add_column("register_imports", sa.Column("place", JSONB(), nullable=False, server_default="{}"))
    for name in ("pages_fetched", "records_received", "pauses"):
        op.add_column("register_imports", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("is_whole", "applies_itself", "tells_admins"):
        op.add_column(
            "register_imports", sa.Column(name, sa.Boolean(), nullable=False, server_default="false")
        )
    op.create_foreign_key(
        None,
        "register_imports",
        "register_connections",
        ["district_id", "connection_id"],
        ["district_id", "id"],
    )
    op.drop_constraint(op.f("ck_register_imports_state"), "register_imports", type_="check")
    op.create_check_constraint(
        "state", "register_imports", f"state in ({_STATES},'done','cancelled','failed')"
    )
    op.create_check_constraint(
        "fetched_from_somewhere", "register_imports", "state <> 'fetching' or connection_id is not null"
    )
    op.drop_index("uq_register_imports_one_at_a_time", "register_imports")
    op.create_index(
        "uq_register_imports_one_at_a_time",
        "register_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text(f"state in ({_STATES})"),
    )
    op.drop_constraint(op.f("ck_register_import_schools_asks"), "register_import_schools", type_="check")
    op.create_check_constraint("asks", "register_import_schools", "asks in ('','absences','rows','gone')")


def _owned() -> tuple[sa.Column[object] | sa.UniqueConstraint, ...]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])
