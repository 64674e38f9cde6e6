"""The family links of a student: made by hand where somebody asks for one, and withdrawn."""

from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.core import audit
from app.core.permissions import permits
from app.core.room import Doors
from app.family.actions import linking
from app.family.actions.refused import NotForThem
from app.family.forms import FamilyLinkForm
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_link import FamilyLink
from app.family.permissions import RULES, May
from app.roster.models.recipients import standings, why_not_told
from app.roster.models.student import Student
from app.web.fields import options
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/students/<uuid:id>/family")
@allow(May.SEE_LINKS, RULES, of=Student)
def index(student: Student) -> ResponseReturnValue:
    """The links, and what came by them. Leaves an access record."""
    return _shown(student)


@doors.post("/students/<uuid:id>/family/links")
@allow(May.MAKE_LINK, RULES, of=Student, paper=FamilyLinkForm)
def create(student: Student) -> ResponseReturnValue:
    """A link to be read out, or sent by hand. It is shown this once."""
    form = _for_those_who_may(FamilyLinkForm.filled(), student)
    if not form.validate():
        return _shown(student, form, status=422)
    try:
        link = linking.link_for(
            student, UUID(form.guardian_id.data), by=me(), about=linking.About("by hand", form.key)
        )
    except NotForThem as refused:
        form.refuse(refused.sentence)
        return _shown(student, form, status=422)
    return _shown(student, made=link)


@doors.post("/attendance/family-links/<uuid:id>/withdrawal")
@allow(May.WITHDRAW_LINK, RULES, of=FamilyLink)
def withdraw(link: FamilyLink) -> ResponseReturnValue:
    """It opens nothing any more."""
    linking.withdraw(link)
    return done("The link is withdrawn.", url_for("family.links_index", id=link.student_id))


def _shown(
    student: Student, form: FamilyLinkForm | None = None, made: FamilyLink | None = None, status: int = 200
) -> Response:
    audit.viewed(student)
    links = FamilyLink.of_student(student.id)
    may_make = permits(RULES, May.MAKE_LINK, me(), student)
    return page(
        "family/links.html",
        status=status,
        student=student,
        links=[(link, linking.why_shut(link)) for link in links],
        answers=FamilyAnswer.of_student(student.id),
        made=made,
        may_make=may_make,
        form=(form or _for_those_who_may(FamilyLinkForm.blank(), student)) if may_make else None,
    )


def _for_those_who_may(form: FamilyLinkForm, student: Student) -> FamilyLinkForm:
    form.guardian_id.choices = options(
        (str(one.guardian_id), one.name)
        for one in standings(student)
        if not why_not_told(student, one.guardian_id)
    )
    return form
