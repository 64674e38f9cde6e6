"""The district itself: its name and its clock."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.actions import naming
from app.admin.forms.places import ZONES, DistrictForm
from app.admin.permissions import RULES, May
from app.core.room import Doors
from app.web.district import here
from app.web.fields import options
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/district")
@allow(May.KEEP_DISTRICT, RULES)
def show() -> ResponseReturnValue:
    """What it is called now."""
    return _shown(DistrictForm.filled(obj=here()))


@doors.post("/admin/district")
@allow(May.KEEP_DISTRICT, RULES, paper=DistrictForm)
def change() -> ResponseReturnValue:
    """Another name or clock."""
    form = _with_zones(DistrictForm.filled())
    if not form.validate():
        return _shown(form, 422)
    naming.rename(name=form.name.data or "", zone=form.zone.data or "")
    return done("The district is changed.", url_for("admin.district_show"))


def _shown(form: DistrictForm, status: int = 200) -> Response:
    return page("admin/district.html", status=status, form=_with_zones(form))


def _with_zones(form: DistrictForm) -> DistrictForm:
    zones = [*ZONES, *([form.zone.data] if form.zone.data and form.zone.data not in ZONES else [])]
    form.zone.choices = options([(zone, zone.replace("_", " ")) for zone in zones])
    return form
