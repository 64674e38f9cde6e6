"""The door to the street: outside every district it asks for one, inside it leads to the first page."""

from flask import abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.forms import WhereForm
from app.core.directory import DistrictCard, district_by_domain, district_by_slug
from app.core.room import Doors
from app.core.settings import get_settings
from app.web import district
from app.web.guard import anyone, opens, sign_in_address, visitor
from app.web.page import go, page

doors = Doors()

UNKNOWN = "No district here uses that address. Ask your school's office for the address of your help desk."


@doors.get("/")
@anyone
def index() -> ResponseReturnValue:
    """Inside: the first page of whoever is signed in. Outside: which district?"""
    if district.here() is None:
        return ask_where()
    return go(_first_page() or sign_in_address())


@doors.post("/")
@anyone
def find() -> ResponseReturnValue:
    """The domain of an address names the district; nothing says whether the address is known there."""
    if district.here() is not None:
        abort(404)
    return find_district()


def ask_where() -> ResponseReturnValue:
    """The question, and in the demo its answers."""
    return page("auth/where.html", form=WhereForm(), open_to_all=_of_the_demo())


def find_district() -> ResponseReturnValue:
    """To the district's sign-in page, or a sentence."""
    form = WhereForm()
    if form.validate():
        found = district_by_domain(form.domain)
        if found is not None and found.state != "gone":
            return go(f"{request.script_root}/{found.slug}/sign-in")
        form.refuse(UNKNOWN)
    return page("auth/where.html", status=422, form=form, open_to_all=_of_the_demo())


def _first_page() -> str | None:
    who = visitor()
    if who is None:
        return None
    items = [item for room in current_app.extensions.get("rooms", ()) for item in room.menu]
    for item in sorted(items, key=lambda item: item.position):
        if opens(item.endpoint, item.may, item.rules, who):
            return url_for(item.endpoint)
    return url_for("auth.sessions_index")


def _of_the_demo() -> list[DistrictCard]:
    if not get_settings().demo:
        return []
    slugs = sorted({one.slug for one in current_app.extensions.get("demo_accounts", ())}, reverse=True)
    return [card for slug in slugs if (card := district_by_slug(slug)) is not None]
