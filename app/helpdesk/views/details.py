"""Where a ticket is, what it is about and how urgent: put right by a technician."""

from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core.db import db
from app.core.room import Doors
from app.helpdesk.actions import working
from app.helpdesk.actions.opening import NotHere
from app.helpdesk.actions.working import Details
from app.helpdesk.forms import DetailsForm
from app.helpdesk.models.category import Category
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_changed
from app.roster.models.room import Room
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()

OTHER_ROOM = "That room is in another school. Choose a room of the school above, or no room."


@doors.get("/tickets/<int:number>/details")
@allow(May.CHANGE, RULES, of=Ticket)
def edit(ticket: Ticket) -> ResponseReturnValue:
    """The details as they are."""
    form = _offered(DetailsForm(obj=ticket), ticket)
    return page("helpdesk/details.html", block="details", ticket=ticket, form=form)


@doors.post("/tickets/<int:number>/details")
@allow(May.CHANGE, RULES, of=Ticket, paper=DetailsForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """Change what differs."""
    form = _offered(DetailsForm.filled(), ticket)
    if form.validate():
        details = Details(
            urgency=form.urgency.data,
            category_id=form.category_id.data,
            school_id=form.school_id.data,
            room_id=form.room_id.data,
            device_tag=form.device_tag.data or "",
        )
        try:
            working.put_right(ticket, details, by=me())
        except NotHere:
            form.room_id.errors = [OTHER_ROOM]
        else:
            return ticket_changed("The details are changed.", ticket)
    return page("helpdesk/details.html", block="details", status=422, ticket=ticket, form=form)


def _offered(form: DetailsForm, ticket: Ticket) -> DetailsForm:
    """With what the district has, and what the ticket has though it is retired."""
    in_use = select(School.id, School.short_name).where(School.active | (School.id == ticket.school_id))
    schools = [
        (row.id, row.short_name) for row in db.session.execute(in_use.order_by(School.name, School.id))
    ]
    names = dict(schools)
    rooms = (
        select(Room.id, Room.school_id, Room.name)
        .join(School, School.id == Room.school_id)
        .where(Room.active | (Room.id == ticket.room_id))
        .order_by(School.name, Room.name, Room.id)
    )
    form.school_id.offer(schools)
    form.room_id.offer(
        (row.id, row.name if len(schools) == 1 else f"{names[row.school_id]}: {row.name}")
        for row in db.session.execute(rooms)
        if row.school_id in names
    )
    form.category_id.offer(
        (row[0], row[1]) for row in db.session.execute(Category.choices(ticket.category_id))
    )
    return form
