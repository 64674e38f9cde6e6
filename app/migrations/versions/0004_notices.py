"""Messages that leave the house, and how each district's mail is sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.own import own

revision = "0004"
down_revision = "0003"


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
    ]


def _made() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def upgrade() -> None:
    op.create_table(
        "messages",
        *_of_a_district(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_person_id", sa.Uuid()),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("in_reply_to", sa.Text()),
        sa.Column("reference_ids", postgresql.JSONB(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("envelope_from", sa.Text(), nullable=False),
        sa.Column("about_table", sa.Text()),
        sa.Column("about_id", sa.Uuid()),
        sa.Column("about_number", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        *_made(),
        sa.ForeignKeyConstraint(["district_id", "to_person_id"], ["people.district_id", "people.id"]),
        sa.UniqueConstraint("district_id", "message_id"),
        sa.CheckConstraint("state in ('queued','sending','sent','failed','unsure')", name="state"),
        sa.CheckConstraint("channel in ('email')", name="channel"),
        sa.CheckConstraint("kind <> ''", name="kind"),
        sa.CheckConstraint("(state = 'sending') = (claimed_until is not null)", name="claimed_while_sending"),
    )
    for name, columns in (
        ("log_in_state", ["state", "id"]),
        ("to_address", ["to_address", "made_at"]),
        ("about", ["about_table", "about_id"]),
    ):
        op.create_index(f"ix_messages_{name}", "messages", ["district_id", *columns])
    op.create_index(
        "ix_messages_on_their_way",
        "messages",
        ["district_id", "next_try_at"],
        postgresql_where=sa.text("state in ('queued','sending')"),
    )
    own("messages")

    op.create_table(
        "mail_settings",
        *_of_a_district(),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_sealed", sa.Text()),
        sa.Column("desk_address", sa.Text(), nullable=False),
        sa.Column("desk_name", sa.Text(), nullable=False),
        sa.Column("authserv_id", sa.Text()),
        *_made(),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("driver in ('maildir','relay','smtp')", name="driver"),
        sa.CheckConstraint("security in ('starttls','tls','none')", name="security"),
        sa.CheckConstraint("port between 1 and 65535", name="port"),
        sa.CheckConstraint("desk_address = lower(desk_address)", name="desk_address_is_lower"),
    )
    own("mail_settings")
