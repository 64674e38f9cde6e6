"""What the district is registered as at Google or Microsoft: filled in, and tried out, on the service's page."""

from flask import abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.sign_in import RegistrationForm
from app.admin.permissions import RULES, May
from app.admin.views.services import ours, shown
from app.auth.actions import registering
from app.auth.actions.refused import Refused
from app.auth.models.sign_in_provider import SignInProvider
from app.core.room import Doors
from app.integrations.openid.providers import BY_SERVICE, Provider
from app.web.guard import allow
from app.web.page import done

doors = Doors()


@doors.post("/admin/services/<key>/registration")
@allow(May.KEEP_SWITCHES, RULES, paper=RegistrationForm)
def change(key: str) -> ResponseReturnValue:
    """Keep it. A secret that is left empty stays as it is: it is never shown again."""
    provider, form = _provider(key), RegistrationForm.filled()
    if form.validate() and _is_whole(form, provider):
        try:
            registering.change(
                provider.word,
                client_id=form.client_id.data or "",
                client_secret=form.client_secret.data or "",
                tenant=form.tenant.data or "" if provider.has_tenants else "",
                secret_expires_on=form.secret_expires_on.data,
                domains="" if provider.has_tenants else form.domains.data or "",
            )
        except Refused as refused:
            form.domains.errors = [refused.sentence]
        else:
            return done("Saved.", url_for("admin.services_show", key=key))
    return shown(ours(key), status=422, registration=form)


@doors.post("/admin/services/<key>/trial")
@allow(May.KEEP_SWITCHES, RULES)
def try_out(key: str) -> ResponseReturnValue:
    """Ask the provider what it publishes."""
    here = url_for("admin.services_show", key=key)
    try:
        return done(registering.try_out(_provider(key).word), here)
    except Refused as refused:
        return done(refused.sentence, here, tone="bad")


def _provider(key: str) -> Provider:
    return BY_SERVICE[key] if key in BY_SERVICE else abort(404)


def _is_whole(form: RegistrationForm, provider: Provider) -> bool:
    setting = SignInProvider.of(provider.word)
    if not form.client_secret.data and not (setting and setting.client_secret_sealed):
        form.client_secret.errors = ["Copy the client secret from there."]
    if provider.has_tenants and not form.tenant.data:
        form.tenant.errors = ["Copy the tenant ID from there."]
    return not form.client_secret.errors and not form.tenant.errors
