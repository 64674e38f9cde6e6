"""That a committee was told is an entry of a case: which one, who of it, by what means."""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"

KINDS = (
    "kind in ('contact','conference_scheduled','conference_held','conference_missed','plan','plan_failed',"
    "'barrier','referral','attested','delivered','penalty','done','dismissed','committee_told')"
)
TOLD = "(kind = 'committee_told') = (told <> '') and (kind = 'committee_told') = (means <> '')"
RISKS = {
    "case_entries: adds a constraint": "harmless: it allows one kind more, and what the new one asks of the others "
    "is so in every row.",
}


def upgrade() -> None:
    op.add_column("case_entries", sa.Column("told", sa.Text(), nullable=False, server_default=""))
    op.add_column("case_entries", sa.Column("means", sa.Text(), nullable=False, server_default=""))
    op.drop_constraint("kind", "case_entries", type_="check")
    op.create_check_constraint("kind", "case_entries", KINDS)
    op.create_check_constraint("committee_told", "case_entries", TOLD)
