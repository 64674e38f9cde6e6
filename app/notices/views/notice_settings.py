"""How families are written to: envelope, cut-off, practice, and whose letters they are."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db, uuid_or_none
from app.core.room import Doors
from app.notices.actions import senders
from app.notices.actions.refused import Refused
from app.notices.actions.senders import Sender
from app.notices.forms.settings import NoticeSenderForm, NoticeSettingForm
from app.notices.models.notice_setting import NoticeSender, NoticeSetting
from app.notices.permissions import RULES, May
from app.roster.models.school import School
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/notice-settings")
@allow(May.SET_UP_NOTICES, RULES)
def show() -> ResponseReturnValue:
    """What holds now."""
    return _page(NoticeSettingForm.filled(data=_now()))


@doors.post("/notice-settings")
@allow(May.SET_UP_NOTICES, RULES, paper=NoticeSettingForm)
def change() -> ResponseReturnValue:
    """Choose anew."""
    form = NoticeSettingForm.filled(data=_now())
    if not form.validate():
        return _page(form, status=422)
    practised = NoticeSetting.of_this_district().practises
    practises = bool(form.practises.data)
    senders.set_up(envelope=form.envelope.data, cut_off=form.cut_off.data, practises=practises)
    said = "The settings are saved."
    if practised and not practises:
        said += " From now on what is approved reaches families."
    return done(said, url_for("notices.notice_settings_show"))


@doors.get("/notice-settings/sender")
@allow(May.SET_UP_NOTICES, RULES)
def sender() -> ResponseReturnValue:
    """Whose letters a school's are, or the district's."""
    return _sender(_school(), None)


@doors.post("/notice-settings/sender")
@allow(May.SET_UP_NOTICES, RULES, paper=NoticeSenderForm)
def change_sender() -> ResponseReturnValue:
    """Say it anew."""
    school, form = _school(), NoticeSenderForm.filled()
    if not form.validate():
        return _sender(school, form, 422)
    said = Sender(
        return_address=form.return_address.data or "",
        contact_name=form.contact_name.data or "",
        contact_phone=form.contact_phone.data or "",
    )
    try:
        senders.say_sender(school.id if school else None, said)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _sender(school, form, 422)
    return done("It stands on letters from now on.", url_for("notices.notice_settings_show"))


def _school() -> School | None:
    asked = uuid_or_none(request.args.get("school"))
    return School.find(asked) if asked else None


def _now() -> dict[str, object]:
    held = NoticeSetting.of_this_district()
    return {"envelope": held.envelope, "cut_off": held.cut_off, "practises": held.practises}


def _page(form: NoticeSettingForm, status: int = 200) -> ResponseReturnValue:
    schools = db.session.scalars(School.in_use()).all()
    return page(
        "notices/notice_settings.html",
        status=status,
        form=form,
        district_sender=NoticeSender.of(None),
        schools=[(one, NoticeSender.of(one.id)) for one in schools],
    )


def _sender(school: School | None, form: NoticeSenderForm | None, status: int = 200) -> ResponseReturnValue:
    held = NoticeSender.of(school.id if school else None)
    told = (
        {
            "return_address": held.return_address,
            "contact_name": held.contact_name,
            "contact_phone": held.contact_phone,
        }
        if held
        else {}
    )
    return page(
        "notices/notice_sender.html",
        status=status,
        school=school,
        form=form or NoticeSenderForm.filled(data=told),
    )
