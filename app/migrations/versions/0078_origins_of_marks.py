"""Which import a mark came from is kept as long as a firing stands on it."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0078"
down_revision = "0077"


def upgrade() -> None:
    op.create_table(
        "evidence_imports",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid()),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("octet_length(sha256) = 64", name="sha256"),
    )
    own("evidence_imports")
    op.create_table(
        "mark_origins",
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "student_id", "day", "slot", "code"),
        sa.ForeignKeyConstraint(["district_id", "student_id"], ["students.district_id", "students.id"]),
        sa.ForeignKeyConstraint(
            ["district_id", "import_id"], ["evidence_imports.district_id", "evidence_imports.id"]
        ),
    )
    op.create_index(None, "mark_origins", ["district_id", "import_id"])
    own("mark_origins")
