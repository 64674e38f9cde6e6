"""Whoever changes a student who waits holds them until the change is committed: no review strikes them off before."""

from alembic import op

revision = "0075"
down_revision = "0074"

# Of a row that is there already "do nothing" holds nothing, and "do update" does, whatever becomes of the update. So a
# review that comes by leaves the student waiting, and does not strike off a change that it cannot see.
_HELD = "on conflict (district_id, student_id) do update set student_id = excluded.student_id where false"
#: What each function selects (0058), in the order of ids: two who change the same students wait in no ring.
_WHO = {
    "students_wait_for_review": "select distinct district_id, student_id from changed",
    "schools_wait_for_review": """
        select distinct stay.district_id, stay.student_id
        from (select distinct district_id, school_id from changed) as school
        join school_enrollments stay
            on stay.district_id = school.district_id and stay.school_id = school.school_id""",
    "cases_wait_for_review": """
        select distinct attendance_case.district_id, attendance_case.student_id
        from changed join attendance_cases attendance_case
            on attendance_case.district_id = changed.district_id and attendance_case.id = changed.case_id""",
    "student_waits_for_review": "select new.district_id, new.id",
    "register_waits_for_review": """
        select distinct mark.district_id, mark.student_id
        from attendance_marks mark
        where mark.district_id = new.district_id and mark.school_id = new.school_id
            and mark.day > coalesce(least(before, new.current_to), '-infinity')
            and mark.day <= greatest(before, new.current_to)""",
}
_BEFORE = {
    "register_waits_for_review": "declare before date := case when tg_op = 'UPDATE' then old.current_to end;"
}


def upgrade() -> None:
    for function, who in _WHO.items():
        op.execute(
            f"""
            create or replace function {function}() returns trigger
            language plpgsql
            as $$
            {_BEFORE.get(function, "")}
            begin
                insert into students_to_review (district_id, student_id) {who} order by 1, 2 {_HELD};
                return null;
            end $$
            """
        )
