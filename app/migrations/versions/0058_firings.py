"""Firings, what became of them, and the students whose firings must be looked at again: triggers keep those."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0058"
down_revision = "0057"

STUDENTS = ["students.district_id", "students.id"]

# In the order of their ids, so that two who change the same students wait for each other and never in a ring.
_WAIT = """
create function students_wait_for_review() returns trigger
language plpgsql
as $$
begin
    insert into students_to_review (district_id, student_id)
    select distinct district_id, student_id from changed order by 1, 2
    on conflict do nothing;
    return null;
end $$
"""
_SCHOOLS_WAIT = """
create function schools_wait_for_review() returns trigger
language plpgsql
as $$
begin
    insert into students_to_review (district_id, student_id)
    select distinct stay.district_id, stay.student_id
    from (select distinct district_id, school_id from changed) as school
    join school_enrollments stay
        on stay.district_id = school.district_id and stay.school_id = school.school_id
    order by 1, 2
    on conflict do nothing;
    return null;
end $$
"""
# Marks that came before their day counts.
_REGISTER_WAITS = """
create function register_waits_for_review() returns trigger
language plpgsql
as $$
declare
    before date := case when tg_op = 'UPDATE' then old.current_to end;
begin
    insert into students_to_review (district_id, student_id)
    select distinct mark.district_id, mark.student_id
    from attendance_marks mark
    where mark.district_id = new.district_id and mark.school_id = new.school_id
        and mark.day > coalesce(least(before, new.current_to), '-infinity')
        and mark.day <= greatest(before, new.current_to)
    order by 1, 2
    on conflict do nothing;
    return null;
end $$
"""
# What somebody wrote into a case may take out of the way what a rule asks for.
_CASES_WAIT = """
create function cases_wait_for_review() returns trigger
language plpgsql
as $$
begin
    insert into students_to_review (district_id, student_id)
    select distinct attendance_case.district_id, attendance_case.student_id
    from changed join attendance_cases attendance_case
        on attendance_case.district_id = changed.district_id and attendance_case.id = changed.case_id
    order by 1, 2
    on conflict do nothing;
    return null;
end $$
"""
_STUDENT_WAITS = """
create function student_waits_for_review() returns trigger
language plpgsql
as $$
begin
    insert into students_to_review (district_id, student_id) values (new.district_id, new.id)
    on conflict do nothing;
    return null;
end $$
"""


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSONB(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "firings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("district_id"),
        _id("student_id"),
        _text("rule_id"),
        _text("rule_version"),
        _text("window_name"),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("trigger_day", sa.Date(), nullable=False),
        _json("marks"),
        _text("evidence_sha256"),
        _text("total"),
        sa.Column("out_of", sa.Integer()),
        _json("duties"),
        _json("blocked"),
        _json("excluded"),
        _text("state"),
        _moment("known_at"),
        _moment("changed_at"),
        _moment("retracted_at", nullable=True),
        sa.ForeignKeyConstraint(["district_id", "student_id"], STUDENTS),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "student_id", "rule_id", "window_name", "ordinal"),
        sa.CheckConstraint("state in ('standing','retracted')", name="state"),
        sa.CheckConstraint("(state = 'retracted') = (retracted_at is not null)", name="retracted"),
        sa.CheckConstraint("ordinal > 0", name="numbered"),
        sa.CheckConstraint("evidence_sha256 ~ '^[0-9a-f]{64}$'", name="evidence_sha256"),
    )
    op.create_index(
        "ix_firings_blocked",
        "firings",
        ["district_id", "student_id"],
        postgresql_where=sa.text("state = 'standing' and blocked <> '[]'::jsonb"),
    )
    op.create_index(None, "firings", ["district_id", "changed_at"])
    own("firings")

    op.create_table(
        "firing_changes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _id("district_id"),
        _id("firing_id"),
        _text("outcome"),
        _moment("changed_at"),
        _text("sha256_before"),
        _text("sha256_after"),
        sa.ForeignKeyConstraint(["district_id", "firing_id"], ["firings.district_id", "firings.id"]),
        sa.CheckConstraint("outcome in ('upheld_new_evidence','retracted','reinstated')", name="outcome"),
    )
    op.create_index(None, "firing_changes", ["district_id", "firing_id"])
    own("firing_changes")

    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        _text("why"),
        _text("state"),
        sa.Column("seen_on", sa.Date(), nullable=False),
        _text("terms_sha256"),
        _json("current_to"),
        _moment("began_at"),
        _moment("ended_at", nullable=True),
        sa.Column("asked_by_id", sa.Uuid()),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("state in ('working','done')", name="state"),
        sa.CheckConstraint("why in ('changed','rules','asked')", name="why"),
        sa.CheckConstraint("(state = 'done') = (ended_at is not null)", name="ended"),
    )
    op.create_index(
        "uq_reviews_one_at_work",
        "reviews",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("state = 'working'"),
    )
    own("reviews")

    op.create_table(
        "review_ranges",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        _id("review_id"),
        _number("number"),
        sa.Column("after", sa.Uuid()),
        sa.Column("up_to", sa.Uuid()),
        sa.Column("followed", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        *map(_number, ("students", "found", "retracted", "reinstated", "rest_elsewhere")),
        sa.ForeignKeyConstraint(["district_id", "review_id"], ["reviews.district_id", "reviews.id"]),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "review_id", "number"),
        sa.CheckConstraint("state in ('looking','following','done')", name="state"),
    )
    own("review_ranges")

    op.create_table(
        "students_to_review",
        _id("district_id"),
        _id("student_id"),
        sa.PrimaryKeyConstraint("district_id", "student_id"),
        sa.ForeignKeyConstraint(["district_id", "student_id"], STUDENTS, ondelete="CASCADE"),
    )
    own("students_to_review")
    for function in (_WAIT, _SCHOOLS_WAIT, _REGISTER_WAITS, _CASES_WAIT, _STUDENT_WAITS):
        op.execute(function)
    for table in ("attendance_marks", "school_enrollments", "student_flags"):
        _after_each(table, "students_wait_for_review")
    _after_each("case_entries", "cases_wait_for_review")
    _after_each("school_days", "schools_wait_for_review")
    op.execute(
        "create trigger review after update on school_registers for each row "
        "when (old.current_to is distinct from new.current_to) execute function register_waits_for_review()"
    )
    op.execute(
        "create trigger review_first after insert on school_registers for each row "
        "when (new.current_to is not null) execute function register_waits_for_review()"
    )
    op.execute(
        "create trigger review after update of grade on students for each row "
        "when (old.grade is distinct from new.grade) execute function student_waits_for_review()"
    )


def _after_each(table: str, function: str) -> None:
    """PostgreSQL tells what a statement changed to a trigger of one kind of statement."""
    for did, side in (("insert", "new"), ("update", "new"), ("delete", "old")):
        op.execute(
            f"create trigger review_{did} after {did} on {table} referencing {side} table as changed "
            f"for each statement execute function {function}()"
        )
