"""The contact block of the legal pages."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.places import ContactForm
from app.admin.permissions import RULES, May
from app.core.db import db
from app.core.room import Doors
from app.legal.models.contact import DistrictContact
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/contact")
@allow(May.KEEP_CONTACT, RULES)
def show() -> ResponseReturnValue:
    """As the public reads it now."""
    return _shown(ContactForm.filled(obj=DistrictContact.of_this_district()))


@doors.post("/admin/contact")
@allow(May.KEEP_CONTACT, RULES, paper=ContactForm)
def change() -> ResponseReturnValue:
    """Write it anew."""
    form = ContactForm.filled()
    if not form.validate():
        return _shown(form, 422)
    parts = {name: (form[name].data or "").strip() for name in ("department", "phone", "email", "address")}
    DistrictContact.write(**parts)
    db.session.flush()
    return done("The contact block stands on your legal pages.", url_for("admin.contact_show"))


def _shown(form: ContactForm, status: int = 200) -> Response:
    return page("admin/contact.html", status=status, form=form)
