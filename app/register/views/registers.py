"""The attendance register of the district: how far that of each school is in."""

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.room import Doors
from app.register.models.school_register import SchoolRegister
from app.register.permissions import RULES, May
from app.roster.models.school import School
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/attendance")
@allow(May.SEE_REGISTER, RULES)
def index() -> ResponseReturnValue:
    """Each school, and the day up to which its register is in."""
    registers = {one.school_id: one for one in SchoolRegister.by_school()}
    return page(
        "register/registers.html", schools=list(db.session.scalars(School.in_use())), registers=registers
    )
