"""When a request cannot be answered: a calm page for a browser, one sentence for htmx."""

import logging
import secrets
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Response as Answer

from app.core.logs import facts, request_id
from app.core.settings import get_settings
from app.core.storage import StorageFault
from app.web import drafts
from app.web.filters import file_size
from app.web.guard import sign_in_address
from app.web.page import wants_part

log = logging.getLogger("frontoffice.web")

#: Heading and sentence of each; the sentence says what to do next.
SAID = {
    400: ("That request could not be read", "Go back, check what you typed, and try again."),
    401: ("Sign in first", "Your session has ended. Sign in again to go on."),
    403: ("That is not yours to do", "Ask an admin of your district if you need to do this."),
    404: ("There is nothing here", "The address may be mistyped, or the page is not one you can open."),
    405: ("That page does not work that way", "Open it from a link instead of repeating the last step."),
    408: ("That took too long to arrive", "Check the connection, then send it again."),
    409: ("Somebody else was faster", "Load the page again to see what changed, then decide."),
    410: ("That link is used up", "Ask for a new one."),
    413: ("That is too much to send at once", ""),
    415: ("That kind of file cannot be read", "Choose another file, and try again."),
    422: ("Something in the form is not right", "Go back, check what you typed, and try again."),
    429: ("Too many tries", "Wait a few minutes, then try again."),
    500: ("Something went wrong on our side", "Nothing you typed was the cause. Try again in a minute."),
    503: ("We are closed for a moment", "Try again in a few minutes."),
}


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(StorageFault, _without_its_files)
    app.register_error_handler(500, _broken)
    app.log_exception = _write_down  # type: ignore[method-assign]


def sentence(status: int) -> tuple[str, str]:
    """Heading and sentence for a status; one without words of its own gets those of its family."""
    heading, text = SAID.get(status) or SAID[500 if status >= 500 else 400]
    if status == 413:
        limits = get_settings()
        text = (
            f"Send at most {limits.max_files} files of {file_size(limits.max_file_bytes)} each. "
            "Go back: what you wrote is still there."
        )
    return heading, text


def part(text: str, status: int) -> Response:
    """One sentence, which the page shows in its alert region."""
    return make_response(Markup("<p data-sentence>{}</p>").format(text), status)


def _answer(error: HTTPException) -> Answer | HTTPException:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    heading, text = sentence(status)
    if type(error).description != error.description and error.description:
        text = error.description
    if wants_part():
        answer = part(text, status)
        if status == 401:
            answer.headers["HX-Redirect"] = sign_in_address(drafts.page_they_were_on())
    else:
        answer = make_response(
            render_template("error.html", status=status, heading=heading, text=text), status
        )
    for name, value in error.get_headers(request.environ):
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _without_its_files(fault: StorageFault) -> Answer | HTTPException:
    """A page that cannot do without a file which cannot be had just now."""
    return _answer(ServiceUnavailable(str(fault)))


def _broken(error: InternalServerError) -> Answer:
    """Our fault: says so with the request's id, which finds its lines. Asks nothing of database or session."""
    code = request_id() or secrets.token_hex(8)
    heading, text = sentence(500)
    if wants_part():
        return part(f"{heading}. {text} (Code {code})", 500)
    template = current_app.jinja_env.get_template("error.html")
    return make_response(template.render(status=500, heading=heading, text=text, code=code, alone=True), 500)


def _write_down(exc_info: Any) -> None:
    """Flask would write the address, and with it the secret of a link that opens an account."""
    door = request.endpoint or "none"
    log.error("%s failed", door, exc_info=exc_info, extra=facts(door=door))
