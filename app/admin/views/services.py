"""Outside services: what each is for, what passes to it, and its switch."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms import ServiceForm
from app.admin.permissions import RULES, May
from app.auth.models.account import Account
from app.core import services
from app.core.addresses import OutsideRefused
from app.core.db import db
from app.core.room import Doors
from app.core.services import Hand, OutsideService, ServiceSwitch
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/services")
@allow(May.KEEP_SWITCHES, RULES)
def index() -> ResponseReturnValue:
    """All that are built, each with its switch."""
    built = [(one, services.is_on(one.key)) for one in services.built_services()]
    return page("admin/services.html", services=built, ours=Hand.DISTRICT)


@doors.get("/admin/services/<key>")
@allow(May.KEEP_SWITCHES, RULES)
def show(key: str) -> ResponseReturnValue:
    """What would pass to it, before it is turned on or off."""
    one = _ours(key)
    return _shown(one, ServiceForm.filled(obj=services.switch_of(key)))


@doors.post("/admin/services/<key>")
@allow(May.KEEP_SWITCHES, RULES, paper=ServiceForm)
def turn_on(key: str) -> ResponseReturnValue:
    """Let it in, from now on."""
    one, form = _ours(key), ServiceForm.filled()
    if not form.validate():
        return _shown(one, form, 422)
    try:
        services.turn(key, True, me(), form.host.data or None)
    except OutsideRefused as refused:
        db.session.rollback()
        form.refuse(str(refused))
        return _shown(one, form, 422)
    return done(f"{one.name} is on.", url_for("admin.services_index"))


@doors.post("/admin/services/<key>/off")
@allow(May.KEEP_SWITCHES, RULES)
def turn_off(key: str) -> ResponseReturnValue:
    """Nothing passes to it any more."""
    one = _ours(key)
    services.turn(key, False, me())
    return done(f"{one.name} is off. Nothing passes to it any more.", url_for("admin.services_index"))


def _ours(key: str) -> OutsideService:
    """A built service whose switch is the district's; any other is not a page."""
    found = [one for one in services.built_services() if one.key == key and one.turned_on_by is Hand.DISTRICT]
    return found[0] if found else abort(404)


def _shown(one: OutsideService, form: ServiceForm, status: int = 200) -> Response:
    switch = services.switch_of(one.key)
    form.host.flags.required = not one.hosts
    return page(
        "admin/service.html",
        status=status,
        service=one,
        is_on=services.is_on(one.key),
        switch=switch,
        moved_by=_moved_by(switch),
        form=form,
    )


def _moved_by(switch: ServiceSwitch | None) -> str:
    account = Account.find(switch.by_account_id) if switch and switch.by_account_id else None
    return account.name if account else "FrontOffice"
