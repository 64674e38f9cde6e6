"""The morning list: what is to be done about absences today, done in batches, and undone."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core import clock
from app.core.actor import Role
from app.core.db import db, one_of, uuid_or_none
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions.refused import Refused
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.school_year import SchoolYear
from app.truancy.actions import settling
from app.truancy.forms import WorkForm
from app.truancy.law.packs import shipped
from app.truancy.law.words import DUTIES
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import KINDS
from app.truancy.models.prior_record import PriorRecord
from app.truancy.models.rule_activation import active_rules
from app.truancy.models.work_list import MOST_COUNTED, Asked, batches_of, work_page
from app.truancy.permissions import RULES, May, schools_read_by, schools_worked_by
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

#: As the address says it: what is left over from the school years before this one.
PAST = "past"
DONE = {
    "done": "{} settled.",
    "call": "Written down for {}.",
    "schedule": "The conference is written down for {}.",
    "dismiss": "{} dismissed.",
}


@doors.get("/attendance/work")
@allow(May.SEE_WORK, RULES)
def index() -> ResponseReturnValue:
    """What is to be done, the most urgent first."""
    return _shown(WorkForm.blank())


@doors.post("/attendance/work")
@allow(May.WORK, RULES, paper=WorkForm)
def act() -> ResponseReturnValue:
    """Do what the button says with the lines that were chosen."""
    form = WorkForm.filled()
    # A value is a line, or all lines of a student that were shown.
    told = " ".join(request.form.getlist("chosen")).split()
    chosen = [id for id in map(uuid_or_none, dict.fromkeys(told)) if id]
    if not form.validate():
        return _shown(form, 422, chosen)
    what = request.form.get("do", "")
    try:
        number = _act(what, chosen, form)
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(form, 422, chosen)
    said = f"{number} line" if number == 1 else f"{number} lines"
    return done(DONE[what].format(said), _address())


@doors.post("/attendance/work/undo")
@allow(May.WORK, RULES)
def undo() -> ResponseReturnValue:
    """Take back what one did with one press."""
    batch = uuid_or_none(request.form.get("batch"))
    try:
        if batch is None:
            raise Refused("That can no longer be undone.")
        settling.undo(batch, by=me())
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, _address(), tone="bad")
    return done("Undone. What was settled by it is open again.", _address())


def _act(what: str, chosen: list[UUID], form: WorkForm) -> int:
    if what not in DONE:
        raise Refused("Press one of the buttons below the list.")
    if chosen and set(chosen) != _mine(chosen):
        raise Refused(settling.CHANGED)
    batch, note = form.key, (form.reason.data or "").strip()
    if what == "call":
        return settling.log_contact(chosen, form.means.data, form.outcome.data, "", by=me(), batch=batch)
    if what == "schedule":
        if form.day.data is None:
            raise Refused("Write the day of the conference.")
        return settling.schedule(chosen, form.day.data, "", by=me(), batch=batch)
    if what == "dismiss":
        return settling.dismiss(chosen, note, by=me(), batch=batch)
    return settling.finish(chosen, by=me(), batch=batch)


def _mine(chosen: list[UUID]) -> set[UUID]:
    """Those of students at the schools whose list they work, whatever a form was made to say."""
    asked = (
        select(CaseDuty.id).join(Person, Person.id == CaseDuty.student_id).where(one_of(CaseDuty.id, chosen))
    )
    schools = schools_worked_by(me())
    if schools is not None:
        asked = asked.where(one_of(Person.school_id, schools))
    return set(db.session.scalars(asked))


def _shown(form: WorkForm, status: int = 200, chosen: list[UUID] | None = None) -> Response:
    day, seen = today(), schools_read_by(me())
    schools = {
        one.id: one.name for one in db.session.scalars(School.by_name()) if seen is None or one.id in seen
    }
    school = uuid_or_none(request.args.get("school"))
    school = school if school in schools else None
    may_work = permits(RULES, May.WORK, me())
    is_counselor = me().has(Role.COUNSELOR)
    on_mine = is_counselor and request.args.get("whose") == "mine"
    year = SchoolYear.current()
    on_past = year is not None and request.args.get("year") == PAST
    first = year.first_day if year is not None and on_past else None
    asked = Asked({school} if school else seen, me().id if on_mine else None, first)
    shown = work_page(asked, day, after=_after())
    names = {rule.id: rule.title for rule in (*shipped(), *active_rules(day))}
    return page(
        "truancy/work.html",
        block="results",
        status=status,
        shown=shown,
        form=form if may_work else None,
        chosen=set(chosen or ()),
        worked=schools_worked_by(me()),
        schools=schools,
        school=school,
        is_counselor=is_counselor,
        on_mine=on_mine,
        year=year.name if year else "",
        on_past=on_past,
        filtered=_filtered(),
        names=names,
        duties=DUTIES,
        kinds=KINDS,
        most=MOST_COUNTED,
        records=PriorRecord.waiting(asked.schools) if not on_mine and not on_past else [],
        batches=batches_of(me().id, clock.ago(days=1)) if may_work else [],
    )


def _after() -> tuple[date, UUID] | None:
    """The place of the last student of the page before: a day and an id."""
    day, _, id = request.args.get("after", "").partition("_")
    found = uuid_or_none(id)
    try:
        return (date.fromisoformat(day), found) if found else None
    except ValueError:
        return None


def _address() -> str:
    """The list as they had filtered it."""
    return url_for("truancy.work_index", **_filtered())


def _filtered() -> dict[str, Any]:
    return {name: request.args.get(name) or None for name in ("school", "whose", "year")}
