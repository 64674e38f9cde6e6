"""From families: what came by their links, waiting for a person of the office, and settled by one."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.permissions import permits
from app.core.room import Doors
from app.family.actions import answering
from app.family.forms import FamilySettleForm
from app.family.models.family_answer import REACH, FamilyAnswer
from app.family.models.family_file import FamilyFile
from app.family.permissions import RULES, May, schools_read_by
from app.roster.models.contact import KINDS, LANDLINE, MOBILE, Contact
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/from-families")
@allow(May.SEE_ANSWERS, RULES)
def index() -> ResponseReturnValue:
    """What waits, the oldest first; or what is settled, the newest first."""
    schools, settled = schools_read_by(me()), request.args.get("show") == "settled"
    answers = FamilyAnswer.settled(schools) if settled else FamilyAnswer.waiting(schools)
    names = {one.id: one.name for one in School.of({answer.student.school_id for answer in answers})}
    return page(
        "family/answers.html",
        answers=answers,
        settled=settled,
        waiting=FamilyAnswer.count_waiting(schools),
        schools=names,
    )


@doors.get("/attendance/from-families/<uuid:id>")
@allow(May.READ_ANSWER, RULES, of=FamilyAnswer)
def show(answer: FamilyAnswer) -> ResponseReturnValue:
    """One, with its files and the numbers to call. Leaves an access record of the student."""
    return _shown(answer)


@doors.post("/attendance/from-families/<uuid:id>/settlement")
@allow(May.SETTLE_ANSWER, RULES, of=FamilyAnswer, paper=FamilySettleForm)
def settle(answer: FamilyAnswer) -> ResponseReturnValue:
    """It is done."""
    form = FamilySettleForm.filled()
    if not form.validate():
        return _shown(answer, form, 422)
    answering.settle(answer, form.remark.data or "", by=me())
    return done("It is settled.", url_for("family.answers_index"))


@doors.post("/attendance/from-families/<uuid:id>/reopening")
@allow(May.SETTLE_ANSWER, RULES, of=FamilyAnswer)
def reopen(answer: FamilyAnswer) -> ResponseReturnValue:
    """It was not done after all."""
    answer.open_again()
    return done("It waits again.", url_for("family.answers_show", id=answer.id))


def _shown(answer: FamilyAnswer, form: FamilySettleForm | None = None, status: int = 200) -> Response:
    audit.viewed(answer.student)
    may_settle = permits(RULES, May.SETTLE_ANSWER, me(), answer)
    ways = Contact.of_guardians([answer.guardian_id])
    school_id = answer.student.school_id
    return page(
        "family/answer.html",
        status=status,
        answer=answer,
        school=School.find(school_id) if school_id else None,
        files=FamilyFile.of_answer(answer.id),
        numbers=[one for one in ways if one.kind in (MOBILE, LANDLINE)],
        kinds=KINDS,
        asks_a_change=answer.kind == REACH,
        form=(form or FamilySettleForm.filled()) if may_settle and not answer.is_settled else None,
        may_reopen=may_settle and answer.is_settled and answer.settled_by_id is not None,
    )
