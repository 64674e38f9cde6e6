"""Mail that comes back: bounced messages, muted addresses, an address for it, and copies that are known again."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0012"
down_revision = "0011"

RISKS = {
    "messages: adds a constraint": "harmless: it allows one state more, and speaks of a column that nobody fills yet.",
    "inbound_emails: builds an index": "Before the first release this table is small.",
}


def upgrade() -> None:
    op.add_column("messages", sa.Column("bounced_at", sa.DateTime(timezone=True)))
    op.drop_constraint(op.f("ck_messages_state"), "messages", type_="check")
    op.create_check_constraint(
        "state", "messages", "state in ('queued','sending','sent','failed','unsure','bounced')"
    )
    op.create_check_constraint(
        "bounced_at_agrees", "messages", "(state = 'bounced') = (bounced_at is not null)"
    )

    op.create_table(
        "muted_addresses",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "address"),
        sa.ForeignKeyConstraint(["district_id", "message_id"], ["messages.district_id", "messages.id"]),
        sa.CheckConstraint("address = lower(address) and address <> ''", name="address_is_lower"),
    )
    own("muted_addresses")

    op.add_column("inbound_emails", sa.Column("same_as_id", sa.Uuid()))
    op.create_index("ix_inbound_emails_same", "inbound_emails", ["district_id", "message_id", "sha256"])

    # Desks that were opened before they had one get their address for mail that comes back.
    op.execute(
        "insert into inbound_addresses (address, district_id) "
        "select 'bounce@' || split_part(address, '@', 2), min(district_id::text)::uuid from inbound_addresses "
        "group by 1 having count(distinct district_id) = 1 on conflict do nothing"
    )
