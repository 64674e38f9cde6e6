"""Who looks after a ticket."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.helpdesk.actions import working
from app.helpdesk.actions.working import NotAtThisSchool, TakenAlready
from app.helpdesk.forms import AssignmentForm, StepForm
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_changed, ticket_page
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.post("/tickets/<int:number>/taking")
@allow(May.ASSIGN, RULES, of=Ticket, paper=StepForm)
def take(ticket: Ticket) -> ResponseReturnValue:
    """Look after it oneself."""
    form = StepForm.filled()
    if not form.validate():
        return ticket_page(ticket, status=422, refusal=form.form_errors[0])
    try:
        working.take(ticket, seen=form.seen.data, by=me())
    except TakenAlready as refusal:
        return ticket_page(ticket, status=422, refusal=str(refusal))
    return ticket_changed("It is yours.", ticket)


@doors.get("/tickets/<int:number>/assignment")
@allow(May.ASSIGN, RULES, of=Ticket)
def edit(ticket: Ticket) -> ResponseReturnValue:
    """Choose a colleague."""
    form = _offered(AssignmentForm(data={"account_id": ticket.assignee_id}), ticket)
    return page("helpdesk/assignment.html", block="assignment", ticket=ticket, form=form)


@doors.post("/tickets/<int:number>/assignment")
@allow(May.ASSIGN, RULES, of=Ticket, paper=AssignmentForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """Ask a colleague to look after it, or leave it for anyone."""
    form = _offered(AssignmentForm.filled(), ticket)
    if form.validate():
        try:
            working.assign(ticket, form.account_id.data, by=me())
        except NotAtThisSchool as refusal:
            form.refuse(str(refusal))
        else:
            return ticket_changed("Done.", ticket)
    return page("helpdesk/assignment.html", block="assignment", status=422, ticket=ticket, form=form)


def _offered(form: AssignmentForm, ticket: Ticket) -> AssignmentForm:
    form.account_id.offer((one.id, one.name) for one in working.technicians_of(ticket.school_id))
    return form
