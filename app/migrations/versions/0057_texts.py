"""Text messages: how they leave, what became of each, and the numbers whose owners said stop."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.create_table(
        "text_settings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("account_sid", sa.Text(), nullable=False),
        sa.Column("key_sid", sa.Text(), nullable=False),
        sa.Column("key_secret_sealed", sa.Text()),
        sa.Column("auth_token_sealed", sa.Text()),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("staff_numbers_sealed", sa.Text()),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("first_hour >= 0 and first_hour < last_hour and last_hour <= 24", name="hours"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("text_settings")
    op.create_table(
        "stopped_numbers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("number_index", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.UniqueConstraint("district_id", "number_index"),
        sa.CheckConstraint("how in ('text','twilio')", name="how"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("stopped_numbers")
    op.create_table(
        "heard_texts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("number_index", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.UniqueConstraint("district_id", "sid"),
        sa.CheckConstraint("word in ('stop','start','help','')", name="word"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("heard_texts")
    op.create_index(None, "heard_texts", ["district_id", "number_index", "made_at"])
    op.create_table(
        "text_messages",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid()),
        sa.Column("student_id", sa.Uuid()),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("number_index", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("about_table", sa.Text()),
        sa.Column("about_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("holder", sa.BigInteger()),
        sa.Column("handed_over_at", sa.DateTime(timezone=True)),
        sa.Column("sid", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("district_id", "key"),
        sa.CheckConstraint(
            "state in ('queued','sending','unsure','sent','delivered','failed','stopped')", name="state"
        ),
        sa.CheckConstraint("purpose in ('trial','absence','school')", name="purpose"),
        sa.CheckConstraint("(purpose = 'trial') = (contact_id is null)", name="to_a_contact"),
        sa.CheckConstraint("encoding in ('GSM-7','UCS-2') and segments between 1 and 10", name="segments"),
        sa.CheckConstraint("text <> ''", name="says_something"),
        sa.CheckConstraint("state <> 'sending' or claimed_until is not null", name="claimed_while_sending"),
        sa.CheckConstraint(
            "claimed_until is null or state in ('sending','unsure')", name="claimed_by_an_attempt"
        ),
        sa.CheckConstraint("holder is null or claimed_until is not null", name="held_while_claimed"),
        sa.CheckConstraint("state not in ('sent','delivered') or sid is not null", name="sent_has_a_number"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("text_messages")
    op.create_index(
        "uq_text_messages_sid",
        "text_messages",
        ["district_id", "sid"],
        unique=True,
        postgresql_where=sa.text("sid is not null"),
    )
    op.create_index("ix_text_messages_about", "text_messages", ["district_id", "about_table", "about_id"])
    op.create_index(
        "ix_text_messages_on_their_way",
        "text_messages",
        ["district_id", "next_try_at"],
        postgresql_where=sa.text("state in ('queued','sending','unsure','sent')"),
    )
