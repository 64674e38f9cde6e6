"""The attendance register: calendars, codes, stretches at schools, marks, and how far each school's is in."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0049"
down_revision = "0048"


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


def _day(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _small(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger(), nullable=default is None, server_default=default)


def _flag(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def _changed() -> sa.Column[Any]:
    return sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    op.create_table(
        "school_days",
        *_of_a_district(),
        _id("school_id"),
        _word("track", ""),
        _day("day"),
        _flag("is_school_day"),
        _small("minutes", "0"),
        _small("sessions", "2"),
        _small("periods", "0"),
        _word("note", ""),
        _changed(),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "school_id", "track", "day"),
        sa.CheckConstraint("minutes between 0 and 1440", name="minutes"),
        sa.CheckConstraint("sessions between 0 and 4", name="sessions"),
        sa.CheckConstraint("periods between 0 and 24", name="periods"),
    )
    own("school_days")

    op.create_table(
        "attendance_codes",
        *_of_a_district(),
        _id("school_id", nullable=True),
        _word("code"),
        _word("description", ""),
        _word("kind", ""),
        _word("excuse", ""),
        sa.Column("flags", JSONB(), nullable=False, server_default="[]"),
        _day("valid_from", nullable=True),
        _day("valid_to", nullable=True),
        _id("signed_off_by_id", nullable=True),
        _word("signed_off_by", nullable=True),
        sa.Column("signed_off_at", sa.DateTime(timezone=True)),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _points_at("school_id", "schools"),
        sa.CheckConstraint("code <> '' and code = btrim(code)", name="coded"),
        sa.CheckConstraint(
            "kind in ('','present','absent','tardy','early_out','suspended_out','suspended_in',"
            "'offsite_instruction','not_expected')",
            name="kind",
        ),
        sa.CheckConstraint("excuse in ('','excused','unexcused','unknown')", name="excuse"),
        sa.CheckConstraint("jsonb_typeof(flags) = 'array'", name="flags"),
        sa.CheckConstraint("valid_from <= valid_to", name="begins_before_it_ends"),
        sa.CheckConstraint(
            "(signed_off_at is null) = (signed_off_by is null) and (signed_off_at is null or kind <> '')",
            name="signed_off_by_somebody",
        ),
    )
    op.create_index(
        "uq_attendance_codes_signed_off",
        "attendance_codes",
        ["district_id", "school_id", "code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("signed_off_at is not null"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "uq_attendance_codes_proposed",
        "attendance_codes",
        ["district_id", "school_id", "code"],
        unique=True,
        postgresql_where=sa.text("signed_off_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    own("attendance_codes")

    op.create_table(
        "school_enrollments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *map(_id, ("district_id", "student_id", "school_id")),
        _word("track", ""),
        _day("entry"),
        _day("exit", nullable=True),
        _word("exit_reason", ""),
        _flag("is_primary", "true"),
        _changed(),
        _points_at("student_id", "students"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "student_id", "school_id", "entry"),
    )
    op.create_index(None, "school_enrollments", ["district_id", "school_id"])
    own("school_enrollments")

    op.create_table(
        "attendance_marks",
        # In the order in which a row wastes nothing: 100 bytes with its index entries, thirty million of them.
        *map(_id, ("district_id", "student_id", "school_id")),
        _changed(),
        _day("day"),
        _small("minutes"),
        _word("slot", "DAY"),
        _word("code"),
        _word("reason", nullable=True),
        _word("record", nullable=True),
        sa.PrimaryKeyConstraint("district_id", "student_id", "day", "slot"),
        _points_at("student_id", "students"),
        _points_at("school_id", "schools"),
        sa.CheckConstraint("slot ~ '^(DAY|AM|PM|P[1-9][0-9]?)$'", name="slot"),
        sa.CheckConstraint("code <> ''", name="coded"),
        sa.CheckConstraint("minutes between 0 and 1440", name="minutes"),
    )
    op.create_index(None, "attendance_marks", ["district_id", "school_id", "day"])
    own("attendance_marks")

    op.create_table(
        "school_registers",
        *_of_a_district(),
        _id("school_id"),
        _day("current_to", nullable=True),
        _changed(),
        sa.Column("row_counts", JSONB(), nullable=False, server_default="{}"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "school_id"),
        sa.CheckConstraint("jsonb_typeof(row_counts) = 'object'", name="row_counts"),
    )
    own("school_registers")
