"""Records of earlier schools, confirmed by a second person, and which of them a firing rests on."""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0083"
down_revision = "0082"

ACCOUNTS = ["accounts.district_id", "accounts.id"]
_AT_MOST = "case unit when 'day' then 1 when 'half_day' then 2 else 24 end"
# What the paper says stands: whoever finds it wrong withdraws the record. Two people vouch for what is confirmed.
_STANDS = """
create function prior_record_stands() returns trigger
language plpgsql
as $$
begin
    if (old.school_name, old.school_place, old.first, old.last, old.unit, old.unexcused, old.excused, old.unknown,
            old.sha256, old.entered_by_id)
        is distinct from (new.school_name, new.school_place, new.first, new.last, new.unit, new.unexcused, new.excused,
            new.unknown, new.sha256, new.entered_by_id)
        or (old.confirmed_by_id is not null and old.confirmed_by_id is distinct from new.confirmed_by_id)
        or (old.withdrawn_by_id is not null and old.withdrawn_by_id is distinct from new.withdrawn_by_id)
        or (old.withdrawn_by_id is not null and old.confirmed_by_id is distinct from new.confirmed_by_id)
    then
        raise exception 'A record of an earlier school is not changed. Withdraw it.' using errcode = 'check_violation';
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "prior_records",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_name", sa.Text(), nullable=False),
        sa.Column("school_place", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unexcused", sa.Numeric(6, 2), nullable=False),
        sa.Column("excused", sa.Numeric(6, 2), nullable=False),
        sa.Column("unknown", sa.Numeric(6, 2), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.Uuid()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_by_id", sa.Uuid()),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("why_withdrawn", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["district_id", "student_id"], ["students.district_id", "students.id"]),
        sa.ForeignKeyConstraint(["district_id", "entered_by_id"], ACCOUNTS),
        sa.ForeignKeyConstraint(["district_id", "confirmed_by_id"], ACCOUNTS),
        sa.ForeignKeyConstraint(["district_id", "withdrawn_by_id"], ACCOUNTS),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("unit in ('day','half_day','hour','late')", name="unit"),
        sa.CheckConstraint("school_name <> '' and name <> ''", name="named"),
        sa.CheckConstraint("last >= first and last - first < 400", name="days"),
        sa.CheckConstraint("least(unexcused, excused, unknown) >= 0", name="numbers"),
        sa.CheckConstraint("unexcused + excused + unknown > 0", name="says_something"),
        sa.CheckConstraint(
            f"unexcused + excused + unknown <= (last - first + 1) * {_AT_MOST}", name="fits_into_its_days"
        ),
        sa.CheckConstraint(
            "unit = 'hour' or (trunc(unexcused) = unexcused and trunc(excused) = excused and trunc(unknown) = unknown)",
            name="whole_numbers",
        ),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("octet_length(sha256) = 64", name="sha256"),
        sa.CheckConstraint(
            "content_type in ('image/jpeg','image/png','application/pdf')", name="content_type"
        ),
        sa.CheckConstraint("confirmed_by_id <> entered_by_id", name="two_people"),
        sa.CheckConstraint("(confirmed_by_id is null) = (confirmed_at is null)", name="confirmed"),
        sa.CheckConstraint(
            "(withdrawn_by_id is null) = (withdrawn_at is null) and (withdrawn_by_id is null) = (why_withdrawn = '')",
            name="withdrawn",
        ),
    )
    for column in ("student_id", "entered_by_id", "confirmed_by_id", "withdrawn_by_id"):
        op.create_index(None, "prior_records", ["district_id", column])
    own("prior_records")
    op.execute(_STANDS)
    op.execute(
        "create trigger stands before update on prior_records for each row execute function prior_record_stands()"
    )
    for did, side in (("insert", "new"), ("update", "new"), ("delete", "old")):
        op.execute(
            f"create trigger review_{did} after {did} on prior_records referencing {side} table as changed "
            f"for each statement execute function students_wait_for_review()"
        )

    op.create_table(
        "firing_priors",
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.Column("firing_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "firing_id", "record_id"),
        sa.ForeignKeyConstraint(["district_id", "firing_id"], ["firings.district_id", "firings.id"]),
        sa.ForeignKeyConstraint(
            ["district_id", "record_id"], ["prior_records.district_id", "prior_records.id"]
        ),
    )
    op.create_index(None, "firing_priors", ["district_id", "record_id"])
    own("firing_priors")
