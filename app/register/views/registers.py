"""The attendance register of the district: how far that of each school is in."""

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.register.models.attendance_code import AttendanceCode
from app.register.models.register_import import RegisterImport
from app.register.models.school_register import SchoolRegister
from app.register.permissions import RULES, May, schools_read_by
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.get("/attendance")
@allow(May.SEE_REGISTER, RULES)
def index() -> ResponseReturnValue:
    """Each school, and the day up to which its register is in."""
    may_bring_in = permits(RULES, May.BRING_IN, me())
    return page(
        "register/registers.html",
        schools=list(db.session.scalars(School.in_use())),
        registers={one.school_id: one for one in SchoolRegister.by_school()},
        reads=schools_read_by(me()),
        codes_waiting=len(AttendanceCode.waiting()),
        may_bring_in=may_bring_in,
        under_way=RegisterImport.under_way() if may_bring_in else None,
    )
