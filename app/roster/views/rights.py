"""What a guardian is to one student: the relationship, and each right with who entered it and when."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions import guardians
from app.roster.actions.refused import Refused
from app.roster.forms import RightsForm
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, RIGHTS, GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.permissions import RULES, May
from app.roster.views.showing import chosen, said_rights
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/guardianships/<uuid:id>")
@allow(May.SEE_RIGHTS, RULES, of=Guardianship)
def show(held: Guardianship) -> ResponseReturnValue:
    """The facts that hold, and those before them. Leaves an access record."""
    return _shown(held)


@doors.get("/guardianships/<uuid:id>/court-order")
@allow(May.READ_COURT_ORDER, RULES, of=Guardianship)
def court_order(held: Guardianship) -> ResponseReturnValue:
    """What the court order says. Leaves an access record of its own."""
    fact = GuardianRight.in_force([held.id])[held.id].get(COURT_ORDER)
    if fact is not None:
        audit.viewed(fact)
    return page(
        "roster/court_order.html",
        held=held,
        guardian=db.session.get_one(Guardian, held.guardian_id),
        note=fact.note if fact is not None else None,
    )


@doors.post("/guardianships/<uuid:id>")
@allow(May.KEEP_RIGHTS, RULES, of=Guardianship, paper=RightsForm)
def change(held: Guardianship) -> ResponseReturnValue:
    """Say anew what holds."""
    form = RightsForm.filled()
    if not form.validate():
        return _shown(held, form, 422)
    try:
        guardians.say_rights(held, said_rights(form), by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(held, form, 422)
    held.relation = form.relation.data
    return done("The rights are changed.", url_for("roster.students_show", id=held.student_id))


@doors.post("/guardianships/<uuid:id>/ending")
@allow(May.KEEP_RIGHTS, RULES, of=Guardianship)
def end(held: Guardianship) -> ResponseReturnValue:
    """They no longer belong together."""
    guardian = db.session.get_one(Guardian, held.guardian_id)
    guardians.unlink(held)
    sentence = f"{guardian.name} is no longer a guardian of {held.student.name}."
    return done(sentence, url_for("roster.students_show", id=held.student_id))


def _shown(held: Guardianship, form: RightsForm | None = None, status: int = 200) -> Response:
    audit.viewed(held)
    facts = GuardianRight.in_force([held.id])[held.id]
    may_keep = permits(RULES, May.KEEP_RIGHTS, me(), held)
    return page(
        "roster/rights.html",
        status=status,
        held=held,
        guardian=db.session.get_one(Guardian, held.guardian_id),
        facts=facts,
        before=GuardianRight.replaced_of(held.id),
        names=RIGHTS,
        may_read_order=COURT_ORDER in facts and permits(RULES, May.READ_COURT_ORDER, me(), held),
        form=(form or _about(held, facts)) if may_keep else None,
    )


def _about(held: Guardianship, facts: dict[str, GuardianRight]) -> RightsForm:
    said = {name: chosen(facts[name].holds if name in facts else None) for name in RIGHTS}
    note = facts[COURT_ORDER].note if COURT_ORDER in facts else ""
    return RightsForm.filled(data={**said, "note": note or "", "relation": held.relation})
