"""Who looked at one's own record or changed it, and what one did; for those who answer for it, at a student's."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.auth.models.own_history import own_doings, own_history
from app.auth.models.student_history import student_history
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account
from app.core import audit
from app.core.room import Doors
from app.roster.models.student import Student
from app.web.district import here
from app.web.guard import allow
from app.web.page import page

doors = Doors()

OTHERS, ANYBODY, MINE = "others", "anybody", "me"


@doors.get("/profile/history")
@allow(May.SEE_OWN_HISTORY, RULES)
def index() -> ResponseReturnValue:
    """Newest first: what others did to their record, or anybody, or what they did themselves."""
    whose = request.args.get("by", OTHERS)
    if whose == MINE:
        found = own_doings(my_account(), _zone(), before=_position())
    else:
        whose = ANYBODY if whose == ANYBODY else OTHERS
        found = own_history(my_account(), _zone(), by_others=whose == OTHERS, before=_position())
    return page(
        "auth/history.html",
        found=found,
        whose=whose,
        older=url_for("auth.history_index", by=whose, before=found.older) if found.older else None,
        newest=url_for("auth.history_index", by=whose) if request.args.get("before") else None,
    )


@doors.get("/students/<uuid:id>/history")
@allow(May.SEE_STUDENT_HISTORY, RULES, of=Student)
def student(student: Student) -> ResponseReturnValue:
    """Newest first: who saw or changed a student, guardians, contacts and rights. Leaves an access record."""
    audit.viewed(student)
    found = student_history(student, _zone(), before=_position())
    return page(
        "auth/student_history.html",
        student=student,
        found=found,
        older=url_for("auth.history_student", id=student.id, before=found.older) if found.older else None,
        newest=url_for("auth.history_student", id=student.id) if request.args.get("before") else None,
    )


def _zone() -> str:
    card = here()
    return card.zone if card else "UTC"


def _position() -> int | None:
    given = request.args.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
