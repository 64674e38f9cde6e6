"""How the register comes in: imports, what they stage and set aside, and what they would change."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0055"
down_revision = "0054"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def _id(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _word(name: str, default: str | None = None, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _day(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _moment(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default="false")


def _json(name: str, default: str = "{}") -> sa.Column[Any]:
    return sa.Column(name, JSONB(), nullable=False, server_default=default)


def upgrade() -> None:
    op.create_table(
        "register_imports",
        *_of_a_district(),
        sa.Column("size", sa.Integer(), nullable=False),
        _word("state"),
        _word("storage_key", nullable=True),
        _word("sha256"),
        sa.Column("file_size", sa.Integer(), nullable=False),
        _moment("made_at", nullable=False),
        _id("made_by_id", nullable=True),
        _word("alone", "marks"),
        _word("mode"),
        _day("first_day"),
        _day("last_day"),
        _json("columns"),
        _json("rows_read"),
        _flag("has_unclear_rows"),
        _count("students"),
        _flag("codes_applied"),
        _json("notes", "[]"),
        _word("sentence", nullable=True),
        _moment("ended_at"),
        sa.CheckConstraint(
            "state in ('columns','reading','comparing','ready','applying','done','cancelled','failed')",
            name="state",
        ),
        sa.CheckConstraint("mode in ('window','delta')", name="mode"),
        sa.CheckConstraint("first_day <= last_day", name="begins_before_it_ends"),
        sa.CheckConstraint("size >= 0", name="size"),
        sa.CheckConstraint("state <> 'failed' or sentence is not null", name="failed_with_a_sentence"),
    )
    op.create_index(
        "uq_register_imports_one_at_a_time",
        "register_imports",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("state in ('columns','reading','comparing','ready','applying')"),
    )
    own("register_imports")

    op.create_table(
        "register_import_schools",
        *_of_a_district(),
        *map(_id, ("import_id", "school_id")),
        _count("rows"),
        _day("last_day"),
        *map(
            _count,
            (
                "absences_before",
                "absences_after",
                "new",
                "changed",
                "vanished",
                "students",
                "days",
                "enrollments",
                "voided",
            ),
        ),
        _word("asks", ""),
        _flag("left_out"),
        _moment("applied_at"),
        _points_at("import_id", "register_imports"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "import_id", "school_id"),
        sa.CheckConstraint("asks in ('','absences','rows')", name="asks"),
        sa.CheckConstraint("not (left_out and applied_at is not null)", name="applied_or_left_out"),
    )
    op.create_index(None, "register_import_schools", ["district_id", "school_id"])
    op.create_index(
        "ix_register_import_schools_to_do",
        "register_import_schools",
        ["district_id", "import_id"],
        postgresql_where=sa.text("applied_at is null and not left_out"),
    )
    own("register_import_schools")

    op.create_table(
        "register_staged_marks",
        *map(_id, ("district_id", "import_id", "student_id", "school_id")),
        sa.Column("line", sa.Integer(), nullable=False),
        _day("day", nullable=False),
        sa.Column("minutes", sa.SmallInteger()),
        _flag("is_gone"),
        *map(_word, ("slot", "code")),
        _word("reason", nullable=True),
        _word("record", nullable=True),
        sa.PrimaryKeyConstraint("district_id", "import_id", "line"),
        _points_at("import_id", "register_imports"),
    )
    own("register_staged_marks")

    op.create_table(
        "register_staged_rows",
        *map(_id, ("district_id", "import_id")),
        _id("school_id", nullable=True),
        _id("student_id", nullable=True),
        sa.Column("line", sa.Integer(), nullable=False),
        _word("file"),
        _json("told"),
        sa.PrimaryKeyConstraint("district_id", "import_id", "file", "line"),
        _points_at("import_id", "register_imports"),
        sa.CheckConstraint("file in ('calendar','codes','enrollments')", name="file"),
    )
    own("register_staged_rows")

    op.create_table(
        "register_mark_changes",
        *map(_id, ("district_id", "import_id", "school_id", "student_id")),
        _day("day", nullable=False),
        sa.Column("minutes", sa.SmallInteger()),
        *map(_word, ("slot", "what", "code")),
        *(_word(name, nullable=True) for name in ("was", "reason", "record")),
        sa.PrimaryKeyConstraint("district_id", "import_id", "school_id", "student_id", "day", "slot"),
        _points_at("import_id", "register_imports"),
        sa.CheckConstraint("what in ('new','changed','vanished')", name="what"),
    )
    own("register_mark_changes")

    op.create_table(
        "register_quarantine",
        *map(_id, ("district_id", "import_id")),
        _id("student_id", nullable=True),
        sa.Column("line", sa.Integer(), nullable=False),
        _day("day"),
        _word("slot", nullable=True),
        *map(_word, ("file", "fault")),
        _json("told"),
        sa.PrimaryKeyConstraint("district_id", "import_id", "file", "line"),
        _points_at("import_id", "register_imports"),
        sa.CheckConstraint("file in ('calendar','codes','enrollments','marks')", name="file"),
        sa.CheckConstraint("fault <> ''", name="fault"),
    )
    own("register_quarantine")

    op.create_table(
        "register_columns",
        *_of_a_district(),
        _word("file"),
        _json("columns"),
        sa.UniqueConstraint("district_id", "file"),
        sa.CheckConstraint("file in ('calendar','codes','enrollments','marks')", name="file"),
    )
    own("register_columns")
