"""Search under the wall: folded text, trigrams, and one function a searched table, owned by `searcher`."""

from alembic import op

revision = "0006"
down_revision = "0005"

RISKS = {
    "table: writes a table anew": "Before the first release these tables are small.",
    "table: builds an index": "Before the first release these tables are small.",
}

#: The fourth part of each is the least of it; all four become one text with spaces between.
FOLDED = """
create function search_folded(a text, b text, c text, d text) returns text
language sql immutable parallel safe
return lower(regexp_replace(
    normalize(
        coalesce(a, '') || ' ' || coalesce(b, '') || ' ' || coalesce(c, '') || ' ' || coalesce(d, ''), NFKD),
    U&'[\\0300-\\036F]', '', 'g'))
"""

#: Words become patterns in which % and _ mean themselves. At most six: a seventh word finds nothing more.
PATTERNS = """
create function search_patterns(typed text) returns text[]
language sql immutable parallel safe
return array(
    select '%' || replace(replace(replace(word, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'
    from regexp_split_to_table(search_folded(typed, '', '', ''), '\\s+') with ordinality as words(word, nth)
    where word <> '' order by nth limit 6)
"""

DISTRICT = """
create function search_district() returns uuid
language plpgsql stable
as $$
declare district uuid := nullif(current_setting('app.district_id', true), '')::uuid;
begin
    if district is null then
        raise exception 'No district is set: nothing can be searched.'
            using errcode = 'insufficient_privilege';
    end if;
    return district;
end $$
"""

# Each word is a condition of its own, so that the rarest one may use the trigrams; the plan is made anew for
# every search (EXECUTE), because a plan for any words at all would not use the index.
MATCHING = """
create function {table}_matching(typed text, at_most integer) returns setof uuid
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
    select string_agg(format('folded like $2[%s]', nth), ' and ') into each_word
        from generate_series(1, cardinality(patterns)) nth;
    return query execute
        'select id from {table} where district_id = $1 and ' || each_word || ' order by {order} limit $3'
        using district, patterns, least(greatest(at_most, 0), 1000);
end $$
"""

SEARCHED = {
    "people": {
        "parts": "given_name, family_name, email, title",
        "order": "family_name, given_name, id",
        "columns": "id, district_id, folded, family_name, given_name",
    },
    "tickets": {
        "parts": "number::text, title, text, device_tag",
        "order": "last_activity_at desc, id desc",
        "columns": "id, district_id, folded, last_activity_at",
    },
}


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    for function in (FOLDED, PATTERNS, DISTRICT):
        op.execute(function)
    for table, how in SEARCHED.items():
        op.execute(
            f"alter table {table} add column folded text not null "
            f"generated always as (search_folded({how['parts']})) stored"
        )
        op.execute(f"create index ix_{table}_folded on {table} using gin (folded gin_trgm_ops)")
        op.execute(f"create policy searched on {table} for select to searcher using (true)")
        op.execute(f"grant select ({how['columns']}) on {table} to searcher")
        op.execute(MATCHING.format(table=table, order=how["order"]))
        op.execute(f"revoke all on function {table}_matching(text, integer) from public")
        op.execute(f"grant execute on function {table}_matching(text, integer) to app")
    # A function is given away only to a role that may create here; the right is taken back at once.
    op.execute("grant create on schema public to searcher")
    for table in SEARCHED:
        op.execute(f"alter function {table}_matching(text, integer) owner to searcher")
    op.execute("revoke create on schema public from searcher")
