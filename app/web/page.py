"""How a view answers, browsers and htmx alike: page() shows, done() says that something was done."""

from typing import Any

from flask import (
    Flask,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
)
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response as Answer

from app.core.actor import Actor, Guest, Role
from app.core.settings import get_settings
from app.web import district, operators
from app.web.guard import visitor
from app.web.menu import Menu, menu_of


def install(app: Flask) -> None:
    """Every template knows where it is, and who reads it."""
    app.jinja_env.globals["product"] = get_settings().product_name
    app.context_processor(_around)


def wants_part() -> bool:
    """True when htmx asks for a piece of a page, and not for a page to put in its history."""
    asked = request.headers.get
    return asked("HX-Request") == "true" and not (
        asked("HX-Boosted") == "true" or asked("HX-History-Restore-Request") == "true"
    )


def page(template: str, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """The whole page, or only `block` of it for htmx."""
    context.setdefault("failed", status == 422)
    if block and wants_part():
        body = render_block(template, block, **context)
    else:
        body = render_template(template, **context)
    return make_response(body, status)


def done(message: str, go_to: str, show: str | None = None, tone: str = "good", **context: Any) -> Answer:
    """An action succeeded: htmx gets `show` and the message, a browser is sent to `go_to`.

    Without `show`, htmx loads `go_to` whole, and the message waits for it there.
    """
    if not wants_part():
        flash(message, tone)
        return go(go_to)
    if show is None:
        flash(message, tone)
        return make_response("", 200, {"HX-Redirect": go_to})
    said = render_template("shared/_flashes.html", messages=[(tone, message)], out_of_band=True)
    return make_response(render_template(show, **context) + said)


def go(url: str) -> Answer:
    """Send a browser to another page with a GET, whatever brought it here."""
    return redirect(url, 303)


def _around() -> dict[str, Any]:
    who = visitor()
    return {
        "district": district.here(),
        "me": who,
        "menu": menu_of(who) if who is not None and not wants_part() else Menu(),
        "guest": _guest(who),
    }


def _guest(who: Actor | None) -> Guest | None:
    """The operator who may look just now: told them, and every admin, on every page."""
    if isinstance(who, Guest):
        return who
    return operators.going_on() if who is not None and who.has(Role.ADMIN) and not wants_part() else None
