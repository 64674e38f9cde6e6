"""Search of everything that was said on a ticket: the words of each in one row, under one index.

Safe beside the code before it, and while people work: what that code reads stays as it is, and triggers keep
the words from the first moment on. 0015 reads in the tickets that were there before.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.migrations.own import own

revision = "0014"
down_revision = "0013"

# A word is what stands between blanks, without the punctuation around it ("c:\temp", "jose.nunez@maple.example"),
# and also each part of it between signs ("temp", "nunez"). Signs of scripts that know no blanks are words
# by themselves. Beyond 24 letters words are taken for the same.
SPACED = r"""
create function search_spaced(written text) returns text
language sql immutable parallel safe
return ' ' || regexp_replace(
    regexp_replace(
        search_folded(left(written, 100000), '', '', ''),
        '([\u0e00-\u0eff\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff])', ' \1 ', 'g'),
    '[\s\u00a0\u2000-\u200b\u3000]+', ' ', 'g') || ' '
"""

TRIMMED = r"""
create function search_trimmed(spaced text) returns text
language sql immutable parallel safe
return regexp_replace(
    regexp_replace(spaced, '[-.,;:!?()\[\]{}<>"''*#=|~`´«»“”„‘’‚…–—·]+ ', ' ', 'g'),
    ' [-.,;:!?()\[\]{}<>"''*#=|~`´«»“”„‘’‚…–—·]+', ' ', 'g')
"""

# The district stands in each lexeme, so that one index serves all and none reads another's words: a few letters
# of its id, since the row's own district is compared all the same. Then who may find by it: + everyone who may
# see the ticket, - the desk alone, # the ticket's number.
HEAD = """
create function search_head(district uuid, mark text) returns text
language sql immutable parallel safe
return right(district::text, 4) || mark
"""

# At most so many, because a tsvector must stay below a megabyte. It sorts and drops what is double by itself.
LEXEMES = r"""
create function search_lexemes(district uuid, mark text, written text, at_most integer) returns tsvector
language plpgsql immutable parallel safe
as $$
declare
    head text := search_head(district, mark);
    spaced text := search_spaced(written);
    words text := search_trimmed(spaced)
        || regexp_replace(spaced, '[ !-/:-@[-`{-~\u00a1-\u00bf\u2010-\u206f\u3001-\u303f]+', ' ', 'g');
    lexemes text[];
begin
    words := btrim(words);
    if words ~ '\S{25}' then
        words := regexp_replace(words, '(\S{24})\S+', '\1', 'g');
    end if;
    lexemes := array_remove(string_to_array(head || regexp_replace(words, ' +', ' ' || head, 'g'), ' '), head);
    if cardinality(lexemes) > at_most then
        lexemes := array(
            select lexeme from unnest(lexemes) with ordinality found(lexeme, nth)
            group by lexeme order by min(nth) limit at_most);
    end if;
    return array_to_tsvector(lexemes);
end $$
"""

# At most six words: a seventh finds nothing more. A lone letter is a word and not the beginning of most others.
QUERY = r"""
create function search_query(district uuid, typed text, notes_too boolean) returns tsquery
language plpgsql immutable parallel safe
as $$
declare
    word text;
    quoted text;
    how_it_ends text;
    either text;
    asked text;
begin
    foreach word in array (string_to_array(btrim(
        regexp_replace(search_trimmed(search_spaced(typed)), ' +', ' ', 'g')), ' '))[1:6]
    loop
        continue when word = '';
        quoted := replace(replace(left(word, 24), '\', '\\'), '''', '''''');
        how_it_ends := case when length(word) > 1 then ''':*' else '''' end;
        either := '''' || search_head(district, '+') || quoted || how_it_ends;
        if notes_too then
            either := either || '|''' || search_head(district, '-') || quoted || how_it_ends;
        end if;
        if word ~ '^[0-9]+$' then
            either := either || '|''' || search_head(district, '#') || quoted || '''';
        end if;
        asked := coalesce(asked || '&', '') || '(' || either || ')';
    end loop;
    return asked::tsquery;
end $$
"""

# A tag is also found by how it ends: people read the last figures from a sticker.
OWN_WORDS = """
create function ticket_own_words(ticket tickets, requester people) returns tsvector
language plpgsql immutable parallel safe
as $$
declare
    tag text := left(ticket.device_tag, 60);
    endings text := '';
begin
    for letters in 3..length(tag) - 1 loop
        endings := endings || ' ' || right(tag, letters);
    end loop;
    return search_lexemes(ticket.district_id, '+', concat_ws(' ', ticket.title, tag, endings,
            requester.given_name, requester.family_name, requester.email, ticket.text), 3000)
        || search_lexemes(ticket.district_id, '#', ticket.number::text, 1);
end $$
"""

ALL_WORDS = """
create function ticket_all_words(ticket tickets) returns tsvector
language sql stable parallel safe
begin atomic
    select ticket_own_words(ticket, people)
        || search_lexemes(ticket.district_id, '+', said.to_all, 4000)
        || search_lexemes(ticket.district_id, '-', said.to_the_desk, 2000)
    from people, lateral (
        select coalesce(string_agg(left(text, 20000), ' ' order by id) filter (where kind = 'public'), '') to_all,
            coalesce(string_agg(left(text, 20000), ' ' order by id) filter (where kind <> 'public'), '') to_the_desk
        from replies where district_id = ticket.district_id and ticket_id = ticket.id
    ) said
    where people.district_id = ticket.district_id and people.id = ticket.requester_id;
end
"""

# A ticket that 0015 has not read in yet is read in wholly by the first who writes on it.
KEEP = (
    """
create function ticket_words_read(in_district uuid, which uuid) returns void
language sql
begin atomic
    insert into ticket_words (id, district_id, number, words)
    select tickets.id, tickets.district_id, tickets.number, ticket_all_words(tickets) from tickets
    where tickets.district_id = in_district and tickets.id = which
    on conflict (id) do update set words = excluded.words, number = excluded.number;
end
""",
    """
create function ticket_words_of_ticket() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        insert into ticket_words (id, district_id, number, words)
        select new.id, new.district_id, new.number, ticket_own_words(new, people) from people
        where people.district_id = new.district_id and people.id = new.requester_id;
    else
        perform ticket_words_read(new.district_id, new.id);
    end if;
    return null;
end $$
""",
    """
create function ticket_words_of_reply() returns trigger
language plpgsql
as $$
declare
    mark text := case when new.kind = 'internal' then '-' else '+' end;
begin
    if tg_op = 'INSERT' then
        update ticket_words
        set words = case
            when length(words) < 5000 then words || search_lexemes(new.district_id, mark, new.text, 4000)
            else words end
        where district_id = new.district_id and id = new.ticket_id;
        if found then
            return null;
        end if;
    end if;
    if tg_op <> 'INSERT' then
        perform ticket_words_read(old.district_id, old.ticket_id);
    end if;
    if tg_op <> 'DELETE' then
        perform ticket_words_read(new.district_id, new.ticket_id);
    end if;
    return null;
end $$
""",
    """
create function ticket_words_of_person() returns trigger
language plpgsql
as $$
begin
    perform ticket_words_read(district_id, id) from tickets
    where district_id = new.district_id and requester_id = new.id;
    return null;
end $$
""",
    """
create trigger words after insert or update of number, title, text, device_tag, requester_id on tickets
for each row execute function ticket_words_of_ticket()
""",
    """
create trigger words after insert or update of text, kind, ticket_id or delete on replies
for each row execute function ticket_words_of_reply()
""",
    """
create trigger words after update of given_name, family_name, email on people
for each row when ((old.given_name, old.family_name, old.email)
    is distinct from (new.given_name, new.family_name, new.email))
execute function ticket_words_of_person()
""",
)

# For a common word the index would gather most of the tickets to show the newest few. So the newest 200 are looked
# at first; if the word is not rare there, one after the other until the page is full, but no more than 2,000; and
# what is rarer than that is asked of the index. Each way yields the same rows in the same order. The plans are
# made for each search (EXECUTE), and OFFSET 0 keeps the planner from mixing the ways.
FOUND = """
create function tickets_found(
    typed text, at_most integer, beyond integer, oldest_first boolean,
    at_schools uuid[], is_closed boolean, in_state text, of_account uuid, of_nobody boolean
) returns setof uuid
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
    district uuid := search_district();
    asked tsquery := search_query(district, typed, true);
    most integer := least(greatest(at_most, 0), 1000);
    start integer := coalesce(beyond, case when oldest_first then 0 else 2147483647 end);
    further text := case when oldest_first then 'number > $2' else 'number < $2' end;
    direction text := case when oldest_first then 'asc' else 'desc' end;
    closed text := case is_closed when true then ' and closed_at is not null'
        when false then ' and closed_at is null' else '' end;
    narrow text := 'true'
        || case when at_schools is not null then ' and t.school_id = any($5)' else '' end
        || case when in_state is not null then ' and t.state = $6' else '' end
        || case when of_account is not null then ' and t.assignee_id = $7' else '' end
        || case when of_nobody then ' and t.assignee_id is null' else '' end;
    newest text := format(
        '(select id, number, school_id, state, assignee_id from tickets
            where district_id = $1 and %s%s order by number %s limit $8) t,
        lateral (select words from ticket_words where district_id = $1 and id = t.id offset 0) w',
        further, closed, direction);
    seen bigint;
    matching bigint;
    ids uuid[];
begin
    if asked is null or most = 0 then
        return;
    end if;
    execute format(
        'select count(*), count(*) filter (where w.words @@ $3),
            coalesce(array_agg(t.id order by t.number %s) filter (where w.words @@ $3 and %s), ''{}'')
        from %s',
        direction, narrow, newest)
    into seen, matching, ids
    using district, start, asked, most, at_schools, in_state, of_account, 200;
    if cardinality(ids) >= most or seen < 200 then
        return query select unnest(ids[1:most]);
        return;
    end if;
    if matching >= 2 then
        execute format(
            'select array(select t.id from %s where w.words @@ $3 and %s order by t.number %s limit $4)',
            newest, narrow, direction)
        into ids
        using district, start, asked, most, at_schools, in_state, of_account, 2000;
        if cardinality(ids) >= most then
            return query select unnest(ids);
            return;
        end if;
    end if;
    return query execute format(
        'select w.id from (
            select id, number from ticket_words
            where district_id = $1 and words @@ $3 and %1$s order by number %3$s offset 0) w
        where exists (
            select from tickets t where t.district_id = $1 and t.id = w.id%2$s and %4$s)
        order by w.number %3$s limit $4',
        further, closed, direction, narrow)
    using district, start, asked, most, at_schools, in_state, of_account;
end $$
"""

# One person has asked for so few that nothing need be cleverer.
REQUESTS_FOUND = """
create function requests_found(typed text, at_most integer, of_person uuid) returns setof uuid
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
    district uuid := search_district();
    asked tsquery := search_query(district, typed, false);
begin
    if asked is null then
        return;
    end if;
    return query
        select t.id from tickets t join ticket_words w on w.district_id = t.district_id and w.id = t.id
        where t.district_id = district and t.requester_id = of_person and w.words @@ asked
        order by t.last_activity_at desc, t.id desc
        limit least(greatest(at_most, 0), 1000);
end $$
"""

FUNCTIONS = {
    "tickets_found": "text, integer, integer, boolean, uuid[], boolean, text, uuid, boolean",
    "requests_found": "text, integer, uuid",
}


def upgrade() -> None:
    for function in (SPACED, TRIMMED, HEAD, LEXEMES, QUERY, OWN_WORDS, ALL_WORDS):
        op.execute(function)
    op.create_table(
        "ticket_words",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("district_id", sa.Uuid(), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.UniqueConstraint("district_id", "id"),
        sa.ForeignKeyConstraint(
            ["district_id", "id"], ["tickets.district_id", "tickets.id"], ondelete="CASCADE"
        ),
    )
    own("ticket_words")
    op.execute("create policy searched on ticket_words for select to searcher using (true)")
    op.execute("grant select (id, district_id, number, words) on ticket_words to searcher")
    op.execute(
        "grant select (number, school_id, state, assignee_id, closed_at, requester_id) on tickets to searcher"
    )
    op.execute(FOUND)
    op.execute(REQUESTS_FOUND)
    op.execute("grant create on schema public to searcher")
    for name, takes in FUNCTIONS.items():
        op.execute(f"revoke all on function {name}({takes}) from public")
        op.execute(f"grant execute on function {name}({takes}) to app")
        op.execute(f"alter function {name}({takes}) owner to searcher")
    op.execute("revoke create on schema public from searcher")
    for statement in KEEP:
        op.execute(statement)
