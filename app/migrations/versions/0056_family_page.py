"""The family page: its links, what families send, what offices say, and whose words were checked."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0056"
down_revision = "0055"


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


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "family_links",
        *_of_a_district(),
        _id("student_id"),
        _id("guardian_id"),
        _word("about_kind", ""),
        _id("about_id", nullable=True),
        _word("way_index", nullable=True),
        _word("token_hash"),
        _id("made_by_id", nullable=True),
        _moment("made_at"),
        _moment("expires_at"),
        _moment("opened_at", nullable=True),
        _moment("withdrawn_at", nullable=True),
        _points_at("student_id", "students"),
        _points_at("guardian_id", "guardians"),
        sa.UniqueConstraint("district_id", "token_hash"),
        sa.CheckConstraint("about_kind <> '' or about_id is null", name="about_something"),
        sa.CheckConstraint("expires_at > made_at", name="expires_after"),
    )
    op.create_index(None, "family_links", ["district_id", "student_id", "guardian_id"])
    op.create_index(None, "family_links", ["district_id", "guardian_id"])
    own("family_links")

    op.create_table(
        "family_answers",
        *_of_a_district(),
        _id("link_id"),
        _id("student_id"),
        _id("guardian_id"),
        _word("kind"),
        _word("text_sealed", nullable=True),
        _word("language", ""),
        _word("way", ""),
        _word("read_in", "en"),
        _moment("sent_at"),
        _moment("settled_at", nullable=True),
        _id("settled_by_id", nullable=True),
        _word("settled_by", nullable=True),
        _word("remark_sealed", nullable=True),
        _points_at("link_id", "family_links"),
        _points_at("student_id", "students"),
        _points_at("guardian_id", "guardians"),
        sa.CheckConstraint("kind in ('receipt','note','meeting','interpreter','reach','stop')", name="kind"),
        sa.CheckConstraint("settled_by_id is null or settled_at is not null", name="settled_by_somebody"),
        sa.CheckConstraint("remark_sealed is null or settled_at is not null", name="remark_of_the_settled"),
    )
    for column in ("link_id", "student_id", "guardian_id"):
        op.create_index(None, "family_answers", ["district_id", column])
    op.create_index(
        "ix_family_answers_waiting",
        "family_answers",
        ["district_id", "sent_at"],
        postgresql_where=sa.text("settled_at is null"),
    )
    own("family_answers")

    op.create_table(
        "family_files",
        *_of_a_district(),
        sa.Column("size", sa.Integer(), nullable=False),
        _id("answer_id"),
        _word("name"),
        _word("content_type"),
        _word("sha256"),
        _word("storage_key"),
        _word("thumbnail_key", nullable=True),
        sa.Column("thumbnail_size", sa.Integer(), nullable=False, server_default="0"),
        _moment("made_at"),
        _points_at("answer_id", "family_answers"),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("thumbnail_size >= 0", name="thumbnail_size"),
        sa.CheckConstraint("name <> ''", name="named"),
        sa.CheckConstraint(
            "content_type in ('image/jpeg','image/png','application/pdf')", name="content_type"
        ),
    )
    op.create_index(None, "family_files", ["district_id", "answer_id"])
    own("family_files")

    op.create_table(
        "family_offices",
        *_of_a_district(),
        _id("school_id", nullable=True),
        _word("phone", ""),
        _word("hours", ""),
        _word("offers", ""),
        sa.Column("link_days", sa.SmallInteger(), nullable=False, server_default="60"),
        _moment("made_at"),
        _points_at("school_id", "schools"),
        sa.CheckConstraint("link_days between 1 and 365", name="link_days"),
    )
    op.create_index(
        "uq_family_offices_school",
        "family_offices",
        ["district_id", "school_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    own("family_offices")

    op.create_table(
        "family_words_approvals",
        *_of_a_district(),
        _word("language"),
        _word("digest"),
        _word("checked_by"),
        _id("approved_by_id"),
        _word("approved_by"),
        _moment("approved_at"),
        sa.UniqueConstraint("district_id", "language", "digest"),
        sa.CheckConstraint("checked_by <> ''", name="named"),
    )
    own("family_words_approvals")
