"""Ways to reach a guardian: added, changed, agreed to, removed."""

from datetime import datetime, time

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.core import clock
from app.core.room import Doors
from app.roster.actions import contacts
from app.roster.actions.contacts import Consent
from app.roster.actions.refused import Refused
from app.roster.forms import GuardianContactForm
from app.roster.models.contact import KINDS, POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.permissions import RULES, May
from app.roster.views.showing import country_here
from app.web import district
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/guardians/<uuid:id>/contacts/new")
@allow(May.KEEP_GUARDIAN, RULES, of=Guardian)
def new(guardian: Guardian) -> ResponseReturnValue:
    """An empty form of the kind that the address names."""
    kind = request.args.get("kind", POST)
    if kind not in KINDS:
        abort(404)
    form = GuardianContactForm.filled(data={"kind": kind, "country": country_here()})
    return _new(guardian, form, kind)


@doors.post("/guardians/<uuid:id>/contacts")
@allow(May.KEEP_GUARDIAN, RULES, of=Guardian, paper=GuardianContactForm)
def create(guardian: Guardian) -> ResponseReturnValue:
    """A new way to reach them."""
    form = GuardianContactForm.filled()
    kind = form.kind.data if form.kind.data in KINDS else POST
    if not form.read(kind, country_here()):
        return _new(guardian, form, kind, 422)
    try:
        contacts.add(
            guardian,
            kind,
            form.written,
            _consent(form),
            once=form.key,
            is_substitute=bool(form.is_substitute.data),
        )
    except Refused as refused:
        form.refuse(refused.sentence)
        return _new(guardian, form, kind, 422)
    return done(f"{KINDS[kind]} is added.", url_for("roster.guardians_show", id=guardian.id))


@doors.get("/contacts/<uuid:id>")
@allow(May.KEEP_CONTACT, RULES, of=Contact)
def show(contact: Contact) -> ResponseReturnValue:
    """One way, to be changed."""
    return _shown(contact, GuardianContactForm.filled(data=_about(contact)))


@doors.post("/contacts/<uuid:id>")
@allow(May.KEEP_CONTACT, RULES, of=Contact, paper=GuardianContactForm)
def change(contact: Contact) -> ResponseReturnValue:
    """Another value, or another answer."""
    form = GuardianContactForm.filled()
    if not form.read(contact.kind, country_here()):
        return _shown(contact, form, 422)
    try:
        contacts.change(contact, form.written, _consent(form), is_substitute=bool(form.is_substitute.data))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(contact, form, 422)
    return done(
        f"{KINDS[contact.kind]} is changed.", url_for("roster.guardians_show", id=contact.guardian_id)
    )


@doors.post("/contacts/<uuid:id>/removal")
@allow(May.KEEP_CONTACT, RULES, of=Contact)
def remove(contact: Contact) -> ResponseReturnValue:
    """They are no longer reached there."""
    go_to = url_for("roster.guardians_show", id=contact.guardian_id)
    contacts.remove(contact)
    return done(f"{KINDS[contact.kind]} is removed.", go_to)


def _new(guardian: Guardian, form: GuardianContactForm, kind: str, status: int = 200) -> Response:
    action = url_for("roster.contacts_create", id=guardian.id)
    return _paper(guardian, form, kind, action, f"Add: {KINDS[kind].lower()}", None, status)


def _shown(contact: Contact, form: GuardianContactForm, status: int = 200) -> Response:
    action = url_for("roster.contacts_change", id=contact.id)
    return _paper(contact.guardian, form, contact.kind, action, KINDS[contact.kind], contact, status)


def _paper(
    guardian: Guardian,
    form: GuardianContactForm,
    kind: str,
    action: str,
    title: str,
    contact: Contact | None,
    status: int,
) -> Response:
    form.of_kind(kind)
    return page(
        "roster/contact.html",
        block="form",
        status=status,
        guardian=guardian,
        form=form,
        kind=kind,
        action=action,
        heading=title,
        contact=contact,
    )


def _about(contact: Contact) -> dict[str, object]:
    address = contact.address
    value: dict[str, object] = vars(address) if address else {"value": contact.value}
    zone = _zone()
    return {
        **value,
        "kind": contact.kind,
        "is_substitute": contact.is_substitute,
        "consent": contact.consent,
        "consent_source": contact.consent_source,
        "consent_on": clock.local(contact.consent_at, zone).date() if contact.consent_at else None,
        "consent_wording": contact.consent_wording,
    }


def _consent(form: GuardianContactForm) -> Consent:
    on = form.consent_on.data
    at = None
    if on is not None and on != clock.local(clock.now(), _zone()).date():
        at = datetime.combine(on, time(12), clock.zone(_zone()))
    return Consent(
        state=form.consent.data,
        source=form.consent_source.data,
        at=at,
        wording=form.consent_wording.data or "",
    )


def _zone() -> str:
    card = district.here()
    return card.zone if card else "UTC"
