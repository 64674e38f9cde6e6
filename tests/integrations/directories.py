"""Google Directory and Microsoft Graph, turned on at Maple and asked directly."""

from collections.abc import Sequence
from typing import Any

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.listing import Directory, Leaf
from app.core.services import ENTRA_USERS, GOOGLE_DIRECTORY, turn
from app.integrations.entra_users.client import EntraUsers
from app.integrations.entra_users.registration import Registration
from app.integrations.google_directory.client import GoogleDirectory
from app.integrations.google_directory.service_account import ServiceAccount
from tests.directory_people import ADMIN, APPLICATION, SECRET, TENANT, key_file


def turn_on() -> None:
    for key in (GOOGLE_DIRECTORY, ENTRA_USERS):
        turn(key, True, by=SYSTEM)
    db.session.commit()


_opened: list[GoogleDirectory | EntraUsers] = []


def google(groups: Sequence[str] = (), *, admin: str = ADMIN, **file: Any) -> GoogleDirectory:
    made = GoogleDirectory(ServiceAccount.of_file(key_file(**file)), admin, groups)
    _opened.append(made)
    return made


def entra(groups: Sequence[str] = (), **said: Any) -> EntraUsers:
    app_roles = said.pop("app_roles", False)
    told = {"tenant": TENANT, "client_id": APPLICATION, "secret": SECRET, **said}
    made = EntraUsers(Registration(**told), groups, app_roles=app_roles)
    _opened.append(made)
    return made


def close() -> None:
    while _opened:
        _opened.pop().close()


def leaves(directory: Directory) -> list[Leaf]:
    found = [directory.people("")]
    while found[-1].then:
        found.append(directory.people(found[-1].then))
    return found
