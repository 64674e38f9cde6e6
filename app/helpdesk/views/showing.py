"""What the pages of a ticket show, for every door that answers with one."""

import re
from collections.abc import Sequence
from html import unescape
from typing import Any, Final

from flask import Response, url_for
from markupsafe import Markup, escape
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from app.core.permissions import permits
from app.helpdesk.actions.attaching import Upload
from app.helpdesk.forms import AnswerForm, NoteForm, ReplyForm, StepForm
from app.helpdesk.models.card import card
from app.helpdesk.models.ticket import Ticket
from app.helpdesk.models.timeline import File, timeline
from app.helpdesk.permissions import RULES, May
from app.web.fields import Paper
from app.web.guard import me
from app.web.page import done, page

#: As nh3 writes them, so that quotes end where they seem to.
_IMG: Final = re.compile(r'<img((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE: Final = re.compile(r'([a-z-]+)="([^"]*)"')
_HEADING: Final = re.compile(r"<(/?)h[1-6](?=[\s>])")


def ticket_page(ticket: Ticket, status: int = 200, **shown: Any) -> Response:
    """The technician's page, or for htmx the part of it that changes."""
    return page("helpdesk/ticket.html", block="ticket", status=status, **_for_desk(ticket, **shown))


def ticket_changed(message: str, ticket: Ticket) -> Answer:
    """Something was done with the ticket."""
    go_to = url_for("helpdesk.tickets_show", number=ticket.number)
    if not permits(RULES, May.ANSWER, me(), ticket):
        return done(message, url_for("helpdesk.tickets_index"))
    return done(message, go_to, show="helpdesk/_ticket.html", **_for_desk(ticket))


def request_page(ticket: Ticket, status: int = 200, **shown: Any) -> Response:
    """The requester's page, or for htmx the part of it that changes."""
    return page("helpdesk/request.html", block="request", status=status, **_for_requester(ticket, **shown))


def request_changed(message: str, ticket: Ticket) -> Answer:
    """The requester did something with it."""
    go_to = url_for("helpdesk.requests_show", number=ticket.number)
    return done(message, go_to, show="helpdesk/_request.html", **_for_requester(ticket))


def uploads(files: Sequence[FileStorage] | None) -> list[Upload]:
    """What somebody chose in a form, as attaching wants it."""
    return [Upload(one.filename or "", one.mimetype, one.stream.read()) for one in files or ()]


def _for_desk(ticket: Ticket, **shown: Any) -> dict[str, Any]:
    told = timeline(ticket, for_desk=True)
    seen = {"seen": ticket.version}
    return {
        "ticket": ticket,
        "card": card(ticket),
        "entries": told.entries,
        "files": told.files,
        "formatted": formatted,
        "for_desk": True,
        "may_lift": permits(RULES, May.LIFT_MUTE, me(), ticket),
        "reply": _now_seen(shown.pop("reply", None), ticket) or ReplyForm.blank(data=seen),
        "note": _now_seen(shown.pop("note", None), ticket) or NoteForm.blank(data=seen),
        "step": StepForm.blank(data=seen),
        "changed": shown.pop("changed", ()),
        "refusal": shown.pop("refusal", ""),
        **shown,
    }


def _for_requester(ticket: Ticket, **shown: Any) -> dict[str, Any]:
    told = timeline(ticket, for_desk=False)
    seen = {"seen": ticket.version}
    return {
        "ticket": ticket,
        "card": card(ticket),
        "entries": told.entries,
        "files": told.files,
        "formatted": formatted,
        "for_desk": False,
        "answer": _now_seen(shown.pop("answer", None), ticket) or AnswerForm.blank(data=seen),
        "step": StepForm.blank(data=seen),
        "changed": shown.pop("changed", ()),
        "refusal": shown.pop("refusal", ""),
        **shown,
    }


def _now_seen(form: Paper | None, ticket: Ticket) -> Paper | None:
    """A draft that is shown again stands beneath what is there now: sent once more, it is sent knowingly."""
    if form is not None:
        form["seen"].data = ticket.version
    return form


def formatted(html: str | None, files: Sequence[File]) -> Markup:
    """A mail as its writer formatted it, with the pictures that came in it and none from outside."""
    small = {
        one.cid: url_for("helpdesk.attachments_thumbnail", id=one.id) for one in files if one.has_thumbnail
    }

    def picture(found: re.Match[str]) -> str:
        said = dict(_ATTRIBUTE.findall(found[1]))
        source = small.get(unescape(said.get("src", "")).removeprefix("cid:"))
        words = unescape(said.get("alt", ""))
        return Markup('<img src="{}" alt="{}">').format(source, words) if source else escape(words)

    # Cleaned by an allow-list when it was written (integrations/mailbox/clean.py); the page has its own headings.
    return Markup(_IMG.sub(picture, _HEADING.sub(r"<\1h4", html or "")))  # noqa: S704
