"""Notices by text message, and from one channel to the next: what each carries, follows, and whether it counts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations.own import own

revision = "0066"
down_revision = "0065"

RISKS = {
    "notices: adds a constraint": "harmless: the states take more than before, and the new columns are empty.",
    "notices: builds an index": "harmless: some ten thousand rows a year, written in a moment.",
    "notice_recipients: adds a constraint": "harmless: while two versions run, a press that tells by two "
    "channels at once is refused its second.",
    "notice_recipients: builds an index": "harmless: as many rows as there are notices to families.",
}

#: Which of several notices under one key counts follows its state, whoever changes that.
_FOLLOWS_THE_STATE = """
create function notice_counts() returns trigger
language plpgsql
as $$
begin
    update notice_recipients
    set live = new.state in ('blocked','waiting','approved','in print','sent','delivered')
    where district_id = new.district_id and notice_id = new.id;
    return null;
end $$
"""


def upgrade() -> None:
    op.add_column("notice_texts", sa.Column("line", sa.Text(), nullable=False, server_default=""))
    op.add_column("notices", sa.Column("ways", JSONB(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("notices", sa.Column("line_sealed", sa.Text()))
    op.add_column("notices", sa.Column("text_message_id", sa.Uuid()))
    op.add_column("notices", sa.Column("follows_id", sa.Uuid()))
    op.add_column(
        "notices", sa.Column("is_required", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("notices", sa.Column("certified", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("notices", sa.Column("arrived_at", sa.DateTime(timezone=True)))
    op.add_column("notices", sa.Column("went_on_at", sa.DateTime(timezone=True)))
    for name, table in (("text_message_id", "text_messages"), ("follows_id", "notices")):
        op.create_foreign_key(None, "notices", table, ["district_id", name], ["district_id", "id"])
    op.drop_constraint(op.f("ck_notices_state"), "notices", type_="check")
    op.create_check_constraint(
        "state",
        "notices",
        "state in ('blocked','waiting','approved','in print','sent','delivered','not delivered','cancelled',"
        "'withdrawn','returned')",
    )
    op.drop_constraint(op.f("ck_notices_nothing_leaves_unapproved"), "notices", type_="check")
    op.create_check_constraint(
        "nothing_leaves_unapproved",
        "notices",
        "state not in ('approved','in print','sent','delivered','withdrawn','returned') or approved_at is not null",
    )
    op.create_check_constraint(
        "arrived_at_some_time", "notices", "state <> 'delivered' or arrived_at is not null"
    )
    op.create_index(None, "notices", ["district_id", "text_message_id"])
    op.create_index(None, "notices", ["district_id", "follows_id"])
    _one_that_counts()
    op.create_table(
        "notice_rounds",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("after_kind", sa.Text(), nullable=False),
        sa.Column("after_id", sa.Uuid()),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("came_round_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id"),
        sa.CheckConstraint("(after_kind = '') = (after_id is null)", name="place"),
    )
    own("notice_rounds")
    op.add_column("case_duties", sa.Column("trouble", sa.Text(), nullable=False, server_default=""))


def _one_that_counts() -> None:
    """Under one key one notice counts for a guardian: of those that were sent by two channels at once, the first."""
    op.add_column(
        "notice_recipients", sa.Column("live", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.execute(
        """
        update notice_recipients as one
        set live = notice.state in ('blocked','waiting','approved','in print','sent','delivered') and not exists (
            select from notice_recipients other
            join notices before on before.district_id = other.district_id and before.id = other.notice_id
            where other.district_id = one.district_id and other.grounds_kind = one.grounds_kind
                and other.grounds_id = one.grounds_id and other.duty = one.duty
                and other.guardian_id = one.guardian_id and other.id < one.id
                and before.state in ('blocked','waiting','approved','in print','sent','delivered')
        )
        from notices notice
        where notice.district_id = one.district_id and notice.id = one.notice_id
        """
    )
    op.drop_constraint(
        op.f("uq_notice_recipients_district_id_grounds_kind_grounds_id_duty_guardian_id_channel"),
        "notice_recipients",
        type_="unique",
    )
    op.create_index(
        "uq_notice_recipients_one_that_counts",
        "notice_recipients",
        ["district_id", "grounds_kind", "grounds_id", "duty", "guardian_id"],
        unique=True,
        postgresql_where=sa.text("live"),
    )
    op.create_index(
        "ix_notices_to_go_on",
        "notices",
        ["district_id", "id"],
        postgresql_where=sa.text("state in ('not delivered','returned') and went_on_at is null"),
    )
    op.execute(_FOLLOWS_THE_STATE)
    op.execute(
        "create trigger counts after update of state on notices for each row "
        "when (old.state is distinct from new.state) execute function notice_counts()"
    )
