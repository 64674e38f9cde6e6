"""The notice that a line of the morning list owes a family: its numbers are said here, the mail room does the rest."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db
from app.core.room import Doors
from app.notices.actions.refused import Refused
from app.notices.actions.telling import asked
from app.roster.models.student import Student
from app.truancy.actions import bundling, owing, telling
from app.truancy.forms import NoticeOfDutyForm
from app.truancy.law.packs import shipped
from app.truancy.models.case_duty import CaseDuty
from app.truancy.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

NO_NOTICE = "This line owes the family no notice."


@doors.get("/attendance/duties/<uuid:id>/notice")
@allow(May.SETTLE_DUTY, RULES, of=CaseDuty)
def new(duty: CaseDuty) -> ResponseReturnValue:
    """What is put into it. Leaves an access record."""
    return _page(duty, _offered(NoticeOfDutyForm.filled(data=telling.values_of(duty.id)), duty))


@doors.post("/attendance/duties/<uuid:id>/notice")
@allow(May.SETTLE_DUTY, RULES, of=CaseDuty, paper=NoticeOfDutyForm)
def create(duty: CaseDuty) -> ResponseReturnValue:
    """Write it to each home; it waits for approval."""
    form = _offered(NoticeOfDutyForm.filled(), duty)
    if not form.validate():
        return _page(duty, form, 422)
    if duty.do != owing.NOTICE:
        form.refuse(NO_NOTICE)
        return _page(duty, form, 422)
    try:
        told = telling.tell(duty, form.values(), form.way.data, form.why_other.data or "", by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _page(duty, form, 422)
    along = {owing.title(one.rule_id): None for one in bundling.told_by(told.notices)}
    also = f" They tell as well: {'; '.join(along)}." if along else ""
    return done(
        f"Notices written: {len(told.notices)}. They wait for approval under “Notices”.{also}",
        url_for("truancy.cases_show", id=duty.case_id),
    )


def _offered(form: NoticeOfDutyForm, duty: CaseDuty) -> NoticeOfDutyForm:
    form.offer(owing.permitted(duty.rule_id))
    form.ask_for(asked(duty.rule_id))
    return form


def _page(duty: CaseDuty, form: NoticeOfDutyForm, status: int = 200) -> ResponseReturnValue:
    student = db.session.get_one(Student, duty.student_id)
    audit.viewed(student)
    titles = {rule.id: rule.title for rule in shipped()}
    return page(
        "truancy/notice.html",
        status=status,
        duty=duty,
        student=student,
        title=titles.get(duty.rule_id, duty.rule_id),
        counted=firing.marks if (firing := owing.firing_of(duty)) else [],
        beside=bundling.beside(duty),
        form=form,
    )
