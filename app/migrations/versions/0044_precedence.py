"""Whose word counts, group by group, instead of one switch; and what a source has left unsaid since when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0044"
down_revision = "0043"

RISKS = {"roster_sources: drops a column": "no release yet"}


def upgrade() -> None:
    op.add_column("source_people", sa.Column("silent", JSONB(), nullable=False, server_default="{}"))
    op.create_table(
        "roster_precedences",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("ranked", JSONB(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "about"),
        sa.CheckConstraint("about in ('name','email','school','grade','contacts')", name="about"),
        sa.CheckConstraint("jsonb_typeof(ranked) = 'array'", name="ranked"),
    )
    own("roster_precedences")
    # A district whose sources went first keeps it so.
    op.execute(
        """
        insert into roster_precedences (id, district_id, about, ranked)
        select gen_random_uuid(), sources.district_id, about, sources.kinds || '["by hand"]'::jsonb
        from (
            select district_id, jsonb_agg(kind order by id) as kinds from roster_sources
            group by district_id having bool_or(goes_first)
        ) sources
        cross join unnest(array['name', 'email', 'school', 'grade']) as about
        """
    )
    op.drop_column("roster_sources", "goes_first")
