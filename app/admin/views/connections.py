"""Sources of the roster that are asked: filled in, tried out and asked now, on the page of their service."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.connections import (
    ConnectionForm,
    EntraUsersForm,
    GoogleDirectoryForm,
    GroupcallForm,
    OneRosterForm,
    WondeForm,
)
from app.admin.permissions import RULES, May
from app.admin.views import asked
from app.core.room import Doors
from app.core.services import ENTRA_USERS, GOOGLE_DIRECTORY, GROUPCALL, ONEROSTER, WONDE
from app.roster.actions import connecting
from app.roster.actions.connectors import kind_of_service
from app.web.guard import allow, me

doors = Doors()


@doors.post("/admin/services/oneroster/connection")
@allow(May.KEEP_SWITCHES, RULES, paper=OneRosterForm)
def change_oneroster() -> ResponseReturnValue:
    """How the district's OneRoster server is reached."""
    return _change(ONEROSTER, OneRosterForm.filled())


@doors.post("/admin/services/google_directory/connection")
@allow(May.KEEP_SWITCHES, RULES, paper=GoogleDirectoryForm)
def change_google_directory() -> ResponseReturnValue:
    """How the district's Google Workspace is read."""
    return _change(GOOGLE_DIRECTORY, GoogleDirectoryForm.filled())


@doors.post("/admin/services/entra_users/connection")
@allow(May.KEEP_SWITCHES, RULES, paper=EntraUsersForm)
def change_entra_users() -> ResponseReturnValue:
    """How the district's Microsoft tenant is read."""
    return _change(ENTRA_USERS, EntraUsersForm.filled())


@doors.post("/admin/services/wonde/connection")
@allow(May.KEEP_SWITCHES, RULES, paper=WondeForm)
def change_wonde() -> ResponseReturnValue:
    """How the district's schools are read at Wonde."""
    return _change(WONDE, WondeForm.filled())


@doors.post("/admin/services/groupcall/connection")
@allow(May.KEEP_SWITCHES, RULES, paper=GroupcallForm)
def change_groupcall() -> ResponseReturnValue:
    """How the district's schools are read at Groupcall Xporter."""
    return _change(GROUPCALL, GroupcallForm.filled())


@doors.post("/admin/services/<key>/connection/trial")
@allow(May.KEEP_SWITCHES, RULES)
def try_out(key: str) -> ResponseReturnValue:
    """Ask the source for as little as shows that it works."""
    return asked.tried_out(key, lambda: connecting.try_out(_kind(key)))


@doors.post("/admin/services/<key>/connection/sync")
@allow(May.IMPORT_PEOPLE, RULES)
def sync(key: str) -> ResponseReturnValue:
    """Ask it for everybody, now."""
    return asked.begun(key, lambda: url_for("admin.imports_show", id=connecting.sync(_kind(key), by=me()).id))


def _change(key: str, form: ConnectionForm) -> ResponseReturnValue:
    return asked.kept(
        key, form, lambda: connecting.change(_kind(key), form.particulars(), by=me()), "connection"
    )


def _kind(key: str) -> str:
    return asked.kind_of(key, kind_of_service)
