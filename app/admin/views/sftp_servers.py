"""An SFTP server and we show each other our keys, on the page of its service."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.attendance_systems import HostKeyForm
from app.admin.permissions import RULES, May
from app.admin.views.services import ours, shown
from app.core.room import Doors
from app.core.services import ATTENDANCE_SFTP
from app.register.actions import trusting
from app.roster.actions.refused import Refused
from app.web.guard import allow
from app.web.page import done

doors = Doors()


@doors.post("/admin/services/attendance_sftp/server")
@allow(May.KEEP_SWITCHES, RULES)
def look() -> ResponseReturnValue:
    """Have the server show its key."""
    try:
        return done(trusting.look(), _here())
    except Refused as refused:
        return done(refused.sentence, _here(), tone="bad")


@doors.post("/admin/services/attendance_sftp/server/confirmation")
@allow(May.KEEP_SWITCHES, RULES, paper=HostKeyForm)
def confirm() -> ResponseReturnValue:
    """It is the district's server."""
    form = HostKeyForm.filled()
    if not form.validate():
        return shown(ours(ATTENDANCE_SFTP), status=422)
    try:
        trusting.confirm(form.shown.data or "")
    except Refused as refused:
        return done(refused.sentence, _here(), tone="bad")
    return done("Confirmed. A server with another key is sent nothing.", _here())


@doors.post("/admin/services/attendance_sftp/key")
@allow(May.KEEP_SWITCHES, RULES)
def renew_key() -> ResponseReturnValue:
    """Another key of ours."""
    try:
        trusting.renew_key()
    except Refused as refused:
        return done(refused.sentence, _here(), tone="bad")
    return done("There is a new key. Give the server the line below: the old one works no more.", _here())


def _here() -> str:
    return url_for("admin.services_show", key=ATTENDANCE_SFTP)
