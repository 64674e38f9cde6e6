"""Fill the benchmarks' districts: the demo's Maple in each, multiplied in the database to the size asked for.

Prints one line of JSON at the end: what bench/__main__.py needs to know of each district.
"""

import json
import sys

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from app.admin.actions import opening
from app.core import across_districts
from app.core.db import db
from app.core.directory import district_by_slug, forget_directory
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.demo.furnishing import Sketch, furnish
from app.factory import create_app
from bench.reference import explained

COMMENTS = 10

#: A time-ordered id, as the application would have made it then.
ID = """(lpad(to_hex((extract(epoch from {at}) * 1000)::bigint), 12, '0') || '7'
    || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid"""

#: What one comment of each ticket names and no other ticket does: the rare word of the search.
SERIAL = "'sn' || left(md5('serial ' || {of}), 10)"

TICKETS = f"""
insert into tickets (id, district_id, number, title, text, state, urgency, category_id, school_id, room_id,
    device_id, device_tag, requester_id, assignee_id, channel, opened_at, last_activity_at, closed_at, version,
    verified, reply_count, made_at)
select {ID.format(at="opened_at - nth * interval '1 hour'")}, district_id, number + nth * :kinds, title, text,
    state, urgency, category_id, school_id, room_id, device_id, device_tag, requester_id, assignee_id, channel,
    opened_at - nth * interval '1 hour', last_activity_at - nth * interval '1 hour',
    closed_at - nth * interval '1 hour', version, verified, :comments, made_at - nth * interval '1 hour'
from tickets, generate_series(1, :times) nth
where district_id = :district and number + nth * :kinds < 1001 + :tickets
"""

COUNTER = "update ticket_counters set next = 1001 + :tickets where district_id = :district"

REPLIES = f"""
insert into replies (id, district_id, ticket_id, kind, author_name, author_person_id, from_desk, text, channel,
    verified, automatic, version, made_at)
select {ID.format(at="tickets.opened_at + nth * interval '20 minutes'")}, tickets.district_id, tickets.id,
    case when nth % 4 = 0 then 'internal' else 'public' end, people.given_name || ' ' || people.family_name,
    people.id, nth % 2 = 0,
    tickets.text || case when nth = 5 then ' ' || {SERIAL.format(of="tickets.number")} else '' end,
    'web', true, false, 1 + nth,
    tickets.opened_at + nth * interval '20 minutes'
from tickets
join people on people.district_id = tickets.district_id and people.id = tickets.requester_id
cross join generate_series(1, :comments) nth
where tickets.district_id = :district
"""

#: As the triggers would have kept them, one ticket after the other.
WORDS = """
insert into ticket_words (id, district_id, number, words)
select id, district_id, number, ticket_all_words(tickets) from tickets where district_id = :district
on conflict (id) do update set words = excluded.words
"""


def fill(slug: str, tickets: int) -> None:
    """A district of that slug with that many tickets, each with COMMENTS replies."""
    kinds = min(tickets, 1_000)
    sketch = Sketch(
        slug="maple", name=f"District of {tickets:,}", staff=120, rooms=60, devices=600, tickets=kinds
    )
    with across_districts.session() as across:
        district_id = opening.open_district(
            across,
            slug=slug,
            name=sketch.name,
            domain=f"{slug}.example",
            mailbox=f"help@{slug}.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    forget_directory()
    with as_district(district_id):
        furnish(sketch)
        db.session.commit()
    values = {
        "district": district_id,
        "tickets": tickets,
        "kinds": kinds,
        "times": tickets // kinds,
        "comments": COMMENTS,
    }
    with as_owner() as owner:
        for table in ("tickets", "replies"):
            owner.execute(text(f"alter table {table} disable trigger words"))
        owner.execute(text("delete from replies where district_id = :district"), values)
        for statement in (TICKETS, COUNTER, REPLIES, WORDS):
            owner.execute(text(statement), values)
        for table in ("tickets", "replies"):
            owner.execute(text(f"alter table {table} enable trigger words"))
        owner.commit()


def as_owner() -> Connection:
    """A connection of role `owner`, over all districts."""
    return create_engine(get_settings().database_owner_url, poolclass=NullPool).connect()


def described(slug: str, tickets: int) -> dict[str, object]:
    """What the measuring needs: who signs in, a ticket in the middle of the open ones, the reference's plans."""
    card = district_by_slug(slug)
    assert card is not None
    open_ones = text(
        "select number from tickets where district_id = :d and closed_at is null and device_id is not null "
        "order by number limit 1"
    )
    with as_owner() as owner:
        number = owner.scalar(open_ones, {"d": card.id})
    return {
        "slug": slug,
        "tickets": tickets,
        "number": number,
        "technician": "tess@maple.example",
        "plans": explained(slug, number),
    }


def main() -> None:
    """Fill what is missing, look at it as PostgreSQL's own upkeep would, describe it."""
    sizes = [int(size) for size in sys.argv[1:]]
    with create_app().app_context():
        for size in sizes:
            if district_by_slug(f"bench-{size}") is None:
                fill(f"bench-{size}", size)
        with as_owner() as owner:
            owner.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))
        print(json.dumps([described(f"bench-{size}", size) for size in sizes]))


if __name__ == "__main__":
    main()
