"""The requester says that it works now, or that it does not after all."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.helpdesk.actions import working
from app.helpdesk.actions.replying import TooLate
from app.helpdesk.forms import StepForm
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import request_changed, request_page
from app.web.guard import allow, me

doors = Doors()


@doors.post("/requests/<int:number>/solution")
@allow(May.CLOSE_REQUEST, RULES, of=Ticket, paper=StepForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """It works now."""
    form = StepForm.filled()
    if not form.validate():
        return request_page(ticket, status=422, refusal=form.form_errors[0])
    working.close_by_requester(ticket, by=me())
    return request_changed("Good. Your request is closed.", ticket)


@doors.post("/requests/<int:number>/reopening")
@allow(May.CLOSE_REQUEST, RULES, of=Ticket, paper=StepForm)
def destroy(ticket: Ticket) -> ResponseReturnValue:
    """It does not work after all."""
    form = StepForm.filled()
    if not form.validate():
        return request_page(ticket, status=422, refusal=form.form_errors[0])
    try:
        working.reopen_by_requester(ticket, by=me())
    except TooLate as refusal:
        return request_page(ticket, status=422, refusal=str(refusal))
    return request_changed("Your request is open again.", ticket)
