"""The date of birth of a student, where somebody wrote it down. Another one is another answer of the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"

RISKS = {"students: adds a constraint": "harmless: the column is new, and empty in every row."}


def upgrade() -> None:
    op.add_column("students", sa.Column("born", sa.Date()))
    op.create_check_constraint("born", "students", "born > '1900-01-01'")
    op.execute("drop trigger review on students")
    op.execute(
        "create trigger review after update of grade, born on students for each row "
        "when (old.grade is distinct from new.grade or old.born is distinct from new.born) "
        "execute function student_waits_for_review()"
    )
