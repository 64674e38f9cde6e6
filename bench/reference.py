"""The reference: the best SQL for the same rows, read into an autoescaped table or written bare, and nothing else.

Same server, same pool, role `app` with the district set; no session, no guard, no layout. A Flask application
of its own, since the house's opens the session before any view is asked.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from flask import Flask, abort, current_app, redirect, request
from jinja2 import Template
from sqlalchemy import Connection, text

from app.core import clock
from app.core.db import db, uuid7
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

SEARCH: Final = """
with found as materialized (
  select tickets_found(:typed, 26, null, false, null, null, null, null, false) as id
)
select tickets.number, tickets.title, tickets.state, tickets.urgency, tickets.last_activity_at,
       tickets.reply_count, people.given_name, people.family_name, schools.short_name, rooms.name as room,
       accounts.name as assignee
from found
join tickets on tickets.district_id = :district and tickets.id = found.id
join people on people.district_id = tickets.district_id and people.id = tickets.requester_id
join schools on schools.district_id = tickets.district_id and schools.id = tickets.school_id
left join rooms on rooms.district_id = tickets.district_id and rooms.id = tickets.room_id
left join accounts on accounts.district_id = tickets.district_id and accounts.id = tickets.assignee_id
order by tickets.number desc
"""

DUTIES: Final = """
with page as materialized (
  select first.student_id, first.by_day, first.id, people.given_name, people.family_name, people.school_id
  from case_duties first
  join people on people.district_id = first.district_id and people.id = first.student_id
  where first.district_id = :district and first.state = 'open' and people.active
    and people.school_id = any(cast(:schools as uuid[]))
    and not exists (
      select 1 from case_duties before
      where before.district_id = :district and before.student_id = first.student_id and before.state = 'open'
        and (before.by_day, before.id) < (first.by_day, first.id)
      offset 0)
  order by first.by_day, first.id limit 21
)
select page.given_name, page.family_name, students.number, schools.short_name, duty.id, duty."do", duty."to",
       duty.rule_id, duty."trigger", duty.by_day, duty.blocked, duty.for_person
from page
join students on students.district_id = :district and students.id = page.student_id
join schools on schools.district_id = :district and schools.id = page.school_id
join case_duties duty on duty.district_id = :district and duty.student_id = page.student_id and duty.state = 'open'
order by page.by_day, page.id, duty.by_day, duty.id
"""

SCHOOLS: Final = (
    "select id from schools where district_id = :district and (:school = '' or short_name = :school)"
)

#: What a ticket over the web leaves behind, in the order in which the application writes it.
CREATE: Final = (
    "update ticket_counters set next = next + 1 where district_id = :district returning next - 1",
    """
    insert into tickets (id, district_id, number, title, text, state, urgency, category_id, school_id, device_tag,
        requester_id, channel, once, opened_at, last_activity_at, version, verified, reply_count, made_at)
    values (:ticket, :district, :number, :title, :text, 'new', 2, null, :school, '', :requester, 'web', :once, :now,
        :now, 1, true, 0, :now)
    """,
    """
    insert into audit_entries (id, district_id, at, by_kind, by_id, did, what, which, changes)
    values (:entry, :district, :now, 'account', :account, 'created', 'tickets', :ticket, cast(:changes as jsonb))
    """,
    """
    insert into ticket_events (id, district_id, ticket_id, what, by_name, by_account_id, detail, version, made_at)
    values (:event, :district, :ticket, 'opened', :name, :account, '{}', 1, :now)
    """,
)

WHO: Final = """
select people.id as requester, people.school_id as school, accounts.id as account, accounts.name
from accounts join people on people.district_id = accounts.district_id and people.id = accounts.person_id
where accounts.district_id = :district and accounts.email = :email
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

    @plain.get("/reference/<slug>/search")
    def search(slug: str) -> str:
        with house.app_context():
            return _table(slug, (SEARCH, {"typed": request.args["q"]}))

    @plain.get("/reference/<slug>/duties")
    def duties(slug: str) -> str:
        with house.app_context():
            return _table(slug, (DUTIES, {"schools": _schools(slug, request.args["school"])}))

    @plain.post("/reference/<slug>/requests")
    def create(slug: str) -> Any:
        with house.app_context(), db.engine.begin() as connection:
            district = _enter(connection, slug)
            number = _opened(connection, district, request.form)
        return redirect(f"/reference/{slug}/tickets/{number}", 303)

    return plain


def explained_duties(slug: str, school: str) -> str:
    """The plan of the morning list's statement, of one school by its short name or of all by "", as role `app`."""
    return _explain(slug, DUTIES, {"schools": _schools(slug, school)})


@cache
def _schools(slug: str, school: str) -> list[UUID]:
    """Asked once: whoever works at which school is no part of the reference."""
    with db.engine.connect() as connection:
        asked = {"district": _enter(connection, slug), "school": school}
        return list(connection.scalars(text(SCHOOLS), asked))


def explained_search(slug: str, typed: str) -> str:
    """The plan of the search page's statement, as role `app` in that district."""
    return _explain(slug, SEARCH, {"typed": typed})


def explained_create(slug: str, form: Mapping[str, str]) -> str:
    """The plans of what a ticket writes, as role `app` in that district; nothing is kept."""
    with db.engine.connect() as connection:
        values = _values(connection, _enter(connection, slug), form)
        values["number"] = connection.scalar(text(CREATE[0]), values)
        written = [
            connection.execute(text(f"explain (analyze, buffers, costs off) {CREATE[0]}"), values).all()
        ]
        for sql in CREATE[1:]:
            written.append(
                connection.execute(text(f"explain (analyze, buffers, costs off) {sql}"), values).all()
            )
        connection.rollback()
    return "\n\n".join("\n".join(line for (line,) in plan) for plan in written)


def _opened(connection: Connection, district: UUID, form: Mapping[str, str]) -> int:
    values = _values(connection, district, form)
    number = connection.scalar(text(CREATE[0]), values)
    for sql in CREATE[1:]:
        connection.execute(text(sql), {**values, "number": number})
    return int(number or 0)


def _values(connection: Connection, district: UUID, form: Mapping[str, str]) -> dict[str, Any]:
    who = connection.execute(text(WHO), {"district": district, "email": form["email"]}).mappings().one()
    now = clock.now()
    changes = {
        "title": "(private)",
        "text": "(private)",
        "state": [None, "new"],
        "opened_at": [None, str(now)],
    }
    return {
        **who,
        **{name: uuid7() for name in ("ticket", "entry", "event", "once")},
        "district": district,
        "title": form["title"],
        "text": form["text"],
        "now": now,
        "changes": json.dumps(changes),
    }


def explained(slug: str, number: int) -> str:
    """The plans of the three statements, as role `app` in that district."""
    questions: tuple[tuple[str, dict[str, Any]], ...] = (
        (QUEUE, {}),
        (TICKET, {"number": number}),
        (REPLIES, {"number": number}),
    )
    return "\n\n".join(_explain(slug, question, more) for question, more in questions)


def _explain(slug: str, question: str, more: dict[str, Any]) -> str:
    with db.engine.connect() as connection:
        district = _enter(connection, slug)
        rows = connection.execute(
            text("explain (analyze, buffers, costs off) " + question), {"district": district, **more}
        )
        return "\n".join(line for (line,) in rows)


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
