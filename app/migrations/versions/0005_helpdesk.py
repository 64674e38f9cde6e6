"""Categories, tickets with their counter, replies, files and timeline, and the mail that comes in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.own import own

revision = "0005"
down_revision = "0004"

OPEN = sa.text("closed_at is null")
CLOSED = sa.text("closed_at is not null")


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


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def upgrade() -> None:
    op.create_table(
        "categories",
        *_of_a_district(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_made(),
        sa.UniqueConstraint("district_id", "name"),
        sa.CheckConstraint("name <> ''", name="named"),
    )
    own("categories")

    op.create_table(
        "ticket_counters",
        *_of_a_district(),
        sa.Column("next", sa.Integer(), nullable=False),
        *_made(),
        sa.UniqueConstraint("district_id"),
    )
    own("ticket_counters")

    op.create_table(
        "tickets",
        *_of_a_district(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_html", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("category_id", sa.Uuid()),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid()),
        sa.Column("device_id", sa.Uuid()),
        sa.Column("device_tag", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("once", sa.Uuid()),
        sa.Column("follows_id", sa.Uuid()),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        *_made(),
        _points_at("category_id", "categories"),
        _points_at("school_id", "schools"),
        _points_at("room_id", "rooms"),
        _points_at("device_id", "devices"),
        _points_at("requester_id", "people"),
        _points_at("assignee_id", "accounts"),
        _points_at("follows_id", "tickets"),
        sa.UniqueConstraint("district_id", "number"),
        sa.UniqueConstraint("district_id", "requester_id", "once"),
        sa.CheckConstraint("title <> '' and length(title) <= 200", name="title"),
        sa.CheckConstraint("state in ('new','open','waiting','closed')", name="state"),
        sa.CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed_at_agrees"),
        sa.CheckConstraint("urgency between 0 and 3", name="urgency"),
        sa.CheckConstraint("channel in ('web','email')", name="channel"),
    )
    for name, columns, which in (
        ("queue", ["urgency", "last_activity_at", "id"], OPEN),
        ("queue_of_school", ["school_id", "urgency", "last_activity_at", "id"], OPEN),
        ("queue_of_assignee", ["assignee_id", "urgency", "last_activity_at", "id"], OPEN),
        ("queue_in_state", ["state", "urgency", "last_activity_at", "id"], OPEN),
        ("open_by_number", ["number"], OPEN),
        ("closed", ["closed_at", "id"], CLOSED),
        ("closed_of_school", ["school_id", "closed_at", "id"], CLOSED),
        ("closed_of_assignee", ["assignee_id", "closed_at", "id"], CLOSED),
    ):
        op.create_index(f"ix_tickets_{name}", "tickets", ["district_id", *columns], postgresql_where=which)
    op.create_index(
        "ix_tickets_of_requester", "tickets", ["district_id", "requester_id", "last_activity_at", "id"]
    )
    own("tickets")

    op.create_table(
        "ticket_events",
        *_of_a_district(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_account_id", sa.Uuid()),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_made(),
        _points_at("ticket_id", "tickets"),
        sa.CheckConstraint("what <> ''", name="what"),
    )
    op.create_index(None, "ticket_events", ["district_id", "ticket_id", "id"])
    own("ticket_events")

    op.create_table(
        "inbound_emails",
        *_of_a_district(),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text()),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("envelope_from", sa.Text(), nullable=False),
        sa.Column("envelope_to", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean()),
        sa.Column("ticket_id", sa.Uuid()),
        sa.Column("reply_id", sa.Uuid()),
        sa.Column("decided_by_id", sa.Uuid()),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        *_made(),
        _points_at("ticket_id", "tickets"),
        _points_at("decided_by_id", "accounts"),
        sa.UniqueConstraint("district_id", "mailbox", "provider_id"),
        sa.UniqueConstraint("district_id", "mailbox", "message_id", "sha256"),
        sa.CheckConstraint("state in ('stored','filed','held','discarded','failed')", name="state"),
        sa.CheckConstraint("(state = 'filed') = (ticket_id is not null)", name="filed_somewhere"),
    )
    op.create_index("ix_inbound_emails_by_state", "inbound_emails", ["district_id", "state", "id"])
    op.create_index(
        "ix_inbound_emails_due",
        "inbound_emails",
        ["received_at"],
        postgresql_where=sa.text("state = 'stored'"),
    )
    op.create_index(None, "inbound_emails", ["district_id", "ticket_id"])
    own("inbound_emails")

    op.create_table(
        "replies",
        *_of_a_district(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author_person_id", sa.Uuid()),
        sa.Column("author_account_id", sa.Uuid()),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("from_desk", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("once", sa.Uuid()),
        sa.Column("inbound_email_id", sa.Uuid()),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_made(),
        _points_at("ticket_id", "tickets"),
        _points_at("author_person_id", "people"),
        _points_at("author_account_id", "accounts"),
        _points_at("inbound_email_id", "inbound_emails"),
        sa.UniqueConstraint("district_id", "author_account_id", "once"),
        sa.CheckConstraint("kind in ('public','internal')", name="kind"),
        sa.CheckConstraint("channel in ('web','email')", name="channel"),
    )
    op.create_index(None, "replies", ["district_id", "ticket_id", "id"])
    op.create_index(None, "replies", ["district_id", "inbound_email_id"])
    own("replies")

    op.create_table(
        "attachments",
        *_of_a_district(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("reply_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("thumbnail_key", sa.Text()),
        sa.Column("inline_cid", sa.Text()),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        *_made(),
        _points_at("ticket_id", "tickets"),
        _points_at("reply_id", "replies"),
        sa.CheckConstraint("size >= 0", name="size"),
        sa.CheckConstraint("name <> ''", name="named"),
    )
    op.create_index(None, "attachments", ["district_id", "ticket_id", "id"])
    op.create_index(None, "attachments", ["district_id", "reply_id"])
    own("attachments")

    op.create_table(
        "foreign_message_ids",
        *_of_a_district(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        *_made(),
        _points_at("ticket_id", "tickets"),
        sa.CheckConstraint("message_id <> ''", name="not_empty"),
        sa.UniqueConstraint("district_id", "message_id", "ticket_id"),
    )
    op.create_index(None, "foreign_message_ids", ["district_id", "ticket_id"])
    own("foreign_message_ids")
