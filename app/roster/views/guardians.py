"""Guardians: added to a student, seen and changed with the ways to reach them."""

from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions import guardians
from app.roster.actions.guardians import Particulars
from app.roster.actions.refused import Refused
from app.roster.forms import NEW, GuardianForm, NewGuardianForm
from app.roster.models.contact import CONSENTS, KINDS, SOURCES, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.provenance import Provenance, named_by
from app.roster.models.student import Student
from app.roster.permissions import RULES, May
from app.roster.views.showing import said_rights
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/students/<uuid:id>/guardians/new")
@allow(May.KEEP_STUDENT, RULES, of=Student)
def new(student: Student) -> ResponseReturnValue:
    """An empty form; with a brother's or sister's number, their guardians are offered."""
    return _new(student, NewGuardianForm.filled())


@doors.post("/students/<uuid:id>/guardians")
@allow(May.KEEP_STUDENT, RULES, of=Student, paper=NewGuardianForm)
def create(student: Student) -> ResponseReturnValue:
    """Somebody new, or somebody whom a brother or sister has already, with what they are and may."""
    form = NewGuardianForm.filled()
    offered = _offer(student, form)
    if not form.validate():
        return _new(student, form, 422)
    try:
        guardian = _chosen(form, offered)
        held = guardians.link(student, guardian, form.relation.data)
        guardians.say_rights(held, said_rights(form), by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _new(student, form, 422)
    sentence = f"{guardian.name} is a guardian of {student.name}."
    return done(sentence, url_for("roster.guardians_show", id=guardian.id))


@doors.get("/guardians/<uuid:id>")
@allow(May.SEE_GUARDIAN, RULES, of=Guardian)
def show(guardian: Guardian) -> ResponseReturnValue:
    """One guardian: particulars, ways to be reached, students. Leaves an access record."""
    return _shown(guardian)


@doors.post("/guardians/<uuid:id>")
@allow(May.KEEP_GUARDIAN, RULES, of=Guardian, paper=GuardianForm)
def change(guardian: Guardian) -> ResponseReturnValue:
    """Another name or language."""
    form = GuardianForm.filled()
    if not form.validate():
        return _shown(guardian, form, 422)
    of = Particulars(
        given_name=form.given_name.data or "",
        family_name=form.family_name.data or "",
        language=form.language.data,
        address_is_confidential=bool(form.address_is_confidential.data),
    )
    guardians.change(guardian, of)
    return done(f"{guardian.name} is changed.", url_for("roster.guardians_show", id=guardian.id))


def _chosen(form: NewGuardianForm, offered: dict[str, Guardian]) -> Guardian:
    if form.who.data != NEW:
        return offered[form.who.data]
    of = Particulars(
        given_name=form.given_name.data or "",
        family_name=form.family_name.data or "",
        language=form.language.data,
    )
    return guardians.add(of, once=form.key)


def _offer(student: Student, form: NewGuardianForm) -> dict[str, Guardian]:
    """The guardians of the brother or sister whose number the address names, as choices of the form."""
    sibling = _sibling()
    known: dict[str, Guardian] = {}
    if sibling is not None and sibling.id != student.id:
        ids = [one.guardian_id for one in Guardianship.of_student(sibling.id)]
        known = {str(id): db.session.get_one(Guardian, id) for id in ids}
    form.offer((one.id, one.name) for one in known.values())
    return known


def _sibling() -> Student | None:
    """A student whom the reader may not see is as little there as one with no such number."""
    number = request.args.get("sibling", "").strip()
    found = Student.numbered(number) if number else None
    return found if found is not None and permits(RULES, May.SEE_STUDENT, me(), found) else None


def _new(student: Student, form: NewGuardianForm, status: int = 200) -> Response:
    known = _offer(student, form)
    asked = request.args.get("sibling", "").strip()
    return page(
        "roster/guardian_new.html",
        status=status,
        student=student,
        form=form,
        known=known,
        asked=asked,
        sibling=_sibling() if asked else None,
    )


def _shown(guardian: Guardian, form: GuardianForm | None = None, status: int = 200) -> Response:
    audit.viewed(guardian)
    may_keep = permits(RULES, May.KEEP_GUARDIAN, me(), guardian)
    theirs = [
        one for one in Guardianship.of_guardian(guardian.id) if permits(RULES, May.SEE_RIGHTS, me(), one)
    ]
    contacts = Contact.of_guardians([guardian.id])
    return page(
        "roster/guardian.html",
        status=status,
        guardian=guardian,
        theirs=theirs,
        contacts=contacts,
        provenance=Provenance.of_guardian(guardian, contacts),
        relationships={one.id: named_by(one.source_id, one.made_at) for one in theirs},
        kinds=KINDS,
        consents=CONSENTS,
        sources=SOURCES,
        may_keep=may_keep,
        form=(form or _about(guardian)) if may_keep else None,
    )


def _about(guardian: Guardian) -> GuardianForm:
    of = guardian.person
    written: dict[str, str | bool | UUID] = {
        "given_name": of.given_name,
        "family_name": of.family_name,
        "language": guardian.language,
        "address_is_confidential": guardian.address_is_confidential,
    }
    return GuardianForm.filled(data=written)
