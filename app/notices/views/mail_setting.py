"""How the desk's mail leaves, and a test of it."""

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.core.db import db
from app.core.room import Doors
from app.core.settings import get_settings
from app.notices.actions import setting_up
from app.notices.forms.mail import MailSettingForm
from app.notices.models.mail_setting import MailSetting, desk
from app.notices.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/mail-settings")
@allow(May.SET_UP_MAIL, RULES)
def show() -> ResponseReturnValue:
    """What holds now."""
    setting = MailSetting.of_this_district()
    return _page(MailSettingForm.of(setting), setting)


@doors.post("/mail-settings")
@allow(May.SET_UP_MAIL, RULES, paper=MailSettingForm)
def change() -> ResponseReturnValue:
    """Choose anew."""
    setting = MailSetting.of_this_district()
    form = MailSettingForm.of(setting)
    if not form.validate():
        return _page(form, setting, status=422)
    try:
        setting_up.set_up(form.choice(), by=me())
    except setting_up.CannotSetUp as refusal:
        db.session.rollback()
        form.refuse(str(refusal))
        return _page(form, MailSetting.of_this_district(), status=422)
    return done("The mail settings are saved.", url_for("notices.mail_setting_show"))


@doors.post("/mail-settings/test")
@allow(May.SET_UP_MAIL, RULES)
def test() -> ResponseReturnValue:
    """Send a test to whoever asks."""
    message = setting_up.try_out(to_address=current_user.email, name=me().name)
    if message.reason:
        return done(message.reason, url_for("notices.mail_setting_show"), tone="warn")
    return done(
        "A test is on its way to you. The mail log shows what becomes of it.",
        url_for("notices.mail_log_index"),
    )


def _page(form: MailSettingForm, setting: MailSetting | None, status: int = 200) -> ResponseReturnValue:
    return page(
        "notices/mail_settings.html",
        form=form,
        has_password=bool(setting and setting.password_sealed),
        has_signing_key=bool(setting and setting.signing_key_sealed),
        hears_at=f"{get_settings().base_url}/in/mailgun/{desk().district.slug}/events",
        has_secret_of=setting.driver if setting and setting.secret_sealed else "",
        status=status,
    )
