"""Attendance cases: what is to be done about a student's absences, what was done, and for whom a person decides."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0052"
down_revision = "0051"


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


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _day(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "attendance_cases",
        *_of_a_district(),
        _id("student_id"),
        _word("year"),
        sa.Column("tier", sa.Integer(), nullable=False),
        _id("counselor_id", nullable=True),
        _moment("made_at"),
        _points_at("student_id", "students"),
        _points_at("counselor_id", "accounts"),
        sa.UniqueConstraint("district_id", "student_id", "year"),
        sa.CheckConstraint("tier between 1 and 3", name="tier"),
        sa.CheckConstraint("year <> ''", name="year"),
    )
    op.create_index(
        None,
        "attendance_cases",
        ["district_id", "counselor_id"],
        postgresql_where=sa.text("counselor_id is not null"),
    )
    own("attendance_cases")

    op.create_table(
        "case_duties",
        *_of_a_district(),
        _id("case_id"),
        _id("student_id"),
        _word("rule_id"),
        _word("window"),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        _day("trigger"),
        _word("do"),
        _word("to"),
        _day("by_day"),
        sa.Column("blocked", JSONB(), nullable=False),
        sa.Column("for_person", sa.Boolean(), nullable=False),
        _word("state"),
        _id("settled_by_id", nullable=True),
        _moment("settled_at", nullable=True),
        _id("batch_id", nullable=True),
        _word("reason"),
        _moment("made_at"),
        _points_at("case_id", "attendance_cases"),
        _points_at("student_id", "students"),
        _points_at("settled_by_id", "accounts"),
        sa.UniqueConstraint("district_id", "student_id", "rule_id", "window", "ordinal", "do", "to"),
        sa.CheckConstraint("state in ('open','done','dismissed','withdrawn')", name="state"),
        sa.CheckConstraint("(state in ('done','dismissed')) = (settled_by_id is not null)", name="settled"),
        sa.CheckConstraint("state <> 'dismissed' or reason <> ''", name="dismissed_with_a_reason"),
        sa.CheckConstraint("jsonb_typeof(blocked) = 'array'", name="blocked"),
    )
    op.create_index(None, "case_duties", ["district_id", "case_id"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_case_duties_open", "case_duties", ["district_id", "by_day", "id"], postgresql_where=is_open
    )
    op.create_index(
        "ix_case_duties_open_of", "case_duties", ["district_id", "student_id"], postgresql_where=is_open
    )
    op.create_index(
        None,
        "case_duties",
        ["district_id", "settled_by_id"],
        postgresql_where=sa.text("settled_by_id is not null"),
    )
    own("case_duties")

    op.create_table(
        "case_entries",
        *_of_a_district(),
        _id("case_id"),
        _id("duty_id", nullable=True),
        _word("kind"),
        _day("on"),
        _word("name"),
        _word("rule_id"),
        _word("outcome"),
        _word("note"),
        _id("by_id"),
        _moment("made_at"),
        _id("batch_id"),
        _moment("undone_at", nullable=True),
        _id("undone_by_id", nullable=True),
        _points_at("case_id", "attendance_cases"),
        _points_at("duty_id", "case_duties"),
        _points_at("by_id", "accounts"),
        _points_at("undone_by_id", "accounts"),
        sa.CheckConstraint(
            "kind in ('contact','conference_scheduled','conference_held','conference_missed','plan','plan_failed',"
            "'barrier','referral','attested','delivered','penalty','done','dismissed')",
            name="kind",
        ),
        sa.CheckConstraint("(undone_at is null) = (undone_by_id is null)", name="undone_by_somebody"),
    )
    op.create_index(None, "case_entries", ["district_id", "case_id"])
    op.create_index(None, "case_entries", ["district_id", "by_id", "made_at"])
    op.create_index(None, "case_entries", ["district_id", "batch_id"])
    op.create_index(
        None, "case_entries", ["district_id", "duty_id"], postgresql_where=sa.text("duty_id is not null")
    )
    op.create_index(
        None,
        "case_entries",
        ["district_id", "undone_by_id"],
        postgresql_where=sa.text("undone_by_id is not null"),
    )
    own("case_entries")

    op.create_table(
        "student_flags",
        *_of_a_district(),
        _id("student_id"),
        _word("name"),
        _day("first"),
        _day("last", nullable=True),
        _id("entered_by_id"),
        _moment("made_at"),
        _points_at("student_id", "students"),
        _points_at("entered_by_id", "accounts"),
        sa.CheckConstraint(
            "name in ('pregnant','foster','homeless','severe_illness','academic_plan')", name="name"
        ),
        sa.CheckConstraint("last >= first", name="begins_before_it_ends"),
    )
    op.create_index(None, "student_flags", ["district_id", "student_id"])
    op.create_index(None, "student_flags", ["district_id", "entered_by_id"])
    own("student_flags")
