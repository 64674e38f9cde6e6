"""What the family page says of a school and of the district: whom to call, when, what is offered."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.family.forms import FamilyDistrictForm, FamilyOfficeForm
from app.family.models import tagline
from app.family.models.catalogue import CATALOGUES, ENGLISH
from app.family.models.family_office import FamilyOffice
from app.family.models.words_approval import WordsApproval
from app.family.permissions import RULES, May
from app.roster.models.school import School
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/family-page")
@allow(May.SEE_FAMILY_PAGE, RULES)
def index() -> ResponseReturnValue:
    """Each school with what is said of it, and each language with who checked it."""
    return page(
        "family/offices.html",
        schools=list(db.session.scalars(School.in_use())),
        written=FamilyOffice.written(),
        catalogues=[one for tag, one in CATALOGUES.items() if tag != ENGLISH],
        approvals=WordsApproval.by_language(),
        taglines=tagline.in_other_languages(),
        approved_taglines=WordsApproval.by_language(tagline.TAGLINES.values()),
        may_keep_district=permits(RULES, May.KEEP_DISTRICT, me()),
        may_keep=lambda school: permits(RULES, May.KEEP_SCHOOL, me(), school),
        may_approve=permits(RULES, May.APPROVE_WORDS, me()),
    )


@doors.get("/attendance/family-page/district")
@allow(May.KEEP_DISTRICT, RULES)
def district() -> ResponseReturnValue:
    """What holds for all schools that say nothing of their own."""
    return _of_district(FamilyDistrictForm.filled(obj=FamilyOffice.own(None)))


@doors.post("/attendance/family-page/district")
@allow(May.KEEP_DISTRICT, RULES, paper=FamilyDistrictForm)
def change_district() -> ResponseReturnValue:
    """Write it anew."""
    form = FamilyDistrictForm.filled()
    if not form.validate():
        return _of_district(form, 422)
    FamilyOffice.own(None).change(*_written(form), link_days=form.link_days.data)
    return done("The family page of the district is changed.", url_for("family.offices_index"))


@doors.get("/attendance/family-page/schools/<uuid:id>")
@allow(May.KEEP_SCHOOL, RULES, of=School)
def show(school: School) -> ResponseReturnValue:
    """What a school says of itself."""
    return _of_school(school, FamilyOfficeForm.filled(obj=FamilyOffice.own(school.id)))


@doors.post("/attendance/family-page/schools/<uuid:id>")
@allow(May.KEEP_SCHOOL, RULES, of=School, paper=FamilyOfficeForm)
def change(school: School) -> ResponseReturnValue:
    """Write it anew."""
    form = FamilyOfficeForm.filled()
    if not form.validate():
        return _of_school(school, form, 422)
    FamilyOffice.own(school.id).change(*_written(form))
    return done(f"The family page of {school.name} is changed.", url_for("family.offices_index"))


def _written(form: FamilyOfficeForm) -> tuple[str, str, str]:
    phone, hours, offers = ((form[name].data or "").strip() for name in ("phone", "hours", "offers"))
    return phone, hours, offers


def _of_district(form: FamilyDistrictForm, status: int = 200) -> Response:
    return page(
        "family/office.html",
        status=status,
        form=form,
        heading="For the district",
        action=url_for("family.offices_change_district"),
    )


def _of_school(school: School, form: FamilyOfficeForm, status: int = 200) -> Response:
    return page(
        "family/office.html",
        status=status,
        form=form,
        heading=school.name,
        action=url_for("family.offices_change", id=school.id),
    )
