"""Students, guardians, households and how they are reached; the roles that may know.

From here on `people_matching` finds staff alone, since help desk pages read it; `students_matching` finds students.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations.own import own

revision = "0025"
down_revision = "0024"

RISKS = {
    "role_grants: adds a constraint": "harmless: it permits all that the one before it did, and three roles more.",
    "people: builds an index": "Before the first release this table is small.",
}

LANGUAGES = (
    "language in ('en','es','ar','zh-Hans','zh-Hant','vi','pt','ru','ht','hmn','ur','so','ko','fil','uk','fa-AF','ps',"
    "'fr','pl','pa','bn','cy')"
)
GRADES = "grade in ('','PK','TK','KG','01','02','03','04','05','06','07','08','09','10','11','12','13','UG')"
RELATIONS = (
    "relation in ('Mother','Father','Parent','Mother, step','Father, step','Mother, foster','Father, foster',"
    "'Foster parent','Adoptive parents','Grandmother','Grandfather','Grandparent','Aunt','Uncle','Sister','Brother',"
    "'Cousin','Family member','Guardian','Court appointed guardian','Case Worker, CPS','Agency representative','Other')"
)
ROLES = "role in ('requester','technician','lead','admin','school_office','counselor','attendance_clerk')"

# As migration 0006 has it, and of one kind of people only.
MATCHING = """
create {or_replace} function {name}(typed text, at_most integer{more}) returns setof uuid
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
    district uuid := search_district();
    patterns text[] := search_patterns(typed);
    each_word text;
begin
    if cardinality(patterns) = 0 then
        return;
    end if;
    select string_agg(format({word}, nth), ' and ') into each_word
        from generate_series(1, cardinality(patterns)) nth;
    return query execute
        {query}
        using district, patterns, least(greatest(at_most, 0), 1000){using};
end $$
"""

STAFF = MATCHING.format(
    or_replace="or replace",
    name="people_matching",
    more="",
    word="'folded like $2[%s]'",
    query="""'select id from people where district_id = $1 and kind = ''staff'' and ' || each_word
        || ' order by family_name, given_name, id limit $3'""",
    using="",
)

# A number is one word: whoever types it finds its student by the unique index, and nobody by a part of it.
STUDENTS = MATCHING.format(
    or_replace="",
    name="students_matching",
    more=", schools uuid[]",
    word="'people.folded like $2[%s]'",
    query="""'select people.id from people where people.district_id = $1 and people.kind = ''student''
        and ($4 is null or people.school_id = any($4))
        and (' || each_word || ' or people.id = (
            select students.id from students where students.district_id = $1 and students.number = $5))
        order by people.family_name, people.given_name, people.id limit $3'""",
    using=", schools, btrim(typed)",
)


def _of_a_district() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
    ]


def _points_at(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["district_id", column], [f"{table}.district_id", f"{table}.id"])


def upgrade() -> None:
    op.drop_constraint("ck_role_grants_role", "role_grants")
    op.create_check_constraint("role", "role_grants", ROLES)
    op.create_index(None, "people", ["district_id", "kind", "family_name", "given_name", "id"])
    _students()
    _guardians()
    _contacts()
    _households()
    _searches()


def _students() -> None:
    op.create_table(
        "students",
        *_of_a_district(),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        _points_at("id", "people"),
        sa.UniqueConstraint("district_id", "number"),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint("number <> ''", name="numbered"),
        sa.CheckConstraint(GRADES, name="grade"),
        sa.CheckConstraint(LANGUAGES, name="language"),
    )
    own("students")


def _guardians() -> None:
    op.create_table(
        "guardians",
        *_of_a_district(),
        sa.Column("language", sa.Text(), nullable=False),
        _points_at("id", "people"),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint(LANGUAGES, name="language"),
    )
    own("guardians")
    op.create_table(
        "guardianships",
        *_of_a_district(),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        _points_at("student_id", "students"),
        _points_at("guardian_id", "guardians"),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint(RELATIONS, name="relation"),
    )
    op.create_index(None, "guardianships", ["district_id", "student_id"])
    op.create_index(None, "guardianships", ["district_id", "guardian_id"])
    op.create_index(
        "uq_guardianships_once",
        "guardianships",
        ["district_id", "student_id", "guardian_id"],
        unique=True,
        postgresql_where="ended_at is null",
    )
    own("guardianships")
    op.create_table(
        "guardian_rights",
        *_of_a_district(),
        sa.Column("guardianship_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("note_sealed", sa.Text()),
        sa.Column("entered_by_id", sa.Uuid()),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True)),
        _points_at("guardianship_id", "guardianships"),
        _points_at("entered_by_id", "people"),
        sa.UniqueConstraint("district_id", "id"),
        sa.CheckConstraint(
            "name in ('education_rights','may_receive_mail','lives_with','court_order','no_contact')",
            name="name",
        ),
        sa.CheckConstraint("note_sealed is null or name = 'court_order'", name="note_of_a_court_order"),
        sa.CheckConstraint("replaced_at is null or replaced_at >= entered_at", name="replaced_after"),
    )
    op.create_index(None, "guardian_rights", ["district_id", "guardianship_id"])
    op.create_index(
        "uq_guardian_rights_in_force",
        "guardian_rights",
        ["district_id", "guardianship_id", "name"],
        unique=True,
        postgresql_where="replaced_at is null",
    )
    own("guardian_rights")


def _contacts() -> None:
    op.create_table(
        "guardian_contacts",
        *_of_a_district(),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value_sealed", sa.Text(), nullable=False),
        sa.Column("value_index", sa.Text(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("consent_source", sa.Text(), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True)),
        sa.Column("consent_wording", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _points_at("guardian_id", "guardians"),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "guardian_id", "kind", "value_index"),
        sa.CheckConstraint("kind in ('post','email','mobile','landline')", name="kind"),
        sa.CheckConstraint("consent in ('given','implied','not asked','refused')", name="consent"),
        sa.CheckConstraint(
            "consent = 'not asked' or (consent_source <> '' and consent_at is not null)",
            name="consent_has_source",
        ),
        sa.CheckConstraint("consent <> 'given' or consent_wording <> ''", name="consent_has_wording"),
    )
    op.create_index(None, "guardian_contacts", ["district_id", "value_index"])
    own("guardian_contacts")


def _households() -> None:
    op.create_table(
        "households",
        *_of_a_district(),
        sa.Column("mail_name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
    )
    own("households")
    op.create_table(
        "household_members",
        *_of_a_district(),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _points_at("household_id", "households"),
        _points_at("guardian_id", "guardians"),
        sa.UniqueConstraint("district_id", "id"),
        sa.UniqueConstraint("district_id", "guardian_id"),
    )
    op.create_index(None, "household_members", ["district_id", "household_id"])
    own("household_members")


def _searches() -> None:
    op.execute("grant select (kind, school_id) on people to searcher")
    op.execute("create policy searched on students for select to searcher using (true)")
    op.execute("grant select (id, district_id, number) on students to searcher")
    # A function is replaced by its owner alone, and given away only to a role that may create here.
    op.execute("grant create on schema public to searcher")
    op.execute("drop function people_matching(text, integer)")
    op.execute(STAFF)
    op.execute(STUDENTS)
    for signature in ("people_matching(text, integer)", "students_matching(text, integer, uuid[])"):
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f"grant execute on function {signature} to app")
        op.execute(f"alter function {signature} owner to searcher")
    op.execute("revoke create on schema public from searcher")
