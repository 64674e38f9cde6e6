"""Everybody's account in a Microsoft tenant, asked page by page; or who changed since the last reading.

Microsoft Graph reference, “List users” and “user: delta”. First a bookmark (`$deltatoken=latest`), then people: so
who changes meanwhile is told again by the next reading of changes. Each address to go on at is Microsoft's own word,
and is followed to Microsoft Graph alone, for the token goes with it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.core import asking, egress
from app.core.asking import Said, rows, text
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.listing import BeginAnew, Leaf, Listed, Members
from app.core.services import ENTRA_USERS
from app.integrations.entra_users.registration import Registration

API: Final = "https://graph.microsoft.com/v1.0"
SELECT: Final = "id,givenName,surname,displayName,mail,userPrincipalName,accountEnabled,userType"
MOST: Final = "999"
#: As many ids as one `in` of a filter takes.
AT_ONCE: Final = 15
#: Pages of one group or of one application: a million people.
MOST_PAGES: Final = 1_000
MOST_GROUPS: Final = 200
GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Where to go on is not known any more: of a list, and of changes.
FORGOTTEN: Final = frozenset({"Directory_ExpiredPageToken", "syncStateNotFound", "resyncRequired"})


@dataclass
class EntraUsers:
    """One district's tenant. `groups`: ids of groups whose members matter; `app_roles`: whether who has which does."""

    registration: Registration
    groups: Sequence[str] = ()
    app_roles: bool = False
    _client: egress.Client = field(init=False, repr=False)
    _token: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(ENTRA_USERS, Accept="application/json")

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    # --- groups and app roles ------------------------------------------------------------------------------

    def members(self) -> Iterator[Members]:
        """See core/listing.py. Of a group also members of groups within it; an app role goes no deeper than one."""
        if self.app_roles:
            yield from self._with_app_roles()
        for group in self.groups:
            yield from self._of_group(group, "transitiveMembers", ("group", group))

    def _of_group(self, group: str, which: str, of: tuple[str, str]) -> Iterator[Members]:
        path = f"/groups/{_guid(group)}/{which}/microsoft.graph.user"
        for said in self._pages(path, {"$select": "id", "$top": MOST}, about=group):
            yield Members(of, [self._key(text(one, "id")) for one in rows(said, "value") if text(one, "id")])

    def _with_app_roles(self) -> Iterator[Members]:
        """Who was given an app role themselves, and whoever is in a group that was."""
        application = self._application()
        values = {text(one, "id"): text(one, "value") for one in rows(application, "appRoles")}
        path = f"/servicePrincipals/{_guid(text(application, 'id'))}/appRoleAssignedTo"
        groups: set[tuple[str, str]] = set()
        for said in self._pages(path, {"$top": MOST}, about="application"):
            for one in rows(said, "value"):
                value, who = values.get(text(one, "appRoleId")), text(one, "principalId").lower()
                if value and one.get("principalType") == "User":
                    yield Members(("app_role", value), [self._key(who)])
                elif value and one.get("principalType") == "Group":
                    groups.add((value, who))
        if len(groups) > MOST_GROUPS:
            raise Unreadable(
                f"The app roles are assigned to more than {MOST_GROUPS} groups. Assign them to fewer."
            )
        for value, group in sorted(groups):
            yield from self._of_group(group, "members", ("app_role", value))

    def _application(self) -> dict[str, Any]:
        path = f"/servicePrincipals(appId='{_guid(self.registration.client_id)}')"
        return self._asked(path, {"$select": "id,appRoles"}, about="application")

    # --- people --------------------------------------------------------------------------------------------

    def people(self, at: str) -> Leaf:
        """See core/listing.py."""
        if not at:
            said = self._asked("/users/delta", {"$select": SELECT, "$deltatoken": "latest"})
            return Leaf(then="/users", bookmark=_pinned(text(said, "@odata.deltaLink")))
        said = self._asked(at, {"$select": SELECT, "$top": MOST} if at == "/users" else {})
        return Leaf(people=[self._listed(one) for one in rows(said, "value")], then=_next(said, at))

    def changes(self, at: str) -> Leaf:
        """Of whoever changed Graph may tell no more than what did: the rest is asked for at once."""
        said = self._asked(at, {})
        gone: list[str] = []
        changed: list[str] = []
        for one in rows(said, "value"):
            (gone if "@removed" in one else changed).append(text(one, "id").lower())
        return Leaf(
            people=[self._listed(one) for some in _in_handfuls(changed) for one in self._whole(some)],
            gone=[self._key(one) for one in gone if one],
            then=_next(said, at),
            bookmark=_pinned(text(said, "@odata.deltaLink")),
        )

    def try_out(self) -> str:
        """See core/listing.py."""
        said = self._asked("/users", {"$select": "id", "$top": "1"})
        for group in self.groups:
            self._asked(f"/groups/{_guid(group)}/members", {"$select": "id", "$top": "1"}, about=group)
        if self.app_roles:
            self._application()
        found = "lets people be read" if rows(said, "value") else "shows nobody"
        return f"Microsoft answers, and {found}."

    def _whole(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        listed = ",".join(f"'{_guid(one)}'" for one in ids)
        said = self._asked("/users", {"$select": SELECT, "$filter": f"id in ({listed})", "$top": MOST})
        return rows(said, "value")

    def _key(self, number: str) -> str:
        return f"{self.registration.tenant}/{number.lower()}"

    def _listed(self, said: Mapping[str, Any]) -> Listed:
        address = (text(said, "mail") or text(said, "userPrincipalName")).lower()
        given, family = text(said, "givenName"), text(said, "surname")
        return Listed(
            key=self._key(text(said, "id")) if text(said, "id") else "",
            given_name=given,
            family_name=family or ("" if given else text(said, "displayName")),
            email="" if "#ext#" in address else address,
            active=said.get("accountEnabled") is not False,
            is_guest=said.get("userType") == "Guest",
        )

    # --- asking --------------------------------------------------------------------------------------------

    def _pages(self, path: str, params: Mapping[str, str], about: str) -> Iterator[dict[str, Any]]:
        said = self._asked(path, params, about=about)
        for _ in range(MOST_PAGES):
            yield said
            path = _next(said, path)
            if not path:
                return
            try:
                said = self._asked(path, {}, about=about)
            except BeginAnew as forgotten:
                raise NotNow("Microsoft has forgotten where a list was to go on.") from forgotten
        raise Unreadable("A group at Microsoft does not come to an end. Nothing was taken over.")

    def _asked(self, at: str, params: Mapping[str, str], *, about: str = "") -> dict[str, Any]:
        """`at`: a path of ours, or an address that Graph gave. Also raises BeginAnew."""
        is_ours = at.startswith("/")
        address = API + at if is_ours else _pinned(at)
        said = self._answer(address, params)
        if said.status == 401:
            self._token = ""  # it ran out while we read
            said = self._answer(address, params)
        if said.is_good:
            return said.body
        if not is_ours and (said.status in (400, 410) or _code(said) in FORGOTTEN):
            raise BeginAnew
        raise Unreadable(_why(said, about))

    def _answer(self, address: str, params: Mapping[str, str]) -> Said:
        if not self._token:
            self._token = self.registration.token(self._client)
        headers = {"Authorization": f"Bearer {self._token}"}
        return asking.ask(self._client, "Microsoft", "GET", address, params=params or None, headers=headers)


def _in_handfuls(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def _next(said: Mapping[str, Any], at: str) -> str:
    then = _pinned(text(said, "@odata.nextLink"))
    if then and then == at:
        raise NotNow("Microsoft leads back to the page that it was just asked for.")
    return then


def _pinned(address: str) -> str:
    """The same, if it leads to Graph."""
    if address and not address.startswith(f"{API}/"):
        raise Unreadable(
            "Microsoft’s answer leads to another address than Microsoft Graph. It was not followed."
        )
    return address


def _guid(said: str) -> str:
    if not GUID.fullmatch(said.lower()):
        raise Unreadable(f"“{said[:60]}” is no object ID. Copy it from the Entra admin center.")
    return said.lower()


def _code(said: Said) -> str:
    error = said.body.get("error")
    return text(error, "code") if isinstance(error, dict) else ""


def _why(said: Said, about: str) -> str:
    if said.status == 403:
        needed = {"": "User.Read.All", "application": "Application.Read.All"}.get(
            about, "GroupMember.Read.All"
        )
        return (
            "The application may not read this. In the Entra admin center, give it the application permission "
            f"{needed}, and grant admin consent."
        )
    if said.status == 404 and about == "application":
        return "Microsoft knows no enterprise application of this ID in the tenant. Check the application ID."
    if said.status == 404 and about:
        return f"Microsoft knows no group {about}. Correct it among the groups, or take it out."
    if said.status == 401:
        return "Microsoft does not accept the token that it gave. Check the app registration."
    return f"Microsoft answered with error {said.status}. Nothing was taken over."
