"""What codes mean, and who vouches for it."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.register.actions import coding
from app.register.forms import CodeMeaningForm
from app.register.models.attendance_code import EXCUSES, FLAGS, KINDS, AttendanceCode
from app.register.permissions import RULES, May
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import done, go, page

doors = Doors()


@doors.get("/attendance/codes")
@allow(May.SEE_CODES, RULES)
def index() -> ResponseReturnValue:
    """All codes: those that wait for somebody, then those that count."""
    codes = AttendanceCode.all()
    return page(
        "register/codes.html",
        waiting=[one for one in codes if not one.counts],
        counting=[one for one in codes if one.counts],
        schools={one.id: one.name for one in db.session.scalars(School.by_name())},
        may_sign=permits(RULES, May.SIGN_OFF_CODES, me()),
        kinds=KINDS,
        excuses=EXCUSES,
        flags=FLAGS,
    )


@doors.get("/attendance/codes/<uuid:id>")
@allow(May.SIGN_OFF_CODES, RULES, of=AttendanceCode)
def show(code: AttendanceCode) -> ResponseReturnValue:
    """One meaning: to be signed off, or as it was."""
    return _shown(code, CodeMeaningForm.of(code))


@doors.post("/attendance/codes/<uuid:id>/sign-off")
@allow(May.SIGN_OFF_CODES, RULES, of=AttendanceCode, paper=CodeMeaningForm)
def sign_off(code: AttendanceCode) -> ResponseReturnValue:
    """It counts from now on, for the days that were said."""
    form = CodeMeaningForm.of(code)
    if not form.validate():
        return _shown(code, form, 422)
    try:
        with db.session.begin_nested():
            coding.sign_off(code, form.meaning(), by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(code, form, 422)
    return done(f"What {code.code} means is signed off.", url_for("register.codes_index"))


@doors.post("/attendance/codes/<uuid:id>/anew")
@allow(May.SIGN_OFF_CODES, RULES, of=AttendanceCode)
def say_anew(code: AttendanceCode) -> ResponseReturnValue:
    """Another meaning of the same code. What is signed off counts until the new one is."""
    return go(url_for("register.codes_show", id=coding.say_anew(code).id))


def _shown(code: AttendanceCode, form: CodeMeaningForm, status: int = 200) -> ResponseReturnValue:
    school = School.find(code.school_id) if code.school_id else None
    return page(
        "register/code.html",
        status=status,
        code=code,
        form=form,
        school=school,
        kinds=KINDS,
        excuses=EXCUSES,
        flags=FLAGS,
    )
