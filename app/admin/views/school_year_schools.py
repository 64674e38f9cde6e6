"""What a school year means for one school: its highest grade, and where its leavers go."""

from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.school_years import LeaversForm
from app.admin.permissions import RULES, May
from app.core.db import db
from app.core.room import Doors
from app.roster.actions import school_years
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.roster.models.school_year_school import GO_ON, LEAVE, SchoolYearSchool
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/school-year-schools/<uuid:id>")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYearSchool)
def show(rule: SchoolYearSchool) -> ResponseReturnValue:
    """As it was said last."""
    goes_to = LEAVE if rule.leavers == LEAVE else str(rule.goes_to_id or "")
    return _shown(rule, LeaversForm.filled(data={"highest": rule.highest, "goes_to": goes_to}))


@doors.post("/admin/school-year-schools/<uuid:id>")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYearSchool, paper=LeaversForm)
def change(rule: SchoolYearSchool) -> ResponseReturnValue:
    """Say it."""
    form = LeaversForm.filled()
    form.offer(_others(rule))
    if form.validate():
        leaves = form.goes_to.data == LEAVE
        try:
            school_years.say_of_school(
                rule,
                highest=form.highest.data,
                leavers=LEAVE if leaves else GO_ON,
                goes_to_id=None if leaves else UUID(form.goes_to.data),
            )
        except Refused as refused:
            db.session.rollback()
            form.refuse(refused.sentence)
        else:
            here = url_for("admin.school_years_show", id=rule.year_id)
            return done(f"{rule.school.name} is changed. The numbers below follow.", here)
    return _shown(rule, form, 422)


def _shown(rule: SchoolYearSchool, form: LeaversForm, status: int = 200) -> Response:
    form.offer(_others(rule))
    return page(
        "admin/school_year_school.html",
        status=status,
        rule=rule,
        year=db.session.get_one(SchoolYear, rule.year_id),
        form=form,
    )


def _others(rule: SchoolYearSchool) -> dict[UUID, str]:
    schools = db.session.scalars(School.by_name())
    return {one.id: one.name for one in schools if one.active and one.id != rule.school_id}
