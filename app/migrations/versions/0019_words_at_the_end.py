"""Whoever loads many replies at once may have the words of their tickets written once, at the end, instead of by each.

A restore says `set local app.words_later = 'yes'` and then owes them (backup/restoring.py).
"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        """
create or replace function ticket_words_of_reply() returns trigger
language plpgsql
as $$
declare
    mark text := case when new.kind = 'internal' then '-' else '+' end;
begin
    if current_setting('app.words_later', true) = 'yes' then
        return null;
    end if;
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
"""
    )
