"""One room of a school."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.places import RoomChangeForm
from app.admin.permissions import RULES, May
from app.core.room import Doors
from app.roster.actions import places
from app.roster.actions.refused import Refused
from app.roster.models.room import Room
from app.web.guard import allow
from app.web.page import done, page

doors = Doors()


@doors.get("/admin/rooms/<uuid:id>")
@allow(May.KEEP_PLACES, RULES, of=Room)
def show(room: Room) -> ResponseReturnValue:
    """Its name, and whether people can choose it."""
    return _shown(room, RoomChangeForm.filled(obj=room))


@doors.post("/admin/rooms/<uuid:id>")
@allow(May.KEEP_PLACES, RULES, of=Room, paper=RoomChangeForm)
def change(room: Room) -> ResponseReturnValue:
    """Another name, or no longer in use."""
    form = RoomChangeForm.filled()
    if not form.validate():
        return _shown(room, form, 422)
    try:
        places.change_room(room, name=form.name.data or "", active=bool(form.active.data))
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(room, form, 422)
    return done(f"{room.name} is changed.", url_for("admin.schools_show", id=room.school_id))


def _shown(room: Room, form: RoomChangeForm, status: int = 200) -> Response:
    return page("admin/room.html", status=status, room=room, form=form)
