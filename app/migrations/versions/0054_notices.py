"""Notices to families: to whom, what they rest on, what became of them; and the letters of a day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0054"
down_revision = "0053"

LANGUAGES = (
    "'en','es','ar','zh-Hans','zh-Hant','vi','pt','ru','ht','hmn','ur','so','ko','fil','uk','fa-AF','ps','fr',"
    "'pl','pa','bn','cy'"
)


def _owned(through: bool = False) -> list[sa.schema.SchemaItem]:
    district = [] if through else [sa.ForeignKey("districts.id")]
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), *district, nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def _id(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _word(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "guardians",
        sa.Column("address_is_confidential", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "guardian_contacts",
        sa.Column("is_substitute", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "notice_settings",
        *_owned(),
        _word("envelope"),
        sa.Column("cut_off", sa.Time(), nullable=False),
        sa.Column("practises", sa.Boolean(), nullable=False),
        _moment("made_at", nullable=False),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("envelope in ('us-10','dl','c5')", name="envelope"),
    )
    own("notice_settings")
    op.create_table(
        "notice_senders",
        *_owned(),
        _id("school_id", nullable=True),
        _word("return_address"),
        _word("contact_name"),
        _word("contact_phone"),
        _moment("made_at", nullable=False),
        _points_at("school_id", "schools"),
        sa.UniqueConstraint("district_id", "school_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("contact_name <> '' and contact_phone <> ''", name="somebody_to_call"),
    )
    own("notice_senders")
    op.create_table(
        "print_batches",
        *_owned(),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        _moment("made_at", nullable=False),
        _id("posted_by_id", nullable=True),
        _moment("posted_at"),
        _points_at("posted_by_id", "people"),
        sa.UniqueConstraint("district_id", "day", "practice"),
        sa.CheckConstraint("(posted_by_id is null) = (posted_at is null)", name="posted_by_somebody"),
        sa.CheckConstraint("not (practice and posted_at is not null)", name="practice_is_never_posted"),
    )
    own("print_batches")
    op.create_table(
        "print_files",
        *_owned(through=True),
        _id("batch_id"),
        sa.Column("first_envelope", sa.Integer(), nullable=False),
        sa.Column("last_envelope", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _word("storage_key"),
        _word("sha256"),
        _moment("made_at", nullable=False),
        _points_at("batch_id", "print_batches"),
        sa.UniqueConstraint("district_id", "batch_id", "first_envelope"),
        sa.CheckConstraint("first_envelope > 0 and last_envelope >= first_envelope", name="envelopes"),
    )
    op.create_index(None, "print_files", ["district_id", "batch_id"])
    own("print_files")
    _notices()
    op.create_table(
        "notice_recipients",
        *_owned(through=True),
        _id("notice_id"),
        _id("guardian_id"),
        _word("grounds_kind"),
        _id("grounds_id"),
        _word("duty"),
        _word("channel"),
        _points_at("notice_id", "notices"),
        _points_at("guardian_id", "guardians"),
        sa.UniqueConstraint("district_id", "grounds_kind", "grounds_id", "duty", "guardian_id", "channel"),
    )
    op.create_index(None, "notice_recipients", ["district_id", "notice_id"])
    op.create_index(None, "notice_recipients", ["district_id", "guardian_id"])
    own("notice_recipients")


def _notices() -> None:
    op.create_table(
        "notices",
        *_owned(),
        _word("code"),
        _word("grounds_kind"),
        _id("grounds_id"),
        _word("duty"),
        _id("student_id"),
        _id("school_id", nullable=True),
        _word("channel"),
        _word("language"),
        _id("text_id"),
        _id("home_text_id", nullable=True),
        _word("state"),
        _word("reason"),
        _word("caution"),
        *(_word(f"{name}_sealed", nullable=True) for name in ("values", "words", "addressee", "address")),
        _word("words_sha256"),
        sa.Column("practice", sa.Boolean(), nullable=False),
        _moment("made_at", nullable=False),
        _id("approved_by_id", nullable=True),
        _moment("approved_at"),
        _moment("left_at"),
        _id("message_id", nullable=True),
        _id("batch_id", nullable=True),
        sa.Column("envelope", sa.Integer()),
        _moment("returned_at"),
        _id("ended_by_id", nullable=True),
        _moment("ended_at"),
        _points_at("student_id", "students"),
        _points_at("school_id", "schools"),
        _points_at("text_id", "notice_texts"),
        _points_at("home_text_id", "notice_texts"),
        _points_at("approved_by_id", "people"),
        _points_at("ended_by_id", "people"),
        _points_at("message_id", "messages"),
        _points_at("batch_id", "print_batches"),
        sa.UniqueConstraint("district_id", "code"),
        sa.CheckConstraint(
            "state in ('blocked','waiting','approved','in print','sent','cancelled','withdrawn','returned')",
            name="state",
        ),
        sa.CheckConstraint("channel in ('letter','email','sms')", name="channel"),
        sa.CheckConstraint(f"language in ({LANGUAGES})", name="language"),
        sa.CheckConstraint("grounds_kind <> '' and duty <> ''", name="rests_on_something"),
        sa.CheckConstraint("(approved_by_id is null) = (approved_at is null)", name="approved_by_somebody"),
        sa.CheckConstraint(
            "state not in ('approved','in print','sent','withdrawn','returned') or approved_at is not null",
            name="nothing_leaves_unapproved",
        ),
        sa.CheckConstraint("state <> 'blocked' or reason <> ''", name="blocked_says_why"),
        sa.CheckConstraint(
            "state <> 'in print' or (channel = 'letter' and batch_id is not null)", name="printed"
        ),
        sa.CheckConstraint("state <> 'sent' or left_at is not null", name="sent_at_some_time"),
    )
    for columns in (
        ["state", "school_id", "made_at"],
        ["student_id", "made_at"],
        ["grounds_kind", "grounds_id"],
        ["batch_id", "envelope"],
        ["message_id"],
    ):
        op.create_index(None, "notices", ["district_id", *columns])
    own("notices")
