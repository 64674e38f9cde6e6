"""What a member of staff asks of the help desk: their list, a new request, and one of them."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core.db import db
from app.core.pictures import FileRefused
from app.core.room import Doors
from app.core.storage import StorageFault
from app.helpdesk.actions import opening
from app.helpdesk.actions.opening import NoSchool, NotHere, Words
from app.helpdesk.forms import RequestForm
from app.helpdesk.models import my_requests
from app.helpdesk.models.category import Category
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May, asked
from app.helpdesk.views.showing import request_page, uploads
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

_ROOMS: Final = select(Room.id, Room.name).where(Room.active).order_by(Room.name, Room.id)

NOT_HERE = "That room is not in this school. Choose another, or leave it out."


@doors.get("/requests")
@allow(May.ASK_FOR_HELP, RULES)
def index() -> ResponseReturnValue:
    """My requests, the liveliest first."""
    typed = request.args.get("q", "").strip().lstrip("#")
    shown = my_requests.page(_myself().id, typed=typed, after=request.args.get("after", ""))
    return page("helpdesk/requests.html", block="requests", shown=shown, typed=typed)


@doors.get("/requests/new")
@allow(May.ASK_FOR_HELP, RULES)
def new() -> ResponseReturnValue:
    """A request to fill in."""
    follows = _followed(request.args.get("follows", type=int))
    form = RequestForm.filled(data={"follows": follows.number, "title": follows.title} if follows else None)
    form = _offered(form, _myself())
    return page("helpdesk/new_request.html", block="paper", form=form, follows=follows)


@doors.post("/requests")
@allow(May.ASK_FOR_HELP, RULES, paper=RequestForm)
def create() -> ResponseReturnValue:
    """Send it."""
    myself = _myself()
    form = _offered(RequestForm.filled(), myself)
    follows = _followed(form.follows.data)
    if form.validate():
        try:
            ticket = opening.open_ticket(
                _words(form),
                requester=myself,
                by=me(),
                files=uploads(form.files.data),
                once=form.once.data,
                follows=follows,
            )
        except (NoSchool, FileRefused, StorageFault) as refusal:
            form.refuse(str(refusal))
        except NotHere:
            form.refuse(NOT_HERE)
        else:
            message = f"We have your request. It is number {ticket.number}, and a technician will answer you."
            return done(message, url_for("helpdesk.requests_show", number=ticket.number))
    return page("helpdesk/new_request.html", block="paper", status=422, form=form, follows=follows)


@doors.get("/requests/<int:number>")
@allow(May.SEE_REQUEST, RULES, of=Ticket)
def show(ticket: Ticket) -> ResponseReturnValue:
    """One of my requests: how it stands, what was answered."""
    return request_page(ticket)


def _words(form: RequestForm) -> Words:
    return Words(
        title=form.title.data,
        text=form.text.data or "",
        urgency=form.urgency.data,
        school_id=form.school_id.data if "school_id" in form else None,
        room_id=form.room_id.data if "room_id" in form else None,
        category_id=form.category_id.data,
        device_tag=form.device_tag.data or "",
    )


def _offered(form: RequestForm, myself: Person) -> RequestForm:
    """With the rooms of my school; who has none is asked for the school, and tells the room in words."""
    form.category_id.offer(_pairs(Category.choices))
    school_id = myself.school_id
    if school_id is None:
        form.school_id.offer(_pairs(lambda: School.in_use().with_only_columns(School.id, School.name)))
        del form.room_id
    else:
        form.room_id.offer(_pairs(lambda: _ROOMS.where(Room.school_id == school_id)))
        del form.school_id
    return form


def _pairs(question: Callable[[], Any]) -> Iterator[tuple[UUID, str]]:
    yield from db.session.execute(question())


def _followed(number: int | None) -> Ticket | None:
    """The closed request of my own that this one goes on from."""
    ticket = Ticket.find(number=number) if number and number < 2**31 else None
    return ticket if ticket is not None and ticket.is_closed and asked(me(), ticket) else None


def _myself() -> Person:
    person_id = me().person_id
    assert person_id is not None  # May.ASK_FOR_HELP asked
    return db.session.get_one(Person, person_id)
