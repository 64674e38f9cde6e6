"""Systems that are asked for attendance: filled in, tried out and asked now, on the page of their service."""

from flask import abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.attendance_systems import (
    AeriesForm,
    AttendanceFileForm,
    AttendanceForm,
    CleverForm,
    EdFiForm,
    PowerSchoolForm,
    SftpForm,
    WondeAttendanceForm,
)
from app.admin.permissions import RULES, May
from app.admin.views.services import ours, shown
from app.core.room import Doors
from app.core.services import (
    AERIES,
    ATTENDANCE_FILE,
    ATTENDANCE_SFTP,
    CLEVER,
    ED_FI,
    POWERSCHOOL,
    WONDE_ATTENDANCE,
)
from app.register.actions import connecting, trusting
from app.register.actions.connectors import kind_of_service
from app.roster.actions.refused import Refused
from app.web.guard import allow, me
from app.web.page import done

doors = Doors()


@doors.post("/admin/services/ed_fi/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=EdFiForm)
def change_ed_fi() -> ResponseReturnValue:
    """How the district's Ed-Fi server is reached, and read."""
    return _change(ED_FI, EdFiForm.filled())


@doors.post("/admin/services/aeries/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=AeriesForm)
def change_aeries() -> ResponseReturnValue:
    """How the district's Aeries is reached, and read."""
    return _change(AERIES, AeriesForm.filled())


@doors.post("/admin/services/clever/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=CleverForm)
def change_clever() -> ResponseReturnValue:
    """How the district is found at Clever, and read."""
    return _change(CLEVER, CleverForm.filled())


@doors.post("/admin/services/wonde_attendance/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=WondeAttendanceForm)
def change_wonde_attendance() -> ResponseReturnValue:
    """How the attendance of the district's schools is read at Wonde."""
    return _change(WONDE_ATTENDANCE, WondeAttendanceForm.filled())


@doors.post("/admin/services/powerschool/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=PowerSchoolForm)
def change_powerschool() -> ResponseReturnValue:
    """How the district's PowerSchool is reached, and read."""
    return _change(POWERSCHOOL, PowerSchoolForm.filled())


@doors.post("/admin/services/attendance_file/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=AttendanceFileForm)
def change_attendance_file() -> ResponseReturnValue:
    """Where the district's file lies."""
    return _change(ATTENDANCE_FILE, AttendanceFileForm.filled())


@doors.post("/admin/services/attendance_sftp/attendance")
@allow(May.KEEP_SWITCHES, RULES, paper=SftpForm)
def change_attendance_sftp() -> ResponseReturnValue:
    """Where the district's files lie, and how we sign in there."""
    return _change(ATTENDANCE_SFTP, SftpForm.filled())


@doors.post("/admin/services/<key>/attendance/trial")
@allow(May.KEEP_SWITCHES, RULES)
def try_out(key: str) -> ResponseReturnValue:
    """Ask the system for as little as shows that it works."""
    here = url_for("admin.services_show", key=key)
    try:
        return done(connecting.try_out(_kind(key)), here)
    except Refused as refused:
        return done(refused.sentence, here, tone="bad")


@doors.post("/admin/services/<key>/attendance/reading")
@allow(May.KEEP_SWITCHES, RULES)
def ask(key: str) -> ResponseReturnValue:
    """Ask it now."""
    try:
        run = connecting.ask(_kind(key), by=me())
    except Refused as refused:
        return done(refused.sentence, url_for("admin.services_show", key=key), tone="bad")
    return done("It is being asked.", url_for("register.imports_show", id=run.id))


def _change(key: str, form: AttendanceForm) -> ResponseReturnValue:
    """Keep it. A secret that is left empty stays as it is: it is never shown again."""
    if form.validate():
        try:
            if key == ATTENDANCE_SFTP:
                trusting.change(form.attendance(), by=me())
            else:
                connecting.change(_kind(key), form.attendance(), by=me())
        except Refused as refused:
            form.refuse(refused.sentence)
        else:
            return done("Saved.", url_for("admin.services_show", key=key))
    return shown(ours(key), status=422, attendance=form)


def _kind(key: str) -> str:
    return kind_of_service(ours(key).key) or abort(404)
