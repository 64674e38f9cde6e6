"""Sources of the roster that are asked, and the pages that they answered with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0027"
down_revision = "0026"

RISKS = {
    "roster_sources: adds a constraint": "harmless: it allows more than the one before it.",
    "roster_imports: adds a constraint": "harmless: both allow more than those before them.",
    "roster_imports: builds an index": "It holds one row a district, and a few that are over.",
}


def upgrade() -> None:
    op.drop_constraint(op.f("ck_roster_sources_kind"), "roster_sources", type_="check")
    op.create_check_constraint("kind", "roster_sources", "kind ~ '^[a-z_]+$'")
    op.create_table(
        "roster_connections",
        *_owned(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False, server_default="{}"),
        sa.Column("secret_sealed", sa.Text(), nullable=True),
        sa.Column("secret_expires_on", sa.Date(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("applies_itself", sa.Boolean(), nullable=False, server_default="false"),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("struck_at", "worked_at", "failed_at")
        ),
        sa.Column("failure", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint("hour between 0 and 23", name="hour"),
        _points_at("source_id", "roster_sources"),
        sa.UniqueConstraint("district_id", "source_id"),
    )
    own("roster_connections")
    op.create_table(
        "roster_fetched_pages",
        *_owned(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        _points_at("import_id", "roster_imports"),
        sa.UniqueConstraint("district_id", "import_id", "number"),
    )
    own("roster_fetched_pages")
    _imports()


def _imports() -> None:
    op.add_column("roster_imports", sa.Column("place", JSONB(), nullable=False, server_default="{}"))
    for name in ("pages_fetched", "records_received", "people_fetched", "pauses"):
        op.add_column("roster_imports", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("roster_imports", sa.Column("records_expected", sa.Integer(), nullable=True))
    op.add_column(
        "roster_imports", sa.Column("applies_itself", sa.Boolean(), nullable=False, server_default="false")
    )
    op.drop_constraint(op.f("ck_roster_imports_state"), "roster_imports", type_="check")
    op.create_check_constraint(
        "state",
        "roster_imports",
        "state in ('fetching','reading','comparing','ready','applying','done','cancelled','failed')",
    )
    op.drop_index("uq_roster_imports_one_at_a_time", "roster_imports")
    op.create_index(
        "uq_roster_imports_one_at_a_time",
        "roster_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("state in ('fetching','reading','comparing','ready','applying')"),
    )


def _owned() -> tuple[sa.Column[object] | sa.UniqueConstraint, ...]:
    return (
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])
