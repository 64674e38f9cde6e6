"""School years: written down, planned with a preview, opened and undone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, current_app, make_response, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.school_years import NextYearForm, YearForm
from app.admin.permissions import RULES, May
from app.admin.views.answers import done_unless_refused
from app.core import audit
from app.core.db import db, uuid_or_none
from app.core.room import Doors
from app.roster.actions import fetching, school_years
from app.roster.actions.refused import Refused
from app.roster.models import rising
from app.roster.models.school import School
from app.roster.models.school_year import CURRENT, PLANNED, SchoolYear
from app.roster.models.school_year_school import NOT_SAID, SchoolYearSchool
from app.roster.models.student import GRADES
from app.web.guard import allow
from app.web.page import done, go, page, wants_part

doors = Doors()


@doors.get("/admin/school-years")
@allow(May.KEEP_SCHOOL_YEARS, RULES)
def index() -> ResponseReturnValue:
    """All of them; and a form for the first, while there is none."""
    return listed(YearForm.filled())


@doors.get("/admin/school-years/new")
@allow(May.KEEP_SCHOOL_YEARS, RULES)
def new() -> ResponseReturnValue:
    """The days of the next one, as they were this year."""
    last = SchoolYear.last()
    if last is None or last.state != CURRENT:
        return go(url_for("admin.school_years_index"))
    return _new(NextYearForm.filled(obj=school_years.default_days(last)))


@doors.post("/admin/school-years")
@allow(May.KEEP_SCHOOL_YEARS, RULES, paper=NextYearForm)
def create() -> ResponseReturnValue:
    """Plan the next one. Nobody is moved before an admin has looked."""
    form = NextYearForm.filled()
    if form.validate():
        try:
            year = school_years.plan(form.days(), once=form.key)
        except Refused as refused:
            form.refuse(refused.sentence)
        else:
            return done(f"{year.name} is planned. Nobody is moved yet.", _at(year))
    return _new(form, 422)


@doors.get("/admin/school-years/<uuid:id>")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def show(year: SchoolYear) -> ResponseReturnValue:
    """Who would move and what follows; how far it is; or who has moved. Once nothing is under way it is loaded anew."""
    if wants_part() and not year.is_working:
        return make_response("", 200, {"HX-Refresh": "true"})
    rules = SchoolYearSchool.of_year(year.id)
    groups = _groups(year)
    last = SchoolYear.last()
    return page(
        "admin/school_year.html",
        block="progress",
        year=year,
        before=year.before,
        today=fetching.today(),
        rules=rules,
        silent=[rule for rule in rules if rule.leavers == NOT_SAID],
        schools=_school_names(),
        groups=_by_school(groups),
        counts=_by_outcome(groups),
        outcomes=rising.OUTCOMES,
        old_words=rising.count_old_words(year) if year.state == CURRENT else 0,
        new=rising.new_in_waiting_import() if year.state == PLANNED else None,
        follows=_what_follows(year) if year.state == PLANNED else [],
        may_be_undone=year.state == CURRENT and year.follows_day is not None,
        is_last=last is not None and last.id == year.id,
        undone_no_more=school_years.UNDONE_NO_MORE,
    )


@doors.get("/admin/school-years/<uuid:id>/students")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def students(year: SchoolYear) -> ResponseReturnValue:
    """Those of whom the same becomes, by name."""
    audit.viewed(year)
    outcome = request.args.get("outcome", rising.RISES)
    outcome = outcome if outcome in (*rising.OUTCOMES, rising.OLD_WORD) else rising.RISES
    ask = rising.with_outcome if year.state == PLANNED else rising.moved_with_outcome
    found = ask(year, outcome, uuid_or_none(request.args.get("after", "")))
    return page(
        "admin/school_year_students.html",
        year=year,
        outcome=outcome,
        outcomes=rising.OUTCOMES,
        rows=found[: rising.PAGE],
        more=found[rising.PAGE - 1].id if len(found) > rising.PAGE else None,
        schools=_school_names(),
        grades=GRADES,
    )


@doors.get("/admin/school-years/<uuid:id>/days")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def days(year: SchoolYear) -> ResponseReturnValue:
    """Its name and its days."""
    return _days(year, NextYearForm.filled(obj=year))


@doors.post("/admin/school-years/<uuid:id>/days")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear, paper=NextYearForm)
def change_days(year: SchoolYear) -> ResponseReturnValue:
    """Others, while it is planned."""
    form = NextYearForm.filled()
    if form.validate():
        try:
            school_years.change_days(year, form.days())
        except Refused as refused:
            db.session.rollback()
            form.refuse(refused.sentence)
        else:
            return done(f"{year.name} is changed.", _at(year))
    return _days(year, form, 422)


@doors.post("/admin/school-years/<uuid:id>/opening")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def open_it(year: SchoolYear) -> ResponseReturnValue:
    """Move everybody."""
    return _do(year, lambda: school_years.open_year(year), "The students are being moved.")


@doors.post("/admin/school-years/<uuid:id>/undoing")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def undo(year: SchoolYear) -> ResponseReturnValue:
    """Put everybody back."""
    return _do(year, lambda: school_years.undo(year), "The students are being put back.")


@doors.post("/admin/school-years/<uuid:id>/resume")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def resume(year: SchoolYear) -> ResponseReturnValue:
    """Go on where it stopped."""
    return _do(year, lambda: school_years.resume(year), "It goes on.")


@doors.post("/admin/school-years/<uuid:id>/removal")
@allow(May.KEEP_SCHOOL_YEARS, RULES, of=SchoolYear)
def give_up(year: SchoolYear) -> ResponseReturnValue:
    """Forget a plan."""
    name, here = year.name, _at(year)
    try:
        school_years.give_up(year)
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, here, tone="bad")
    return done(f"{name} is forgotten. Nobody was moved.", url_for("admin.school_years_index"))


def _at(year: SchoolYear) -> str:
    return url_for("admin.school_years_show", id=year.id)


def _do(year: SchoolYear, act: Callable[[], None], sentence: str) -> ResponseReturnValue:
    return done_unless_refused(act, sentence, _at(year))


def listed(form: YearForm, status: int = 200) -> Response:
    years = SchoolYear.newest()
    return page("admin/school_years.html", status=status, years=years, form=form)


def _new(form: NextYearForm, status: int = 200) -> Response:
    return page("admin/school_year_new.html", status=status, form=form)


def _days(year: SchoolYear, form: NextYearForm, status: int = 200) -> Response:
    return page("admin/school_year_days.html", status=status, year=year, form=form)


def _groups(year: SchoolYear) -> list[rising.Group]:
    if year.is_working:
        return []
    return rising.groups(year) if year.state == PLANNED else rising.moved_groups(year)


def _by_school(groups: list[rising.Group]) -> dict[UUID | None, list[rising.Group]]:
    found: dict[UUID | None, list[rising.Group]] = {}
    for group in groups:
        found.setdefault(group.school_id, []).append(group)
    return found


def _by_outcome(groups: list[rising.Group]) -> dict[str, int]:
    """In the order of the preview."""
    told = {name: sum(one.count for one in groups if one.outcome == name) for name in rising.OUTCOMES}
    return {name: count for name, count in told.items() if count}


def _what_follows(year: SchoolYear) -> list[Any]:
    moving = rising.moving(year)
    rooms = current_app.extensions.get("rooms", ())
    return [told for room in rooms for follows in room.follows for told in follows(moving)]


def _school_names() -> dict[UUID, str]:
    return {school.id: school.name for school in db.session.scalars(School.by_name())}
