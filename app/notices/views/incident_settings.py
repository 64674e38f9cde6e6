"""Which deadlines hold after a notice reached the wrong person, and that counsel has confirmed them."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.notices.actions import setting_up_incidents
from app.notices.actions.refused import Refused
from app.notices.forms.incidents import IncidentCounselForm, IncidentSettingForm
from app.notices.models.incident_setting import IncidentSetting
from app.notices.permissions import RULES, May
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/incident-deadlines")
@allow(May.SET_UP_NOTICES, RULES)
def show() -> ResponseReturnValue:
    """What holds now."""
    return _page(IncidentSettingForm.filled(data=_now()))


@doors.post("/incident-deadlines")
@allow(May.SET_UP_NOTICES, RULES, paper=IncidentSettingForm)
def change() -> ResponseReturnValue:
    """Say it anew."""
    form = IncidentSettingForm.filled(data=_now())
    if not form.validate():
        return _page(form, status=422)
    setting_up_incidents.set_up(
        state=form.state.data,
        by_contract=bool(form.by_contract.data),
        own_hours=form.own_hours.data,
        own_words=form.own_words.data or "",
    )
    return done("The deadlines are saved.", url_for("notices.incident_settings_show"))


@doors.post("/incident-deadlines/confirmation")
@allow(May.SET_UP_NOTICES, RULES, paper=IncidentCounselForm)
def confirm() -> ResponseReturnValue:
    """Counsel has read them, as they stand."""
    form = IncidentCounselForm.filled()
    if not form.validate():
        return _page(IncidentSettingForm.blank(data=_now()), form, 422)
    try:
        setting_up_incidents.confirm(form.counsel.data or "", form.confirmed_on.data)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _page(IncidentSettingForm.blank(data=_now()), form, 422)
    return done("The confirmation is written down.", url_for("notices.incident_settings_show"))


def _now() -> dict[str, object]:
    held = IncidentSetting.of_this_district()
    return {name: getattr(held, name) for name in ("state", "own_hours", "own_words", "by_contract")}


def _page(
    form: IncidentSettingForm, counsel: IncidentCounselForm | None = None, status: int = 200
) -> ResponseReturnValue:
    return page(
        "notices/incident_settings.html",
        status=status,
        form=form,
        counsel=counsel or IncidentCounselForm.blank(),
        setting=IncidentSetting.of_this_district(),
    )
