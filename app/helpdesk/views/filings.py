"""What a lead decides on a mail that was not filed. Each decision can be taken back."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.core.storage import FileMissing, StorageFault
from app.helpdesk.actions import filing
from app.helpdesk.actions.filing import CannotBeUndone, DecidedAlready
from app.helpdesk.actions.opening import NoSchool
from app.helpdesk.forms import FilingForm, MergingForm, StepForm
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.inbound import mail_page
from app.web.guard import allow, me
from app.web.page import done

doors = Doors()

NO_SCHOOL = "This person has no school yet. Give them one under People, then file the mail."
NO_TICKET = "There is no ticket with this number."


@doors.post("/mail-not-filed/<uuid:id>/ticket")
@allow(May.DECIDE_ON_MAIL, RULES, of=InboundEmail, paper=FilingForm)
def create(email: InboundEmail) -> ResponseReturnValue:
    """It becomes a new ticket, of a person whom the lead names."""
    form = FilingForm.filled()
    if form.validate() and form.found is not None:
        try:
            ticket = filing.file_as_new(email, requester=form.found, by=me())
        except NoSchool:
            form.refuse(NO_SCHOOL)
        except (DecidedAlready, StorageFault, FileMissing) as refusal:
            form.refuse(str(refusal))
        else:
            return done(
                f"The mail is ticket {ticket.number} now.", url_for("helpdesk.inbound_show", id=email.id)
            )
    return mail_page(email, status=422, filing=form)


@doors.post("/mail-not-filed/<uuid:id>/merging")
@allow(May.DECIDE_ON_MAIL, RULES, of=InboundEmail, paper=MergingForm)
def merge(email: InboundEmail) -> ResponseReturnValue:
    """It becomes part of a ticket that there is."""
    form = MergingForm.filled()
    if form.validate():
        number = form.number.data.strip().lstrip("#")
        ticket = (
            Ticket.find(number=int(number))
            if number.isascii() and number.isdigit() and len(number) < 10
            else None
        )
        if ticket is None:
            form.number.errors = [NO_TICKET]
        else:
            try:
                filing.merge(email, ticket=ticket, by=me())
            except (DecidedAlready, StorageFault, FileMissing) as refusal:
                form.refuse(str(refusal))
            else:
                message = f"The mail is part of ticket {ticket.number} now."
                return done(message, url_for("helpdesk.inbound_show", id=email.id))
    return mail_page(email, status=422, merging=form)


@doors.post("/mail-not-filed/<uuid:id>/discarding")
@allow(May.DECIDE_ON_MAIL, RULES, of=InboundEmail, paper=StepForm)
def discard(email: InboundEmail) -> ResponseReturnValue:
    """It is put aside."""
    form = StepForm.filled()
    if form.validate():
        try:
            filing.discard(email, by=me())
        except DecidedAlready as refusal:
            form.refuse(str(refusal))
        else:
            return done("The mail is put aside.", url_for("helpdesk.inbound_index"))
    return mail_page(email, status=422, refusal=form.form_errors[0])


@doors.post("/mail-not-filed/<uuid:id>/undoing")
@allow(May.DECIDE_ON_MAIL, RULES, of=InboundEmail, paper=StepForm)
def undo(email: InboundEmail) -> ResponseReturnValue:
    """It waits again, as if nothing had been decided."""
    form = StepForm.filled()
    if form.validate():
        try:
            filing.undo(email, by=me())
        except (DecidedAlready, CannotBeUndone) as refusal:
            form.refuse(str(refusal))
        else:
            return done("The mail is back on the list.", url_for("helpdesk.inbound_show", id=email.id))
    return mail_page(email, status=422, refusal=form.form_errors[0])
