"""What families are told: templates, and their texts in versions that are never changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0051"
down_revision = "0050"

LANGUAGES = (
    "'en','es','ar','zh-Hans','zh-Hant','vi','pt','ru','ht','hmn','ur','so','ko','fil','uk','fa-AF','ps','fr',"
    "'pl','pa','bn','cy'"
)


def upgrade() -> None:
    op.create_table(
        "notice_templates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "wanted"),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("wanted <> '' and title <> ''", name="named"),
    )
    own("notice_templates")
    op.create_table(
        "notice_texts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("translates_id", sa.Uuid()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("passages", JSONB(), nullable=False),
        sa.Column("required", JSONB(), nullable=False),
        sa.Column("required_since", sa.Date()),
        sa.Column("written_by_id", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Uuid()),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("district_id", "template_id", "language", "number"),
        sa.UniqueConstraint("district_id", "id"),
        sa.ForeignKeyConstraint(
            ["district_id", "template_id"], ["notice_templates.district_id", "notice_templates.id"]
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "translates_id"], ["notice_texts.district_id", "notice_texts.id"]
        ),
        sa.ForeignKeyConstraint(["district_id", "written_by_id"], ["people.district_id", "people.id"]),
        sa.ForeignKeyConstraint(["district_id", "approved_by_id"], ["people.district_id", "people.id"]),
        sa.CheckConstraint(f"language in ({LANGUAGES})", name="language"),
        sa.CheckConstraint("number > 0", name="number"),
        sa.CheckConstraint("(language = 'en') = (translates_id is null)", name="translation_of_something"),
        sa.CheckConstraint("origin in ('shipped','person','machine')", name="origin"),
        sa.CheckConstraint("(origin = 'person') = (written_by_id is not null)", name="written_by_somebody"),
        sa.CheckConstraint("(approved_by_id is null) = (approved_at is null)", name="approved_by_somebody"),
        sa.CheckConstraint("origin <> 'machine' or approved_at is null", name="machine_drafts_never_leave"),
    )
    op.create_index(None, "notice_texts", ["district_id", "template_id"])
    # Words that were approved stay what they were: of a version nothing else can be changed.
    own("notice_texts", app="select, insert, delete")
    op.execute("grant update (approved_by_id, approved_at, retired_at) on notice_texts to app")
