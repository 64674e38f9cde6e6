"""Staff: who they are, whether they can sign in, and what they may do."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from app.admin.actions import staff
from app.admin.forms.people import ROLES, GrantForm, PersonForm
from app.admin.permissions import RULES, May
from app.admin.views.answers import done_unless_refused
from app.auth.models.account import Account
from app.auth.models.factors import Factors
from app.core.actor import Role
from app.core.audit import viewed
from app.core.db import db, uuid_or_none
from app.core.expiring import today
from app.core.room import Doors
from app.roster.actions import people
from app.roster.actions.people import Particulars
from app.roster.actions.refused import Refused
from app.roster.models.enrollment import TEACHER, Enrollment
from app.roster.models.person import Person
from app.roster.models.provenance import Provenance
from app.roster.models.school import School
from app.roster.models.staff_page import staff_page
from app.web.fields import options
from app.web.guard import allow, me
from app.web.page import done, page
from app.web.sessions import this_session_id

doors = Doors()


@doors.get("/admin/people")
@allow(May.KEEP_PEOPLE, RULES)
def index() -> ResponseReturnValue:
    """Staff by name, those that were searched for, a page at a time."""
    asked = {name: request.args.get(name, "").strip() for name in ("q", "school", "before", "after")}
    places = {name: uuid_or_none(asked[name]) for name in ("before", "after")}
    found = staff_page(typed=asked["q"], school_id=uuid_or_none(asked["school"]), **places)
    ids = [person.id for person in found.people]
    accounts = {account.person_id: account for account in db.session.scalars(_accounts(ids))} if ids else {}
    return page(
        "admin/people.html",
        block="results",
        found=found,
        accounts=accounts,
        asked=asked,
        kept={name: asked[name] for name in ("q", "school") if asked[name]},
        schools=_school_names(),
    )


@doors.get("/admin/people/new")
@allow(May.KEEP_PEOPLE, RULES)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _new(_with_schools(PersonForm.filled()))


@doors.post("/admin/people")
@allow(May.KEEP_PEOPLE, RULES, paper=PersonForm)
def create() -> ResponseReturnValue:
    """Somebody new on the staff."""
    form = _with_schools(PersonForm.filled())
    if not form.validate():
        return _new(form, 422)
    try:
        person = people.add(_particulars(form), once=form.key)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _new(form, 422)
    return done(f"{person.name} is on the staff.", url_for("admin.people_show", id=person.id))


@doors.get("/admin/people/<uuid:id>")
@allow(May.KEEP_PEOPLE, RULES, of=Person)
def show(person: Person) -> ResponseReturnValue:
    """One person: particulars, account, roles. They can see who looked."""
    if person.id != me().person_id:
        viewed(person)
    return _shown(person)


@doors.post("/admin/people/<uuid:id>")
@allow(May.KEEP_PEOPLE, RULES, of=Person, paper=PersonForm)
def change(person: Person) -> ResponseReturnValue:
    """Another name, address, school or title."""
    form = _with_schools(PersonForm.filled(), person)
    if not form.validate():
        return _shown(person, form, 422)
    try:
        staff.change(person, _particulars(form))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(person, form, 422)
    return done(f"{person.name} is changed.", url_for("admin.people_show", id=person.id))


@doors.post("/admin/people/<uuid:id>/leave")
@allow(May.KEEP_PEOPLE, RULES, of=Person)
def leave(person: Person) -> ResponseReturnValue:
    """They no longer work here."""
    return _do(
        person,
        lambda: staff.leave(person, by=me()),
        f"{person.name} can no longer sign in or write to the desk.",
    )


@doors.post("/admin/people/<uuid:id>/come-back")
@allow(May.KEEP_PEOPLE, RULES, of=Person)
def come_back(person: Person) -> ResponseReturnValue:
    """They work here again."""
    return _do(person, lambda: staff.come_back(person, by=me()), f"{person.name} works here again.")


@doors.post("/admin/people/<uuid:id>/invitation")
@allow(May.KEEP_ROLES, RULES, of=Person)
def invite(person: Person) -> ResponseReturnValue:
    """Send the link that opens their account."""
    sentence = f"An invitation is on its way to {person.email}. Its link works once, within 60 minutes."
    return _do(person, lambda: staff.invite(person, by=me()), sentence)


@doors.post("/admin/people/<uuid:id>/factors/take-away")
@allow(May.TAKE_FACTORS, RULES, of=Person, confirmed=True)
def take_factors(person: Person) -> ResponseReturnValue:
    """They lost their phone: their password alone signs them in again."""
    sentence = f"{person.name} is signed out everywhere, has no second factor any more, and is told by mail."
    return _do(person, lambda: staff.take_factors(person, by=me()), sentence)


@doors.post("/admin/people/<uuid:id>/roles")
@allow(May.KEEP_ROLES, RULES, of=Person, paper=GrantForm)
def grant(person: Person) -> ResponseReturnValue:
    """Give a role, at one school or at all."""
    form = _places(GrantForm.filled())
    if not form.validate():
        return _shown(person, status=422, grant_form=form)
    try:
        role, school_id = Role(form.role.data), uuid_or_none(form.school.data)
        staff.grant(person, role, school_id, by=me(), but=this_session_id())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(person, status=422, grant_form=form)
    return done(f"{person.name} has a new role.", url_for("admin.people_show", id=person.id))


@doors.post("/admin/people/<uuid:id>/roles/withdraw")
@allow(May.KEEP_ROLES, RULES, of=Person)
def withdraw(person: Person) -> ResponseReturnValue:
    """Take a role away."""
    role, school_id = request.form.get("role", ""), uuid_or_none(request.form.get("school"))
    if role not in {one.value for one in Role}:
        return done(
            "Nothing was changed: that is not a role.", url_for("admin.people_show", id=person.id), tone="bad"
        )
    return _do(
        person,
        lambda: staff.withdraw(person, Role(role), school_id, by=me(), but=this_session_id()),
        f"{person.name} no longer has that role.",
    )


def _do(person: Person, act: Callable[[], None], sentence: str) -> ResponseReturnValue:
    return done_unless_refused(act, sentence, url_for("admin.people_show", id=person.id))


def _new(form: PersonForm, status: int = 200) -> Response:
    return page("admin/person_new.html", block="form", status=status, form=form)


def _shown(
    person: Person, form: PersonForm | None = None, status: int = 200, grant_form: GrantForm | None = None
) -> Response:
    account = Account.of_person(person.id)
    taught = [one.in_class for one in Enrollment.of_person(person.id, today()) if one.role == TEACHER]
    return page(
        "admin/person.html",
        status=status,
        person=person,
        account=account,
        factors=Factors.of(account.id) if account else None,
        provenance=Provenance.of_staff(person),
        classes=taught,
        open_to_me={one.id for one in taught if me().person_id is not None},
        schools=_school_names(),
        roles=ROLES,
        role_of=Role,
        form=form or _with_schools(_about(person), person),
        grant_form=grant_form or _places(GrantForm.blank()),
    )


def _about(person: Person) -> PersonForm:
    # After a POST of another form on this page, what came with it is not about this one.
    return PersonForm.filled(obj=person) if request.method == "GET" else PersonForm.blank(obj=person)


def _particulars(form: PersonForm) -> Particulars:
    return Particulars(
        given_name=form.given_name.data or "",
        family_name=form.family_name.data or "",
        email=form.email.data or "",
        school_id=uuid_or_none(form.school_id.data),
        title=form.title.data or "",
    )


def _with_schools(form: PersonForm, person: Person | None = None) -> PersonForm:
    kept = person.school_id if person else None
    schools = db.session.scalars(School.by_name().where(School.active | (School.id == kept)))
    form.school_id.choices = options(
        [("", "No school"), *((str(school.id), school.name) for school in schools)]
    )
    return form


def _places(form: GrantForm) -> GrantForm:
    schools = db.session.scalars(School.in_use())
    form.school.choices = options(
        [("", "All schools"), *((str(school.id), school.name) for school in schools)]
    )
    return form


def _school_names() -> dict[UUID, str]:
    return {school.id: school.name for school in db.session.scalars(School.by_name())}


def _accounts(people_ids: list[UUID]) -> Select[Account]:
    return select(Account).where(Account.person_id.in_(people_ids))
