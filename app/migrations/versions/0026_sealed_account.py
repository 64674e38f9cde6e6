"""Sign-in by a provider alone, the sealed account that opens without it, and confirming by a fresh sign-in there."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0026"
down_revision = "0025"

RISKS = {"sign_in_flows: adds a constraint": "harmless: the code before leaves the new column at no."}


def upgrade() -> None:
    op.create_table(
        "sealed_accounts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_by_id", sa.Uuid()),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["district_id", "account_id"], ["accounts.district_id", "accounts.id"]),
        sa.ForeignKeyConstraint(["district_id", "sealed_by_id"], ["accounts.district_id", "accounts.id"]),
        sa.UniqueConstraint("district_id"),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("sealed_accounts")
    op.add_column(
        "districts", sa.Column("provider_only", sa.Boolean(), nullable=False, server_default="false")
    )
    op.execute("grant update (provider_only) on districts to app")
    op.add_column("web_sessions", sa.Column("through", sa.Text(), nullable=False, server_default=""))
    op.add_column("sign_in_steps", sa.Column("through", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "sign_in_flows", sa.Column("confirms", sa.Boolean(), nullable=False, server_default="false")
    )
    op.create_check_constraint("somebody_confirms", "sign_in_flows", "not confirms or account_id is not null")
