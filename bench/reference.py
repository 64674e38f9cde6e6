"""The reference pages: the best SQL for the same rows, an autoescaped table, and nothing else.

Same server, same pool, role `app` with the district set; no session, no guard, no layout. A Flask application
of its own, since the house's opens the session before any view is asked.
"""

from functools import cache
from typing import Any, Final
from uuid import UUID

from flask import Flask, abort, current_app
from jinja2 import Template
from sqlalchemy import Connection, text

from app.core.db import db
from app.core.directory import district_by_slug

QUEUE: Final = """
with page as materialized (
  select * from tickets
  where district_id = :district and closed_at is null
  order by urgency, last_activity_at, id limit 26
)
select page.number, page.title, page.state, page.urgency, page.last_activity_at, page.reply_count,
       people.given_name, people.family_name, schools.short_name, rooms.name as room, accounts.name as assignee
from page
join people on people.district_id = page.district_id and people.id = page.requester_id
join schools on schools.district_id = page.district_id and schools.id = page.school_id
left join rooms on rooms.district_id = page.district_id and rooms.id = page.room_id
left join accounts on accounts.district_id = page.district_id and accounts.id = page.assignee_id
order by page.urgency, page.last_activity_at, page.id
"""

TICKET: Final = """
select tickets.number, tickets.title, tickets.text, tickets.state, tickets.urgency, tickets.opened_at,
       people.given_name, people.family_name, people.email, schools.name as school, rooms.name as room,
       devices.tag, accounts.name as assignee
from tickets
join people on people.district_id = tickets.district_id and people.id = tickets.requester_id
join schools on schools.district_id = tickets.district_id and schools.id = tickets.school_id
left join rooms on rooms.district_id = tickets.district_id and rooms.id = tickets.room_id
left join devices on devices.district_id = tickets.district_id and devices.id = tickets.device_id
left join accounts on accounts.district_id = tickets.district_id and accounts.id = tickets.assignee_id
where tickets.district_id = :district and tickets.number = :number
"""

REPLIES: Final = """
select id, kind, author_name, text, made_at from replies
where district_id = :district and ticket_id = (
  select id from tickets where district_id = :district and number = :number)
order by id
"""

TABLE: Final = """<!doctype html><html lang="en"><title>Reference</title>
{% for rows in tables %}<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>{% endfor %}</html>"""


def beside(house: Flask) -> Flask:
    """The reference pages, on the pool of the house: /reference/<district>/queue and …/tickets/<number>."""
    plain = Flask("reference", static_folder=None)

    @plain.get("/reference/<slug>/queue")
    def queue(slug: str) -> str:
        with house.app_context():
            return _table(slug, (QUEUE, {}))

    @plain.get("/reference/<slug>/tickets/<int:number>")
    def ticket(slug: str, number: int) -> str:
        with house.app_context():
            return _table(slug, (TICKET, {"number": number}), (REPLIES, {"number": number}))

    return plain


def explained(slug: str, number: int) -> str:
    """The plans of the three statements, as role `app` in that district."""
    plans = []
    for question, more in ((QUEUE, {}), (TICKET, {"number": number}), (REPLIES, {"number": number})):
        with db.engine.connect() as connection:
            district = _enter(connection, slug)
            explain = text("explain (analyze, buffers, costs off) " + question)
            rows = connection.execute(explain, {"district": district, **more})
            plans.append("\n".join(line for (line,) in rows))
    return "\n\n".join(plans)


def _table(slug: str, *questions: tuple[str, dict[str, Any]]) -> str:
    with db.engine.connect() as connection:
        district = _enter(connection, slug)
        tables = [
            connection.execute(text(sql), {"district": district, **more}).all() for sql, more in questions
        ]
    return _template().render(tables=tables)


@cache
def _template() -> Template:
    return current_app.jinja_env.from_string(TABLE)


def _enter(connection: Connection, slug: str) -> UUID:
    card = district_by_slug(slug)
    if card is None:
        abort(404)
    connection.execute(text("select set_config('app.district_id', :id, true)"), {"id": str(card.id)})
    return card.id
