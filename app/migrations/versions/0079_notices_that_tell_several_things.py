"""One notice may tell several things that a family is owed: it stands under the key of each."""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"

RISKS = {
    "notice_recipients: adds a constraint": "harmless: the columns are new, and empty in every row.",
    "notice_recipients: builds an index": "harmless: as many rows as there are notices to families.",
}

#: As in 0066; what is told along ends with the notice, and does not begin again if that is taken up once more.
_FOLLOWS_THE_STATE = """
create or replace function notice_counts() returns trigger
language plpgsql
as $$
begin
    update notice_recipients
    set ended_at = case
            when along and new.state in ('cancelled','withdrawn') then coalesce(ended_at, new.ended_at, now())
            else ended_at
        end,
        live = new.state in ('blocked','waiting','approved','in print','sent','delivered') and ended_at is null
    where district_id = new.district_id and notice_id = new.id;
    return null;
end $$
"""
#: A notice about one student tells nothing that is owed about another. The mail room knows a line of the morning list
#: by a reference alone, so no key points at it.
_OF_ONE_STUDENT = """
create function told_along_of_one_student() returns trigger
language plpgsql
as $$
begin
    if exists (
        select from notices notice
        join case_duties duty on duty.district_id = notice.district_id and duty.id = new.grounds_id
        where notice.district_id = new.district_id and notice.id = new.notice_id
            and duty.student_id <> notice.student_id
    ) then
        raise exception 'A notice tells nothing along that is owed about another student.'
            using errcode = 'check_violation';
    end if;
    return null;
end $$
"""


def upgrade() -> None:
    op.add_column(
        "notice_recipients", sa.Column("along", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("notice_recipients", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_check_constraint("ended_along", "notice_recipients", "ended_at is null or (along and not live)")
    op.create_unique_constraint(
        None, "notice_recipients", ["district_id", "notice_id", "guardian_id", "grounds_id"]
    )
    op.create_index(
        "ix_notice_recipients_told_along",
        "notice_recipients",
        ["district_id", "grounds_kind", "grounds_id"],
        postgresql_where=sa.text("along"),
    )
    op.execute(_FOLLOWS_THE_STATE)
    op.execute(_OF_ONE_STUDENT)
    op.execute(
        "create trigger of_one_student after insert on notice_recipients for each row "
        "when (new.along and new.grounds_kind = 'case duty') execute function told_along_of_one_student()"
    )
