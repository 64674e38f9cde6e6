"""Everybody's account in a Google Workspace, asked page by page: members of groups, people, and who was deleted.

Admin SDK reference, Directory API, users.list. Only the fields that are named leave
Google. A page token holds three days; the answer to an old one is a 400, and then all begins anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote

from app.core import asking, egress
from app.core.asking import Said, rows, text
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.listing import BeginAnew, Leaf, Listed, Members
from app.core.services import GOOGLE_DIRECTORY
from app.integrations.google_directory.service_account import SCOPE, ServiceAccount

API: Final = "https://admin.googleapis.com/admin/directory/v1"
MOST_USERS: Final = "500"
MOST_MEMBERS: Final = "200"
#: Pages of one group: a million people.
MOST_PAGES: Final = 5_000
USER: Final = "id,primaryEmail,name(givenName,familyName),suspended,archived,orgUnitPath,isGuestUser"

#: The lists that are asked, one after another, and what makes each of them. Who was deleted stays in the last one for
#: 20 days. Of those who are suspended the first tells as well: the others alone tell who left, in two questions.
LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    "users": {"orderBy": "email", "fields": f"nextPageToken,users({USER})"},
    "suspended": {"query": "isSuspended=true", "fields": f"nextPageToken,users({USER})"},
    "deleted": {"showDeleted": "true", "fields": "nextPageToken,users(id)"},
}
ALL: Final = ("users", "deleted")
CHANGES: Final = ("suspended", "deleted")

#: Reasons with which a 403 says no more than "slower" (Directory API, “Limits and quotas”).
SLOWER: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
)


@dataclass
class GoogleDirectory:
    """One district's. `groups`: addresses of groups whose members are to be known."""

    account: ServiceAccount
    #: In whose name it is read.
    admin: str
    groups: Sequence[str] = ()
    _client: egress.Client = field(init=False, repr=False)
    _token: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(GOOGLE_DIRECTORY, Accept="application/json")

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the admin must allow: to read people, and groups where any matter."""
        return tuple(SCOPE.format(what) for what in (["user", "group"] if self.groups else ["user"]))

    def members(self) -> Iterator[Members]:
        """Of each group, and of groups within it. See core/listing.py."""
        for group in self.groups:
            at = ""
            for _ in range(MOST_PAGES):
                try:
                    said = self._members(group, MOST_MEMBERS, at)
                except BeginAnew as forgotten:
                    raise NotNow("Google has forgotten where a group was to go on.") from forgotten
                keys = [text(one, "id") for one in rows(said, "members") if one.get("type", "USER") == "USER"]
                yield Members(("group", group), [key for key in keys if key])
                then = text(said, "nextPageToken")
                if not then:
                    break
                at = _other(then, at)
            else:
                raise Unreadable(f"The group {group} does not come to an end. Nothing was taken over.")

    def people(self, at: str) -> Leaf:
        """See core/listing.py."""
        return self._leaf(ALL, at)

    def changes(self, at: str) -> Leaf:
        """Whoever is suspended or deleted: Google has no list of changes, but these two are short."""
        return self._leaf(CHANGES, at)

    def try_out(self) -> str:
        """See core/listing.py."""
        said = self._asked("/users", {"customer": "my_customer", "maxResults": "1", "fields": "users(id)"})
        for group in self.groups:
            self._members(group, "1", "")
        found = "lets people be read" if rows(said, "users") else "shows nobody"
        return f"Google answers, and {found}."

    def _leaf(self, lists: Sequence[str], at: str) -> Leaf:
        name, _, token = at.partition(" ")
        name = name if name in lists else lists[0]
        said = self._asked(
            "/users", {"customer": "my_customer", "maxResults": MOST_USERS, **LISTS[name]}, token
        )
        then = text(said, "nextPageToken")
        next_list = dict(pairwise(lists)).get(name, "")
        then = f"{name} {_other(then, token)}" if then else next_list
        if name == "deleted":
            return Leaf(gone=[text(one, "id") for one in rows(said, "users") if text(one, "id")], then=then)
        return Leaf(people=[_listed(one) for one in rows(said, "users")], then=then)

    def _members(self, group: str, most: str, at: str) -> dict[str, Any]:
        params = {
            "maxResults": most,
            "includeDerivedMembership": "true",
            "fields": "nextPageToken,members(id,type)",
        }
        return self._asked(f"/groups/{quote(group, safe='')}/members", params, at, about=group)

    def _asked(self, path: str, params: Mapping[str, str], at: str = "", about: str = "") -> dict[str, Any]:
        asked = {**params, "pageToken": at} if at else dict(params)
        said = self._answer(path, asked)
        if said.status == 401:
            self._token = ""  # it ran out while we read
            said = self._answer(path, asked)
        if said.is_good:
            return said.body
        if at and said.status == 400:
            raise BeginAnew
        raise Unreadable(_why(said, self.admin, about))

    def _answer(self, path: str, params: Mapping[str, str]) -> Said:
        if not self._token:
            self._token = self.account.token(self._client, self.admin, self.scopes)
        headers = {"Authorization": f"Bearer {self._token}"}
        return asking.ask(
            self._client, "Google", "GET", API + path, params=params, headers=headers, passes=_asks_for_less
        )


def _other(then: str, at: str) -> str:
    if then == at:
        raise NotNow("Google leads back to the page that it was just asked for.")
    return then


def _listed(said: Mapping[str, Any]) -> Listed:
    name = said.get("name")
    name = name if isinstance(name, dict) else {}
    return Listed(
        key=text(said, "id"),
        given_name=text(name, "givenName"),
        family_name=text(name, "familyName"),
        email=text(said, "primaryEmail").lower(),
        path=text(said, "orgUnitPath"),
        active=said.get("suspended") is not True and said.get("archived") is not True,
        is_guest=said.get("isGuestUser") is True,
    )


def _reasons(said: Said) -> set[str]:
    error = said.body.get("error")
    return {text(one, "reason") for one in rows(error, "errors")} if isinstance(error, dict) else set()


def _asks_for_less(said: Said) -> bool:
    return said.status == 403 and bool(_reasons(said) & SLOWER)


def _why(said: Said, admin: str, group: str) -> str:
    if "accessNotConfigured" in _reasons(said):
        return (
            "The Admin SDK is not turned on in the Google Cloud project of the service account. Turn it on there under "
            "APIs & Services, and try again in some minutes."
        )
    if said.status == 404 and group:
        return f"Google knows no group {group}. Correct it among the groups, or take it out."
    if said.status == 403 and group:
        return f"{admin} may not see the members of {group}. Name an admin who may read groups."
    if said.status == 403:
        return f"{admin} may not read the list of people at Google. Name an admin who may read users."
    if said.status == 401:
        return "Google does not accept the token that it gave. Make a new key for the service account."
    return f"Google answered with error {said.status}. Nothing was taken over."
