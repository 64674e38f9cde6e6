"""Households, as they were derived and as the office corrects them."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db, uuid_or_none
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions import households
from app.roster.actions.refused import Refused
from app.roster.forms import HouseholdForm
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import Household, HouseholdMember
from app.roster.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/households/<uuid:id>")
@allow(May.KEEP_HOUSEHOLD, RULES, of=Household)
def show(household: Household) -> ResponseReturnValue:
    """Who is of it, and how to correct that. Leaves an access record."""
    return _shown(household)


@doors.post("/households/<uuid:id>")
@allow(May.KEEP_HOUSEHOLD, RULES, of=Household, paper=HouseholdForm)
def change(household: Household) -> ResponseReturnValue:
    """Say whom its letters are addressed to."""
    form = HouseholdForm.filled()
    if not form.validate():
        return _shown(household, form, 422)
    households.name(household, form.mail_name.data or "")
    return done("The name on letters is changed.", url_for("roster.households_show", id=household.id))


@doors.post("/households/<uuid:id>/splitting")
@allow(May.KEEP_HOUSEHOLD, RULES, of=Household)
def split(household: Household) -> ResponseReturnValue:
    """One of them gets letters of their own."""
    guardian = Guardian.find(chosen) if (chosen := uuid_or_none(request.form.get("guardian"))) else None
    if guardian is None:
        return _refused("Nobody was chosen, so nothing was changed.", household)
    sentence = f"{guardian.name} now gets letters of their own."
    return _do(household, lambda: households.split(household, guardian), sentence)


@doors.post("/households/<uuid:id>/joining")
@allow(May.KEEP_HOUSEHOLD, RULES, of=Household)
def join(household: Household) -> ResponseReturnValue:
    """One letter goes to this one and another of the family."""
    offered = {one.id: one for one in _others(household)}
    other = offered.get(uuid_or_none(request.form.get("other")) or household.id)
    if other is None:
        return _refused("Choose a household of the same family. Nothing was changed.", household)
    return _do(household, lambda: households.join(household, other), "One letter now goes to all of them.")


@doors.post("/households/<uuid:id>/deriving")
@allow(May.KEEP_HOUSEHOLD, RULES, of=Household)
def derive(household: Household) -> ResponseReturnValue:
    """Take back what was corrected by hand."""
    guardian = household.guardians[0]
    households.forget_corrections(household)
    here = HouseholdMember.of_guardians([guardian.id])[guardian.id].household_id
    return done("Households follow the addresses again.", url_for("roster.households_show", id=here))


def _do(household: Household, act: Callable[[], object], sentence: str) -> ResponseReturnValue:
    try:
        act()
    except Refused as refused:
        db.session.rollback()
        return _refused(refused.sentence, household)
    return done(sentence, url_for("roster.households_show", id=household.id))


def _refused(sentence: str, household: Household) -> ResponseReturnValue:
    return done(sentence, url_for("roster.households_show", id=household.id), tone="bad")


def _shown(household: Household, form: HouseholdForm | None = None, status: int = 200) -> Response:
    audit.viewed(household)
    return page(
        "roster/household.html",
        status=status,
        household=household,
        others=_others(household),
        form=form or HouseholdForm.filled(data={"mail_name": household.mail_name}),
    )


def _others(household: Household) -> list[Household]:
    """Households of those who share a student with one of this, where the reader may correct them."""
    ids: list[UUID] = []
    for one in household.guardians:
        for held in Guardianship.of_guardian(one.id):
            ids += [other.guardian_id for other in Guardianship.of_student(held.student_id)]
    found = {member.household_id for member in HouseholdMember.of_guardians(ids).values()} - {household.id}
    others = [db.session.get_one(Household, id) for id in sorted(found)]
    return [one for one in others if permits(RULES, May.KEEP_HOUSEHOLD, me(), one)]
