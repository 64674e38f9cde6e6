"""The directories of accounts as sources of the roster: what an admin fills in becomes somewhere to ask."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.listing import Directory
from app.core.services import ENTRA_USERS as ENTRA_USERS_SERVICE
from app.core.services import GOOGLE_DIRECTORY as GOOGLE_DIRECTORY_SERVICE
from app.integrations.entra_users.client import EntraUsers
from app.integrations.entra_users.registration import Registration
from app.integrations.google_directory.client import GoogleDirectory
from app.integrations.google_directory.service_account import SCOPE, NotAKey, ServiceAccount
from app.roster.actions.placing import Group, Placing
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY


@dataclass(frozen=True, kw_only=True)
class DirectoryConnector:
    """See core/fetching.py. The groups are the district's, as they stand when a worker goes on."""

    kind: str
    service: str
    #: What must be filled in, by the name of the field.
    needed: Mapping[str, str]
    made: Callable[[Settings, str, Sequence[Group]], Directory]
    #: What to ask for changes with where no bookmark is ever given: Google tells who left, whenever that was.
    always_since: str = ""

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        return " and ".join(words for name, words in self.needed.items() if not settings.get(name))

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry knows them."""
        return ()

    def opened(self, settings: Settings, secret: str, *, today: date) -> Placing:
        """Ready to be asked. Raises Unreadable for a secret that is none."""
        groups = [
            Group(
                id=str(one.id),
                what=one.what,
                name=one.name,
                takes_in=one.takes_in,
                school_key=str(one.school_id or ""),
            )
            for one in DirectoryGroup.of_kind(self.kind)
        ]
        return Placing(self.made(settings, secret, groups), groups)


def to_allow(kind: str, secret: str | None) -> list[tuple[str, str]]:
    """What an admin allows at the directory for the groups that there are: words, and what to copy."""
    whats = {one.what for one in DirectoryGroup.of_kind(kind)}
    if kind == GOOGLE_DIRECTORY:
        scopes = [SCOPE.format(what) for what in ("user", *(["group"] if "group" in whats else []))]
        told = [("Scopes of domain-wide delegation", ", ".join(scopes))]
        with suppress(NotAKey):
            told.insert(
                0, ("Client ID of the service account", ServiceAccount.of_file(secret or "").client_id)
            )
        return told
    if kind == ENTRA_USERS:
        needed = ["User.Read.All"]
        needed += ["GroupMember.Read.All"] if whats & {"group", "app_role"} else []
        needed += ["Application.Read.All"] if "app_role" in whats else []
        return [("Application permissions of Microsoft Graph", ", ".join(needed))]
    return []


def _google(settings: Settings, secret: str, groups: Sequence[Group]) -> Directory:
    try:
        account = ServiceAccount.of_file(secret)
    except NotAKey as error:
        raise Unreadable(str(error)) from error
    return GoogleDirectory(account, settings["admin"], _named(groups, "group"))


def _entra(settings: Settings, secret: str, groups: Sequence[Group]) -> Directory:
    shown = {"certificate": secret} if secret.startswith("-----BEGIN") else {"secret": secret}
    registration = Registration(
        tenant=settings["tenant"].lower(), client_id=settings["client_id"].lower(), **shown
    )
    has_app_roles = bool(_named(groups, "app_role"))
    return EntraUsers(registration, _named(groups, "group"), app_roles=has_app_roles)


def _named(groups: Sequence[Group], what: str) -> list[str]:
    return [group.name for group in groups if group.what == what]


GOOGLE: Final = DirectoryConnector(
    kind=GOOGLE_DIRECTORY,
    service=GOOGLE_DIRECTORY_SERVICE,
    needed={"admin": "the admin in whose name it is read"},
    made=_google,
    always_since="suspended",
)
ENTRA: Final = DirectoryConnector(
    kind=ENTRA_USERS,
    service=ENTRA_USERS_SERVICE,
    needed={"tenant": "the tenant ID", "client_id": "the application ID"},
    made=_entra,
)
