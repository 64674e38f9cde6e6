"""A person may choose that a notice without a translation goes in English; without that none leaves so."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"

RISKS = {
    "notices: adds a constraint": (
        "harmless: two are about new columns, empty in every row; what the third asks for, every notice that has left "
        "was asked for when it was written. As many rows are read as there are notices to families."
    ),
}


def upgrade() -> None:
    op.add_column("notices", sa.Column("in_english_by_id", sa.Uuid()))
    op.add_column("notices", sa.Column("in_english_at", sa.DateTime(timezone=True)))
    op.create_foreign_key(
        None, "notices", "people", ["district_id", "in_english_by_id"], ["district_id", "id"]
    )
    op.create_check_constraint(
        "in_english_by_somebody", "notices", "(in_english_by_id is null) = (in_english_at is null)"
    )
    op.create_check_constraint(
        "in_english_untranslated",
        "notices",
        "in_english_at is null or (language <> 'en' and home_text_id is null)",
    )
    op.create_check_constraint(
        "nothing_leaves_in_another_language",
        "notices",
        "state not in ('approved','in print','sent','delivered','withdrawn','returned') "
        "or language = 'en' or home_text_id is not null or in_english_at is not null",
    )
