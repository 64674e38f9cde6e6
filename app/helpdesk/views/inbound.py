"""Mail that was not filed: the list for a lead, and the mail itself."""

from typing import Any

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.room import Doors
from app.core.storage import FileMissing, StorageFault
from app.helpdesk.actions import intake
from app.helpdesk.forms import FilingForm, MergingForm, StepForm
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.attachments import as_file
from app.helpdesk.views.showing import formatted
from app.web.guard import allow
from app.web.page import page

doors = Doors()

SHOWN_AT_ONCE = 50


@doors.get("/mail-not-filed")
@allow(May.SEE_MAIL_NOT_FILED, RULES)
def index() -> ResponseReturnValue:
    """What waits for a decision, or what was decided."""
    dealt_with = request.args.get("dealt-with") == "yes"
    chosen = InboundEmail.dealt_with() if dealt_with else InboundEmail.not_filed()
    mails = db.session.scalars(chosen.limit(SHOWN_AT_ONCE + 1)).all()
    return page("helpdesk/mails.html", mails=mails, dealt_with=dealt_with, at_most=SHOWN_AT_ONCE)


@doors.get("/mail-not-filed/<uuid:id>")
@allow(May.SEE_MAIL_NOT_FILED, RULES, of=InboundEmail)
def show(email: InboundEmail) -> ResponseReturnValue:
    """The mail, why it was not filed, and what can be done with it."""
    return mail_page(email)


@doors.get("/mail-not-filed/<uuid:id>/raw")
@allow(May.SEE_MAIL_NOT_FILED, RULES, of=InboundEmail)
def raw(email: InboundEmail) -> ResponseReturnValue:
    """The mail as it came, as plain text to be saved."""
    return as_file(email.storage_key, "text/plain", f"mail-{email.id}.txt")


def mail_page(email: InboundEmail, status: int = 200, **forms: Any) -> Response:
    """The page of a mail, with the papers of what can be done."""
    if email.ticket_id is None and not email.is_waiting and not email.can_be_undone:
        abort(404)
    mail, unread = None, ""
    try:
        mail = intake.read(email)
    except FileMissing:
        unread = "The original of this mail is no longer here."
    except StorageFault as fault:
        unread = str(fault)
    shown = {
        "filing": FilingForm.blank(data={"person": email.from_address}),
        "merging": MergingForm.blank(),
        "step": StepForm.blank(),
        "refusal": "",
        "formatted": formatted,
        **forms,
    }
    ticket = db.session.get(Ticket, email.ticket_id) if email.ticket_id else None
    first = InboundEmail.find(email.same_as_id) if email.same_as_id else None
    shown["filed_with"] = db.session.get(Ticket, first.ticket_id) if first and first.ticket_id else None
    return page(
        "helpdesk/mail.html",
        block="mail",
        status=status,
        email=email,
        mail=mail,
        unread=unread,
        ticket=ticket,
        **shown,
    )
