"""A reason that nobody gave in the district's time: what codes say of it, since when a mark counts so, and the log."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0081"
down_revision = "0080"

RISKS = {
    "attendance_codes: adds a constraint": "harmless: the code before leaves the new column empty.",
    "attendance_marks: builds an index": "Before the first release this table is small.",
}

# Whoever changes the mark, by whatever way: of another code, or at another school, time begins anew.
_ASKED_ANEW = """
create function reason_is_asked_for_anew() returns trigger
language plpgsql
as $$
begin
    new.unexcused_since := null;
    return new;
end $$
"""


def upgrade() -> None:
    op.add_column("attendance_codes", sa.Column("unexcused_after", sa.SmallInteger()))
    op.create_check_constraint(
        "unexcused_after",
        "attendance_codes",
        "unexcused_after is null or unexcused_after between 1 and 60 and excuse = 'unknown'",
    )
    op.add_column("attendance_marks", sa.Column("unexcused_since", sa.Date()))
    op.create_index(
        "ix_attendance_marks_unlapsed",
        "attendance_marks",
        ["district_id", "code", "school_id", "day"],
        postgresql_where=sa.text("unexcused_since is null"),
    )
    op.execute(_ASKED_ANEW)
    op.execute(
        "create trigger reason_anew before update of code, school_id on attendance_marks for each row "
        "when (old.unexcused_since is not null and (old.code <> new.code or old.school_id <> new.school_id)) "
        "execute function reason_is_asked_for_anew()"
    )
    op.create_table(
        "reasons_not_given",
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "student_id", "day", "slot", "since"),
        sa.ForeignKeyConstraint(["district_id", "student_id"], ["students.district_id", "students.id"]),
        sa.ForeignKeyConstraint(
            ["district_id", "code_id"], ["attendance_codes.district_id", "attendance_codes.id"]
        ),
    )
    own("reasons_not_given")
