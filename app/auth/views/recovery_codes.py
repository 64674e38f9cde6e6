"""Codes on paper, made anew: shown once, and nowhere again."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import enrolling
from app.auth.actions.refused import Refused
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account
from app.core.room import Doors
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.post("/profile/sign-in/recovery-codes")
@allow(May.KEEP_OWN_FACTORS, RULES, confirmed=True, before_factor=True)
def create() -> ResponseReturnValue:
    """Ten fresh ones; those on the old paper stop working."""
    try:
        codes = enrolling.new_codes(my_account())
    except Refused as refusal:
        return done(refusal.sentence, url_for("auth.factors_index"), tone="bad")
    return page("auth/recovery_codes.html", codes=codes)
