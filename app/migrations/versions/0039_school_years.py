"""School years, what each means for a school, and what its opening gave each student."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0039"
down_revision = "0038"

LADDER = "'PK','TK','KG','01','02','03','04','05','06','07','08','09','10','11','12','13'"


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


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def upgrade() -> None:
    op.create_table(
        "school_years",
        *_of_a_district(),
        _word("name"),
        _day("first_day"),
        _day("last_day"),
        _day("follows_day", nullable=True),
        _word("state"),
        _day("told_since"),
        sa.Column("ladder", JSONB(), nullable=False, server_default="{}"),
        _id("place", nullable=True),
        *map(_count, ("students", "students_done", "put_back", "left_alone")),
        *(_moment(name, nullable=True) for name in ("began_at", "opened_at", "synced_at")),
        _moment("made_at"),
        sa.UniqueConstraint("district_id", "name"),
        sa.UniqueConstraint("district_id", "last_day"),
        sa.UniqueConstraint("district_id", "follows_day"),
        sa.ForeignKeyConstraint(
            ["district_id", "follows_day"], ["school_years.district_id", "school_years.last_day"]
        ),
        sa.CheckConstraint("state in ('planned','applying','current','undoing','past')", name="state"),
        sa.CheckConstraint("name <> ''", name="named"),
        sa.CheckConstraint("first_day < last_day", name="begins_before_it_ends"),
        sa.CheckConstraint("follows_day < first_day", name="follows"),
        sa.CheckConstraint(
            "follows_day is not null or state in ('current','past')", name="first_moves_nobody"
        ),
    )
    for name, where in (
        ("uq_school_years_first", "follows_day is null"),
        ("uq_school_years_current", "state = 'current'"),
        ("uq_school_years_being_opened", "state in ('planned','applying','undoing')"),
    ):
        op.create_index(name, "school_years", ["district_id"], unique=True, postgresql_where=sa.text(where))
    own("school_years")

    op.create_table(
        "school_year_schools",
        *_of_a_district(),
        *map(_id, ("year_id", "school_id")),
        _word("highest"),
        _word("leavers"),
        _id("goes_to_id", nullable=True),
        _points_at("year_id", "school_years"),
        _points_at("school_id", "schools"),
        _points_at("goes_to_id", "schools"),
        sa.UniqueConstraint("district_id", "year_id", "school_id"),
        sa.CheckConstraint(f"highest in ({LADDER})", name="highest"),
        sa.CheckConstraint("leavers in ('not said','leave','go on')", name="leavers"),
        sa.CheckConstraint("(leavers = 'go on') = (goes_to_id is not null)", name="goes_somewhere"),
        sa.CheckConstraint("goes_to_id <> school_id", name="goes_elsewhere"),
    )
    for column in ("school_id", "goes_to_id"):
        op.create_index(None, "school_year_schools", ["district_id", column])
    own("school_year_schools")

    op.create_table(
        "school_year_moves",
        *_of_a_district(),
        *map(_id, ("year_id", "student_id")),
        *map(_word, ("from_grade", "to_grade")),
        *map(_id, ("from_school_id", "to_school_id")),
        _day("left_on", nullable=True),
        _moment("made_at"),
        _points_at("year_id", "school_years"),
        _points_at("student_id", "students"),
        _points_at("from_school_id", "schools"),
        _points_at("to_school_id", "schools"),
        sa.UniqueConstraint("district_id", "year_id", "student_id"),
        sa.CheckConstraint(
            "left_on is null or from_school_id = to_school_id", name="leavers_keep_their_school"
        ),
    )
    for column in ("student_id", "from_school_id", "to_school_id"):
        op.create_index(None, "school_year_moves", ["district_id", column])
    own("school_year_moves")
