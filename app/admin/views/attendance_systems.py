"""Systems that are asked for attendance: filled in, tried out and asked now, on the page of their service."""

from flask import url_for
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
from app.admin.views import asked
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
from app.web.guard import allow, me

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
    return asked.tried_out(key, lambda: connecting.try_out(_kind(key)))


@doors.post("/admin/services/<key>/attendance/reading")
@allow(May.KEEP_SWITCHES, RULES)
def ask(key: str) -> ResponseReturnValue:
    """Ask it now."""
    return asked.begun(
        key, lambda: url_for("register.imports_show", id=connecting.ask(_kind(key), by=me()).id)
    )


def _change(key: str, form: AttendanceForm) -> ResponseReturnValue:
    def keep() -> None:
        if key == ATTENDANCE_SFTP:
            trusting.change(form.attendance(), by=me())
        else:
            connecting.change(_kind(key), form.attendance(), by=me())

    return asked.kept(key, form, keep, "attendance")


def _kind(key: str) -> str:
    return asked.kind_of(key, kind_of_service)
