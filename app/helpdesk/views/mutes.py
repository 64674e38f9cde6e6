"""A requester whose mail came back: a lead lets the desk write to them by itself again, where they notice it."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.helpdesk.actions import bounces
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_changed
from app.web.guard import allow

doors = Doors()


@doors.post("/tickets/<int:number>/writing-again")
@allow(May.LIFT_MUTE, RULES, of=Ticket)
def lift(ticket: Ticket) -> ResponseReturnValue:
    """Write to its requester by itself again."""
    name = bounces.write_again(ticket)
    return ticket_changed(f"The desk writes to {name} by itself again.", ticket)
