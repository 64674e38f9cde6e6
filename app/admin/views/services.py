"""Outside services: what each is for, what passes to it, and its switch."""

from typing import Any

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms import RegistrationForm, ServiceForm
from app.admin.permissions import RULES, May
from app.auth.actions import requiring, signing_in_elsewhere
from app.auth.actions.refused import Refused
from app.auth.models.account import Account
from app.auth.models.sign_in_provider import SignInProvider
from app.core import services
from app.core.addresses import OutsideRefused
from app.core.db import db
from app.core.directory import domains_of
from app.core.room import Doors
from app.core.services import Hand, OutsideService, ServiceSwitch
from app.core.tenancy import current_district_id
from app.integrations.openid.providers import BY_SERVICE
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
    one = ours(key)
    return shown(one, ServiceForm.filled(obj=services.switch_of(key)))


@doors.post("/admin/services/<key>")
@allow(May.KEEP_SWITCHES, RULES, paper=ServiceForm)
def turn_on(key: str) -> ResponseReturnValue:
    """Let it in, from now on."""
    one, form = ours(key), ServiceForm.filled()
    if not form.validate():
        return shown(one, form, 422)
    missing = _missing(one)
    if missing:
        form.refuse(f"Fill in {missing} first, and save.")
        return shown(one, form, 422)
    try:
        services.turn(key, True, me(), form.host.data or None)
    except OutsideRefused as refused:
        db.session.rollback()
        form.refuse(str(refused))
        return shown(one, form, 422)
    return done(f"{one.name} is on.", url_for("admin.services_index"))


@doors.post("/admin/services/<key>/off")
@allow(May.KEEP_SWITCHES, RULES)
def turn_off(key: str) -> ResponseReturnValue:
    """Nothing passes to it any more."""
    one, provider = ours(key), BY_SERVICE.get(key)
    try:
        if provider is not None:
            requiring.refuse_to_lose_the_last(provider.word)
    except Refused as refusal:
        return done(refusal.sentence, url_for("admin.services_show", key=key), tone="bad")
    services.turn(key, False, me())
    return done(f"{one.name} is off. Nothing passes to it any more.", url_for("admin.services_index"))


def ours(key: str) -> OutsideService:
    """A built service whose switch is the district's; any other is not a page."""
    found = [one for one in services.built_services() if one.key == key and one.turned_on_by is Hand.DISTRICT]
    return found[0] if found else abort(404)


def shown(
    one: OutsideService,
    form: ServiceForm | None = None,
    status: int = 200,
    registration: RegistrationForm | None = None,
) -> Response:
    """The page of one service; of those that sign people in, with what the district is registered as there."""
    form = form or ServiceForm.blank(obj=services.switch_of(one.key))
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
        **_of_sign_in(one, registration),
    )


def _of_sign_in(one: OutsideService, form: RegistrationForm | None) -> dict[str, Any]:
    provider = BY_SERVICE.get(one.key)
    if provider is None:
        return {"provider": None}
    setting = SignInProvider.of(provider.word)
    form = form or RegistrationForm.blank(data=_as_kept(setting))
    form.tenant.flags.required = provider.has_tenants
    form.client_secret.flags.required = not (setting and setting.client_secret_sealed)
    return {
        "provider": provider,
        "setting": setting,
        "registration": form,
        "back_to": signing_in_elsewhere.back_to(provider.word),
        "domains": sorted(domains_of(current_district_id())),
        "failures": setting.latest_failures() if setting else [],
    }


def _as_kept(setting: SignInProvider | None) -> dict[str, str]:
    """What the form shows: everything but the secret."""
    if setting is None:
        return {}
    return {"client_id": setting.client_id, "tenant": setting.tenant, "domains": setting.domains}


def _missing(one: OutsideService) -> str:
    provider = BY_SERVICE.get(one.key)
    if provider is None:
        return ""
    setting = SignInProvider.of(provider.word)
    return setting.missing() if setting else "the client ID and the client secret"


def _moved_by(switch: ServiceSwitch | None) -> str:
    account = Account.find(switch.by_account_id) if switch and switch.by_account_id else None
    return account.name if account else "FrontOffice"
