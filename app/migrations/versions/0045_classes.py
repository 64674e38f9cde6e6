"""Classes, who is in them, and both as an import stages them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0045"
down_revision = "0044"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def _id(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _perhaps(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _list(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSONB(), nullable=False, server_default="[]")


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date())


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _flag(name: str, default: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=str(default).lower())


# As in 0042, with these tables among them.
COUNT = """
create or replace function count_rosters_anew() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
    analyze (skip_locked)
        roster_import_rows (id, district_id, import_id, position, what, kind, key, known_by, email, rule),
        roster_import_classes (id, district_id, import_id, position, what, key, rule),
        source_people (id, district_id, source_id, key, person_id, known_by),
        people (id, district_id, kind, school_id),
        students (id, district_id, number),
        guardians (id, district_id),
        guardian_contacts (id, district_id, guardian_id, kind, value_index),
        guardianships (id, district_id, student_id, guardian_id, source_id),
        classes (id, district_id, source_id, key, school_id),
        enrollments (id, district_id, class_id, key, person_id);
end $$
"""


def upgrade() -> None:
    op.create_table(
        "classes",
        *_of_a_district(),
        _id("source_id"),
        *map(_word, ("key", "title")),
        _perhaps("code"),
        _word("kind"),
        _id("school_id"),
        _perhaps("course"),
        _list("periods"),
        *map(_day, ("begins_on", "ends_on")),
        _list("waits_for"),
        _perhaps("digest"),
        _count("absences"),
        _moment("ended_at", nullable=True),
        _moment("made_at"),
        _points_at("source_id", "roster_sources"),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "source_id", "key"),
        sa.CheckConstraint("key <> ''", name="keyed"),
        sa.CheckConstraint("title <> ''", name="titled"),
        sa.CheckConstraint("kind in ('homeroom','scheduled')", name="kind"),
        sa.CheckConstraint("begins_on <= ends_on", name="begins_before_it_ends"),
        sa.CheckConstraint("absences >= 0", name="absences"),
    )
    op.create_index(None, "classes", ["district_id", "school_id", "title", "id"])
    own("classes")

    op.create_table(
        "enrollments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *map(_id, ("district_id", "class_id", "person_id")),
        *map(_word, ("key", "role")),
        _flag("is_primary", False),
        *map(_day, ("begins_on", "ends_on")),
        _count("absences"),
        _moment("ended_at", nullable=True),
        _points_at("class_id", "classes"),
        _points_at("person_id", "people"),
        sa.UniqueConstraint("district_id", "class_id", "key"),
        sa.CheckConstraint("key <> ''", name="keyed"),
        sa.CheckConstraint("role in ('student','teacher')", name="role"),
        sa.CheckConstraint("begins_on <= ends_on", name="begins_before_it_ends"),
        sa.CheckConstraint("absences >= 0", name="absences"),
    )
    op.create_index(None, "enrollments", ["district_id", "person_id"])
    own("enrollments")

    op.create_table(
        "roster_import_classes",
        *_of_a_district(),
        _id("import_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        *map(_word, ("what", "key")),
        _flag("is_told", True),
        *map(_perhaps, ("title", "code", "kind", "school_key", "course")),
        _list("periods"),
        *map(_day, ("begins_on", "ends_on")),
        _flag("active", True),
        sa.Column("roll", JSONB(), nullable=False, server_default="{}"),
        _flag("is_whole", False),
        *map(_perhaps, ("digest", "file")),
        _count("line"),
        sa.Column("verdict", sa.Text()),
        sa.Column("rule", sa.Text()),
        _list("changes"),
        _id("class_id", nullable=True),
        *map(_count, ("enrolled", "altered", "first_missing", "ending", "of_strangers", "classless")),
        _points_at("import_id", "roster_imports"),
        _points_at("class_id", "classes"),
        sa.CheckConstraint("what in ('class','gone','enrollment')", name="what"),
        sa.CheckConstraint(
            "(verdict = 'left_out') = (rule is not null) or verdict is null", name="left_out_by_a_rule"
        ),
    )
    op.create_index(
        "uq_roster_import_classes_key",
        "roster_import_classes",
        ["district_id", "import_id", "key"],
        unique=True,
        postgresql_where=sa.text("what = 'class' and rule is null"),
    )
    op.create_index(None, "roster_import_classes", ["district_id", "import_id", "position"])
    own("roster_import_classes")

    op.add_column("roster_sources", _flag("takes_classes", False))
    op.add_column("roster_imports", _flag("takes_classes", False))
    op.add_column("roster_imports", _flag("has_all_classes", False))
    op.add_column("roster_imports", _count("classes_staged"))
    op.add_column("roster_imports", _count("classes_compared"))
    op.add_column("roster_imports", _count("classes_applied"))
    op.add_column(
        "roster_imports", sa.Column("classes_unchanged", JSONB(), nullable=False, server_default="{}")
    )

    op.execute(COUNT)
