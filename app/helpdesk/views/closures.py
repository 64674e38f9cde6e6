"""Closing a ticket without a word, and opening it again."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.helpdesk.actions import working
from app.helpdesk.forms import StepForm
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_changed, ticket_page
from app.web.guard import allow, me

doors = Doors()


@doors.post("/tickets/<int:number>/closure")
@allow(May.CLOSE, RULES, of=Ticket, paper=StepForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """Close it."""
    form = StepForm.filled()
    if not form.validate():
        return ticket_page(ticket, status=422, refusal=form.form_errors[0])
    working.close(ticket, by=me())
    return ticket_changed("The ticket is closed.", ticket)


@doors.post("/tickets/<int:number>/reopening")
@allow(May.CLOSE, RULES, of=Ticket, paper=StepForm)
def destroy(ticket: Ticket) -> ResponseReturnValue:
    """Open it again."""
    form = StepForm.filled()
    if not form.validate():
        return ticket_page(ticket, status=422, refusal=form.form_errors[0])
    working.reopen(ticket, by=me())
    return ticket_changed("The ticket is open again.", ticket)
