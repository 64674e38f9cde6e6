"""An import has the tables that it fills counted anew: whoever reads them next plans for what they are."""

from alembic import op

revision = "0042"
down_revision = "0041"

# Only by what rows are looked up. What somebody else holds at the moment is left to the next time: nobody waits here.
COUNT = """
create function count_rosters_anew() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
    analyze (skip_locked)
        roster_import_rows (id, district_id, import_id, position, what, kind, key, known_by, email, rule),
        source_people (id, district_id, source_id, key, person_id, known_by),
        people (id, district_id, kind, school_id),
        students (id, district_id, number),
        guardians (id, district_id),
        guardian_contacts (id, district_id, guardian_id, kind, value_index),
        guardianships (id, district_id, student_id, guardian_id, source_id);
end $$
"""


def upgrade() -> None:
    op.execute(COUNT)
    op.execute("revoke all on function count_rosters_anew() from public")
    op.execute("grant execute on function count_rosters_anew() to app")
