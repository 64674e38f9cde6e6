"""A notice that is the district's own may be held back from some, by lot, and what it changed is counted each night."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0069"
down_revision = "0068"

RISKS = {
    "case_duties: adds a constraint": "harmless: the columns are new, and empty in every row.",
    "case_duties: builds an index": "harmless: no row belongs into it yet.",
}

SUMS = ("before", "before_squares", "after", "after_squares", "change", "change_squares")


def upgrade() -> None:
    op.add_column("case_duties", sa.Column("drawn", sa.Text(), nullable=False, server_default=""))
    op.add_column("case_duties", sa.Column("released_by_id", sa.Uuid()))
    op.add_column("case_duties", sa.Column("released_at", sa.DateTime(timezone=True)))
    op.drop_constraint("state", "case_duties", type_="check")
    op.create_check_constraint(
        "state", "case_duties", "state in ('open','done','dismissed','withdrawn','held back')"
    )
    op.create_check_constraint("drawn", "case_duties", "drawn in ('','told','not told')")
    op.create_check_constraint(
        "held_back_by_lot",
        "case_duties",
        "state <> 'held back' or (drawn = 'not told' and released_at is null and not for_person)",
    )
    op.create_check_constraint("released", "case_duties", "(released_by_id is null) = (released_at is null)")
    op.create_foreign_key(
        None,
        "case_duties",
        "accounts",
        ["district_id", "released_by_id"],
        ["district_id", "id"],
    )
    op.create_index(
        None,
        "case_duties",
        ["district_id", "released_by_id"],
        postgresql_where=sa.text("released_by_id is not null"),
    )
    op.create_index(
        "ix_case_duties_drawn",
        "case_duties",
        ["district_id", "rule_id"],
        postgresql_where=sa.text("drawn <> ''"),
    )
    op.create_index(
        "ix_case_duties_held_back_of",
        "case_duties",
        ["district_id", "student_id"],
        postgresql_where=sa.text("state = 'held back'"),
    )
    op.create_table(
        "outcome_figures",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("year", sa.Date(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in SUMS),
        sa.ForeignKeyConstraint(["district_id", "school_id"], ["schools.district_id", "schools.id"]),
        sa.UniqueConstraint("district_id", "year", "school_id", "rule_id", "drawn", "language"),
        sa.CheckConstraint("drawn in ('','told','not told')", name="drawn"),
        sa.CheckConstraint("students > 0", name="of_somebody"),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("outcome_figures")
