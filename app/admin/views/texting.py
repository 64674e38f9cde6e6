"""Text messages: the district's Twilio account, tried out, on the page of its service."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.admin.permissions import RULES, May
from app.admin.views.services import ours, shown
from app.core.db import db
from app.core.room import Doors
from app.core.services import TWILIO
from app.notices.actions import setting_up_texts, texts
from app.notices.actions.setting_up_texts import CannotSetUpTexts
from app.notices.actions.texts import CannotText
from app.notices.forms.texting import TextSettingForm, TrialTextForm, own_country
from app.web.guard import allow
from app.web.page import done

doors = Doors()


@doors.post("/admin/services/twilio/texting")
@allow(May.KEEP_SWITCHES, RULES, paper=TextSettingForm)
def change() -> ResponseReturnValue:
    """Keep it. A secret that is left empty stays as it is: it is never shown again."""
    form = TextSettingForm.filled()
    if form.validate():
        try:
            setting_up_texts.set_up(form.choice())
        except CannotSetUpTexts as refused:
            db.session.rollback()
            form.refuse(refused.sentence)
        else:
            return done("Saved.", url_for("admin.services_show", key=TWILIO))
    return shown(ours(TWILIO), status=422, texting=form)


@doors.post("/admin/services/twilio/texting/check")
@allow(May.KEEP_SWITCHES, RULES)
def check() -> ResponseReturnValue:
    """Ask Twilio for as little as shows that the key opens the account."""
    here = url_for("admin.services_show", key=TWILIO)
    try:
        return done(setting_up_texts.try_out(), here)
    except CannotSetUpTexts as refused:
        return done(refused.sentence, here, tone="bad")


@doors.post("/admin/services/twilio/texting/trial")
@allow(May.KEEP_SWITCHES, RULES, paper=TrialTextForm)
def try_out() -> ResponseReturnValue:
    """Send a trial text to a number of staff."""
    form = TrialTextForm.filled()
    if form.validate():
        try:
            text = texts.trial(form.number.data or "", own_country())
        except CannotText as refused:
            form.refuse(refused.sentence)
        else:
            tone, words = ("warn", text.reason) if text.reason else ("good", "The trial is on its way.")
            return done(words, url_for("admin.services_show", key=TWILIO), tone=tone)
    return shown(ours(TWILIO), status=422, trial=form)
