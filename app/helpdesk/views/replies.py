"""What the desk answers a requester, and what technicians note for each other."""

from flask import request
from flask.typing import ResponseReturnValue

from app.core.pictures import FileRefused
from app.core.room import Doors
from app.core.storage import StorageFault
from app.helpdesk.actions import replying
from app.helpdesk.actions.replying import Answer, Unseen
from app.helpdesk.forms import NoteForm, ReplyForm
from app.helpdesk.models.reply import ReplyKind
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import ticket_changed, ticket_page, uploads
from app.web.guard import allow, me

doors = Doors()

#: What the reader is told, by the button that was pressed.
DONE = {
    "": "Your reply is on its way.",
    replying.WAIT: "Your reply is on its way. The ticket waits for an answer.",
    replying.CLOSE: "Your reply is on its way, and the ticket is closed.",
}


@doors.post("/tickets/<int:number>/replies")
@allow(May.ANSWER, RULES, of=Ticket, paper=ReplyForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """Answer; and wait for the requester or close it, if that button was pressed."""
    form = ReplyForm.filled()
    then = request.form.get("then", "")
    then = then if then in DONE else ""
    if not form.validate():
        return ticket_page(ticket, status=422, reply=form)
    try:
        replying.answer_from_desk(
            ticket,
            Answer(text=form.text.data),
            by=me(),
            then=then,
            files=uploads(form.files.data),
            seen=form.seen.data,
            once=form.once.data,
        )
    except Unseen as refusal:
        form.refuse(str(refusal))
        return ticket_page(ticket, status=422, reply=form, changed=refusal.entries)
    except (FileRefused, StorageFault) as refusal:
        form.refuse(str(refusal))
        return ticket_page(ticket, status=422, reply=form)
    return ticket_changed(DONE[then], ticket)


@doors.post("/tickets/<int:number>/notes")
@allow(May.ANSWER, RULES, of=Ticket, paper=NoteForm)
def note(ticket: Ticket) -> ResponseReturnValue:
    """Note something for colleagues. It never leaves the house."""
    form = NoteForm.filled()
    if not form.validate():
        return ticket_page(ticket, status=422, note=form)
    try:
        replying.answer_from_desk(
            ticket,
            Answer(text=form.text.data, kind=ReplyKind.INTERNAL),
            by=me(),
            files=uploads(form.files.data),
            once=form.once.data,
        )
    except (FileRefused, StorageFault) as refusal:
        form.refuse(str(refusal))
        return ticket_page(ticket, status=422, note=form)
    return ticket_changed("Your note is kept. Only technicians can read it.", ticket)
