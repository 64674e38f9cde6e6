"""What the groups, units and app roles of a directory mean here: staff or not, at which school, with which role."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.admin.actions import directory_groups
from app.admin.forms.people import ROLES, DirectoryGroupForm
from app.admin.permissions import RULES, May
from app.admin.views.services import ours
from app.core.actor import Role
from app.core.db import db
from app.core.room import Doors
from app.roster.actions import grouping
from app.roster.actions.refused import Refused
from app.roster.models.directory_group import WHATS, DirectoryGroup
from app.roster.models.school import School
from app.web.fields import options
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

#: Names that a second look shows; of more it tells how many.
MOST_NAMES = 50


@doors.get("/admin/services/<key>/groups")
@allow(May.KEEP_ROLES_OF_GROUPS, RULES)
def index(key: str) -> ResponseReturnValue:
    """All of a directory's, and a form for one more."""
    return _listed(_kind(key), _places(DirectoryGroupForm.filled(), _kind(key)))


@doors.post("/admin/services/<key>/groups")
@allow(May.KEEP_ROLES_OF_GROUPS, RULES, paper=DirectoryGroupForm)
def create(key: str) -> ResponseReturnValue:
    """One more, from the next sync on. A role that opens more than tickets is looked at twice first."""
    kind = _kind(key)
    form = _places(DirectoryGroupForm.filled(), kind)
    if not form.validate():
        return _listed(kind, form, 422)
    try:
        group = grouping.add(kind, form.meaning())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _listed(kind, form, 422)
    if group.needs_a_second_look:
        return done(
            "Saved. Look at it once more before it counts.",
            url_for("admin.directory_groups_second_look", id=group.id),
        )
    return done("Saved. It counts from the next sync on.", url_for("admin.directory_groups_index", key=key))


@doors.get("/admin/directory-groups/<uuid:id>/second-look")
@allow(May.KEEP_ROLES_OF_GROUPS, RULES, of=DirectoryGroup, confirmed=True)
def second_look(group: DirectoryGroup) -> ResponseReturnValue:
    """Who would have a role that opens much, before anybody has it."""
    names = directory_groups.who_is_in(group)
    return page(
        "admin/directory_group.html",
        group=group,
        role=_role(group),
        names=names[:MOST_NAMES],
        more=len(names) - MOST_NAMES,
        whats=WHATS,
        key=group.source.kind,
    )


@doors.post("/admin/directory-groups/<uuid:id>/second-look")
@allow(May.KEEP_ROLES_OF_GROUPS, RULES, of=DirectoryGroup, confirmed=True)
def confirm(group: DirectoryGroup) -> ResponseReturnValue:
    """Yes: whoever is in it has the role from now on."""
    here = url_for("admin.directory_groups_index", key=group.source.kind)
    try:
        directory_groups.confirm(group, by=me())
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, here, tone="bad")
    return done(f"Confirmed: {group.title} gives the role from now on.", here)


@doors.post("/admin/directory-groups/<uuid:id>/removal")
@allow(May.KEEP_ROLES_OF_GROUPS, RULES, of=DirectoryGroup)
def remove(group: DirectoryGroup) -> ResponseReturnValue:
    """It means nothing any more; the roles that came with it go."""
    title, kind = group.title, group.source.kind
    directory_groups.remove(group)
    return done(
        f"{title} means nothing here any more. Roles that came with it are taken away.",
        url_for("admin.directory_groups_index", key=kind),
    )


def _kind(key: str) -> str:
    """The kind of source is called as its service is."""
    kind = ours(key).key
    return kind if kind in grouping.HAS else abort(404)


def _listed(kind: str, form: DirectoryGroupForm, status: int = 200) -> Response:
    groups = DirectoryGroup.of_kind(kind)
    return page(
        "admin/directory_groups.html",
        status=status,
        service=ours(kind),
        groups=[(group, _role(group)) for group in groups],
        waiting=[group for group in groups if not group.is_in_force],
        nobody=not any(group.takes_in for group in groups),
        form=form,
        whats=WHATS,
    )


def _role(group: DirectoryGroup) -> str:
    return ROLES[Role(group.role)].partition(":")[0] if group.role else ""


def _places(form: DirectoryGroupForm, kind: str) -> DirectoryGroupForm:
    form.what.choices = options([(what, WHATS[what]) for what in grouping.HAS[kind]])
    schools = db.session.scalars(School.in_use())
    form.school.choices = options(
        [("", "As the directory or an admin says"), *((str(school.id), school.name) for school in schools)]
    )
    return form
