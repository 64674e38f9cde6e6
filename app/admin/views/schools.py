"""Schools, and the rooms of each."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.admin.forms.places import ZONES, RoomForm, SchoolForm
from app.admin.permissions import RULES, May
from app.core.db import db
from app.core.room import Doors
from app.roster.actions import places
from app.roster.actions.refused import Refused
from app.roster.models.room import Room
from app.roster.models.school import School
from app.web.fields import options
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/schools")
@allow(May.KEEP_PLACES, RULES)
def index() -> ResponseReturnValue:
    """All of them, those in use first."""
    counted = (
        select(Room.school_id, func.count(Room.id).label("rooms")).where(Room.active).group_by(Room.school_id)
    )
    rooms = {row.school_id: row.rooms for row in db.session.execute(counted)}
    schools = list(db.session.scalars(School.by_name()))
    return page("admin/schools.html", schools=sorted(schools, key=lambda one: not one.active), rooms=rooms)


@doors.get("/admin/schools/new")
@allow(May.KEEP_PLACES, RULES)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _new(_with_zones(SchoolForm.filled()))


@doors.post("/admin/schools")
@allow(May.KEEP_PLACES, RULES, paper=SchoolForm)
def create() -> ResponseReturnValue:
    """A new school."""
    form = _with_zones(SchoolForm.filled())
    if not form.validate():
        return _new(form, 422)
    try:
        school = places.add_school(once=form.key, **_written(form))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _new(form, 422)
    return done(f"{school.name} is added.", url_for("admin.schools_show", id=school.id))


@doors.get("/admin/schools/<uuid:id>")
@allow(May.KEEP_PLACES, RULES, of=School)
def show(school: School) -> ResponseReturnValue:
    """One school with its rooms."""
    return _shown(school)


@doors.post("/admin/schools/<uuid:id>")
@allow(May.KEEP_PLACES, RULES, of=School, paper=SchoolForm)
def change(school: School) -> ResponseReturnValue:
    """Another name or clock."""
    form = _with_zones(SchoolForm.filled(), school)
    if not form.validate():
        return _shown(school, form, status=422)
    try:
        places.change_school(school, **_written(form))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(school, form, status=422)
    return done(f"{school.name} is changed.", url_for("admin.schools_show", id=school.id))


@doors.post("/admin/schools/<uuid:id>/close")
@allow(May.KEEP_PLACES, RULES, of=School)
def close(school: School) -> ResponseReturnValue:
    """Nobody can choose it any more."""
    here = url_for("admin.schools_show", id=school.id)
    try:
        places.close_school(school)
    except Refused as refused:
        return done(refused.sentence, here, tone="bad")
    return done(f"{school.name} can no longer be chosen. Its tickets stay.", here)


@doors.post("/admin/schools/<uuid:id>/open")
@allow(May.KEEP_PLACES, RULES, of=School)
def reopen(school: School) -> ResponseReturnValue:
    """People can choose it again."""
    places.open_school(school)
    return done(f"{school.name} can be chosen again.", url_for("admin.schools_show", id=school.id))


@doors.post("/admin/schools/<uuid:id>/rooms")
@allow(May.KEEP_PLACES, RULES, of=School, paper=RoomForm)
def add_room(school: School) -> ResponseReturnValue:
    """A new room of the school."""
    form = RoomForm.filled()
    if not form.validate():
        return _shown(school, room_form=form, status=422)
    try:
        room = places.add_room(school, name=form.name.data or "", once=form.key)
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(school, room_form=form, status=422)
    return done(f"{room.name} is added.", url_for("admin.schools_show", id=school.id))


def _new(form: SchoolForm, status: int = 200) -> Response:
    return page("admin/school_new.html", status=status, form=form)


def _shown(
    school: School, form: SchoolForm | None = None, room_form: RoomForm | None = None, status: int = 200
) -> Response:
    return page(
        "admin/school.html",
        status=status,
        school=school,
        rooms=list(db.session.scalars(Room.of_school(school.id))),
        form=form or _about(school),
        room_form=room_form or (RoomForm.filled() if request.method == "GET" else RoomForm.blank()),
    )


def _about(school: School) -> SchoolForm:
    # After a POST of another form on this page, what came with it is not about this one.
    form = SchoolForm.filled(obj=school) if request.method == "GET" else SchoolForm.blank(obj=school)
    return _with_zones(form, school)


def _with_zones(form: SchoolForm, school: School | None = None) -> SchoolForm:
    zones = [*ZONES, *([school.zone] if school and school.zone and school.zone not in ZONES else [])]
    form.zone.choices = options([("", "The district's"), *((zone, zone.replace("_", " ")) for zone in zones)])
    return form


def _written(form: SchoolForm) -> dict[str, str]:
    return {
        "name": form.name.data or "",
        "short_name": form.short_name.data or "",
        "zone": form.zone.data or "",
    }
