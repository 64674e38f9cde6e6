"""What the attendance reports add up: a row for each school, grade and month."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0053"
down_revision = "0052"

COUNTS = (
    "students",
    "judged",
    "expected",
    "absent",
    "excused",
    "unexcused",
    "unknown",
    "at_risk",
    "chronic",
    "severe",
)


def upgrade() -> None:
    op.create_table(
        "attendance_figures",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.ForeignKeyConstraint(["district_id", "school_id"], ["schools.district_id", "schools.id"]),
        sa.UniqueConstraint("district_id", "school_id", "grade", "month"),
        sa.CheckConstraint("extract(day from month) = 1", name="first_of_a_month"),
        sa.CheckConstraint("absent = excused + unexcused + unknown", name="each_absence_once"),
        sa.CheckConstraint(
            "at_risk + chronic + severe <= judged and judged <= students", name="each_student_once"
        ),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("attendance_figures")
