"""Outside services: what each is for, what passes to it, and its switch."""

from typing import Any

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.attendance_systems import ATTENDANCE_FORMS, AttendanceForm
from app.admin.forms.connections import CONNECTION_FORMS, ConnectionForm, ServiceForm
from app.admin.forms.sign_in import RegistrationForm
from app.admin.permissions import RULES, May
from app.auth.actions import requiring, signing_in_elsewhere
from app.auth.actions.refused import Refused
from app.auth.models.account import Account
from app.auth.models.sign_in_provider import SignInProvider
from app.core import expiring, services
from app.core.addresses import OutsideRefused
from app.core.db import db
from app.core.directory import domains_of
from app.core.room import Doors
from app.core.services import ONEROSTER, TWILIO, Hand, OutsideService, ServiceSwitch
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.integrations.oneroster.presets import PRESETS, Preset
from app.integrations.openid.providers import BY_SERVICE
from app.notices.actions import setting_up_texts
from app.notices.forms.texting import TextSettingForm, TrialTextForm
from app.notices.models.text_message import TextMessage
from app.notices.models.text_setting import TextSetting
from app.register.actions import connecting as attendance_connecting
from app.register.actions import connectors as attendance_connectors
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.actions import connecting, directories, grouping
from app.roster.actions.connectors import kind_of_service
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.roster.models.stopped_number import StoppedNumber
from app.web.district import here
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

#: How many texts the page of Twilio shows.
MOST_TEXTS = 25


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
        services.turn(key, True, me(), _hosts(key) if _is_asked(key) else form.host.data or None)
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
    connection: ConnectionForm | None = None,
    texting: TextSettingForm | None = None,
    trial: TrialTextForm | None = None,
    attendance: AttendanceForm | None = None,
) -> Response:
    """The page of one service.

    Of those that sign people in with what the district is registered as there; of sources of the roster with how they
    are reached, and so of those of attendance; of texts with the account, and what became of the last ones.
    """
    form = form or ServiceForm.blank(obj=services.switch_of(one.key))
    switch = services.switch_of(one.key)
    kind = kind_of_service(one.key)
    form.host.flags.required = not one.hosts and not _is_asked(one.key)
    return page(
        "admin/service.html",
        status=status,
        service=one,
        is_on=services.is_on(one.key),
        switch=switch,
        moved_by=_moved_by(switch),
        form=form,
        **_of_sign_in(one, registration),
        is_asked=_is_asked(one.key),
        **{
            **_of_roster(one, kind, connection),
            **_of_texts(one, texting, trial),
            **_of_attendance(one, attendance),
        },
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
        "today": expiring.today(),
    }


def _of_roster(one: OutsideService, kind: str | None, form: ConnectionForm | None) -> dict[str, Any]:
    if kind is None:
        return {"kind": None, "missing": "", "has_groups": False}
    connection = RosterConnection.of_kind(kind)
    preset = PRESETS.get(request.args.get("system", "")) if one.key == ONEROSTER else None
    form = form or CONNECTION_FORMS[one.key].blank(data={**_as_filled(connection), **_proposed(preset)})
    form.secret.flags.required = not (connection and connection.secret_sealed)
    return {
        "kind": kind,
        "has_groups": kind in grouping.HAS,
        "groups": len(DirectoryGroup.of_kind(kind)),
        "to_allow": directories.to_allow(kind, connection.secret if connection else None),
        "presets": PRESETS.values() if one.key == ONEROSTER else (),
        "preset": preset,
        "connection": connection,
        "connection_form": form,
        "missing": connecting.missing(kind),
        "last_sync": RosterImport.last_of(connection.source_id) if connection else None,
        "failures": RosterImport.failed_lately(connection.source_id) if connection else (),
        "under_way": RosterImport.at_work() is not None,
    }


def _of_attendance(one: OutsideService, form: AttendanceForm | None) -> dict[str, Any]:
    kind = attendance_connectors.kind_of_service(one.key)
    if kind is None:
        return {"attendance": None}
    connection = RegisterConnection.of_kind(kind)
    form = form or ATTENDANCE_FORMS[one.key].blank(data=_as_filled_in(connection))
    form.secret.flags.required = form.NEEDS_SECRET and not (connection and connection.secret_sealed)
    return {
        "attendance": form,
        "attendance_connection": connection,
        "missing": attendance_connecting.missing(kind),
        "last_reading": RegisterImport.last_of(connection.id) if connection else None,
        "under_way": RegisterImport.under_way() is not None,
    }


def _of_texts(
    one: OutsideService, form: TextSettingForm | None, trial: TrialTextForm | None
) -> dict[str, Any]:
    if one.key != TWILIO:
        return {"texting": None}
    setting = TextSetting.of_this_district()
    form = form or TextSettingForm.blank(data=TextSettingForm.of(setting))
    form.key_secret.flags.required = not (setting and setting.key_secret_sealed)
    form.auth_token.flags.required = not (setting and setting.auth_token_sealed)
    card = here()
    return {
        "texting": form,
        "text_setting": setting,
        "trial": trial or TrialTextForm.blank(),
        "missing": setting_up_texts.missing(),
        "texts": TextMessage.lately(MOST_TEXTS),
        "stopped": StoppedNumber.count(),
        "hears_at": f"{get_settings().base_url}/in/twilio/{card.slug if card else ''}/messages",
    }


def _proposed(preset: Preset | None) -> dict[str, str]:
    if preset is None:
        return {}
    return {"address": preset.address, "token_address": preset.token_address, "method": preset.method}


def _as_filled(connection: RosterConnection | None) -> dict[str, Any]:
    """What the form shows: everything but the secret."""
    if connection is None:
        return {"hour": "2"}
    return {
        **connection.settings,
        "secret_expires_on": connection.secret_expires_on,
        "hour": "" if connection.hour is None else str(connection.hour),
        "applies_itself": connection.applies_itself,
        "families": connection.source.takes_families,
        "classes": connection.source.takes_classes,
    }


def _as_filled_in(connection: RegisterConnection | None) -> dict[str, Any]:
    """What the form of an attendance system shows: everything but the secret."""
    if connection is None:
        return {"hour": "3", "expected_hour": "8"}
    return {
        **connection.settings,
        "secret_expires_on": connection.secret_expires_on,
        "hour": "" if connection.hour is None else str(connection.hour),
        "applies_itself": connection.applies_itself,
        "expected_hour": "" if connection.expected_hour is None else str(connection.expected_hour),
        "late_after": str(connection.late_after),
    }


def _is_asked(key: str) -> bool:
    """True of a system that is asked, whose hosts its own paper names."""
    return bool(kind_of_service(key) or attendance_connectors.kind_of_service(key))


def _hosts(key: str) -> tuple[str, ...]:
    kind, of_attendance = kind_of_service(key), attendance_connectors.kind_of_service(key)
    if kind is not None:
        return connecting.hosts(kind)
    return attendance_connecting.hosts(of_attendance) if of_attendance else ()


def _as_kept(setting: SignInProvider | None) -> dict[str, Any]:
    """What the form shows: everything but the secret."""
    if setting is None:
        return {}
    return {
        "client_id": setting.client_id,
        "tenant": setting.tenant,
        "domains": setting.domains,
        "secret_expires_on": setting.secret_expires_on,
    }


def _missing(one: OutsideService) -> str:
    kind, provider = kind_of_service(one.key), BY_SERVICE.get(one.key)
    if one.key == TWILIO:
        return setting_up_texts.missing()
    if kind is not None:
        return connecting.missing(kind)
    if of_attendance := attendance_connectors.kind_of_service(one.key):
        return attendance_connecting.missing(of_attendance)
    if provider is None:
        return ""
    setting = SignInProvider.of(provider.word)
    return setting.missing() if setting else "the client ID and the client secret"


def _moved_by(switch: ServiceSwitch | None) -> str:
    account = Account.find(switch.by_account_id) if switch and switch.by_account_id else None
    return account.name if account else "FrontOffice"
