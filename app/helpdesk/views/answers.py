"""What the requester answers in a request of theirs."""

from flask.typing import ResponseReturnValue

from app.core.pictures import FileRefused
from app.core.room import Doors
from app.core.storage import StorageFault
from app.helpdesk.actions import replying
from app.helpdesk.actions.replying import Answer, TooLate, Unseen
from app.helpdesk.forms import AnswerForm
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views.showing import request_changed, request_page, uploads
from app.web.guard import allow, me

doors = Doors()


@doors.post("/requests/<int:number>/answers")
@allow(May.ANSWER_REQUEST, RULES, of=Ticket, paper=AnswerForm)
def create(ticket: Ticket) -> ResponseReturnValue:
    """Answer."""
    form = AnswerForm.filled()
    if not form.validate():
        return request_page(ticket, status=422, answer=form)
    try:
        replying.answer_from_requester(
            ticket,
            Answer(text=form.text.data),
            by=me(),
            files=uploads(form.files.data),
            seen=form.seen.data,
            once=form.once.data,
        )
    except Unseen as refusal:
        form.refuse(str(refusal))
        return request_page(ticket, status=422, answer=form, changed=refusal.entries)
    except (TooLate, FileRefused, StorageFault) as refusal:
        form.refuse(str(refusal))
        return request_page(ticket, status=422, answer=form)
    return request_changed("Your answer is sent.", ticket)
