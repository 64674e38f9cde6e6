"""The technicians' queue, and a ticket of it."""

from typing import Any, Final
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.actor import Role
from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.helpdesk.models import queue
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_page
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import go, page

doors = Doors()

_SCHOOLS: Final = School.in_use().with_only_columns(School.id, School.short_name)


@doors.get("/tickets")
@allow(May.SEE_QUEUE, RULES)
def index() -> ResponseReturnValue:
    """The queue: open tickets of my schools, the most urgent first."""
    given = request.args.get
    typed = given("q", "").strip().lstrip("#")
    asked = queue.Asked.of(
        # Who searches looks for a ticket wherever it stands.
        state=given("state") or ("any" if typed else ""),
        whose=given("whose", ""),
        sort=given("sort", ""),
        school=given("school", ""),
        typed=typed,
    )
    schools = me().schools_of(Role.TECHNICIAN)
    shown = queue.page(
        asked, schools=schools, me=me().id, after=given("after", ""), before=given("before", "")
    )
    return page(
        "helpdesk/tickets.html",
        block="results",
        asked=asked,
        typed=typed,
        shown=shown,
        counts=queue.counts(schools=schools, me=me().id),
        most=queue.COUNTED,
        whose_choices=list(queue.WHOSE.items()),
        choices=_choices(schools, searched=bool(typed)),
        address=lambda **change: _address(asked, typed, **change),
    )


@doors.get("/tickets/<int:number>")
@allow(May.SEE_TICKET, RULES, of=Ticket)
def show(ticket: Ticket) -> ResponseReturnValue:
    """A ticket, for whoever works on it. Whoever asked is sent to their own page of it."""
    if not permits(RULES, May.ANSWER, me(), ticket):
        return go(url_for("helpdesk.requests_show", number=ticket.number))
    return ticket_page(ticket)


def _choices(schools: set[UUID] | None, *, searched: bool) -> dict[str, list[tuple[str, str]]]:
    mine = [(str(id), name) for id, name in db.session.execute(_SCHOOLS) if schools is None or id in schools]
    return {
        "state": list(queue.STATES.items()),
        # What was found is listed by number, so nobody is offered it by urgency.
        "sort": [one for one in queue.SORTS.items() if not (searched and one[0] == "urgent")],
        "school": mine if len(mine) > 1 else [],
    }


def _address(asked: queue.Asked, typed: str, **change: str | None) -> str:
    """This list with something changed; what is as it would be anyway stays out of the address."""
    now: dict[str, Any] = {
        "state": None if asked.state == "open" else asked.state,
        "whose": None if asked.whose == "all" else asked.whose,
        "sort": None if asked.sort == "urgent" else asked.sort,
        "school": str(asked.school_id) if asked.school_id else None,
        "q": typed or None,
    }
    return url_for("helpdesk.tickets_index", **{**now, **change})
