"""Schools, staff and students from Groupcall Xporter on Demand, school by school.

Not verified with the vendor: what is known of it are the clients that others published (TeamSatchel/xod_client,
cpoms/xporter_on_demand) and the answers that they recorded. An error may come with status 200, a token may end between
two pages, and a list says itself how many pages it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.core import asking, clock, egress
from app.core.asking import Said, rows, text
from app.core.by_school import EMPTY, MOVED, BySchool, Leaf, NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import FAMILIES, YES, NotNow, Settings
from app.core.services import GROUPCALL
from app.integrations.groupcall import people

NAME: Final = "Xporter"
API: Final = "https://xporter.groupcall.com/api/v1"
TOKEN: Final = "https://login.groupcall.com/idaas/sts/STS/GetToken"  # noqa: S105 - where tokens are given
THIRD_PARTY: Final = "XporterOnDemand"
MOST: Final = 100
LARGEST_ANSWER: Final = 25 * 1024 * 1024
LONGEST_ANSWER: Final = 60.0
#: A token that ends so soon is not begun with.
SPARE: Final = timedelta(minutes=1)

SCHOOL: Final = "SchoolInfo"
STAFF: Final = "Staff"
STUDENTS: Final = "Students"
#: Who of them is asked for.
STATUS: Final = {STAFF: {"staffStatus": "Current"}, STUDENTS: {"studentStatus": "OnRoll"}}


def secrets_of(pasted: str, schools: Sequence[NamedSchool]) -> dict[str, str]:
    """The secret of each school: one line for all, or a line each, with its number before it. Raises ValueError."""
    lines = [line.split() for line in pasted.splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) == 1:
        return {school.id: lines[0][0] for school in schools}
    if any(len(line) != 2 for line in lines):
        raise ValueError(
            "Paste one secret for all schools, or a line a school: its number, a space, and its secret."
        )
    told = dict(lines)
    missing = [school.id for school in schools if school.id not in told]
    if missing:
        raise ValueError(f"The secret of {missing[0]} is missing. Paste those of all schools again.")
    return told


class GroupcallConnector:
    """See core/fetching.py. Settings: relying_party, schools."""

    service = GROUPCALL

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        needed = {"relying_party": "the relying party", "schools": "the schools"}
        return " and ".join(words for name, words in needed.items() if not settings.get(name))

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry knows them."""
        return ()

    def opened(self, settings: Settings, secret: str, *, today: date) -> BySchool:
        """Ready to be asked. Raises Unreadable where the secret of a school is missing."""
        schools = schools_named(settings["schools"])
        try:
            secrets = secrets_of(secret, schools)
        except ValueError as error:
            raise Unreadable(str(error)) from error
        families = settings.get(FAMILIES) == YES
        return BySchool(Xporter(settings["relying_party"], secrets, schools, families), staff=STAFF)


@dataclass
class Xporter:
    """One district's schools, while they are asked (core/by_school.py)."""

    relying_party: str
    secrets: Mapping[str, str] = field(repr=False)
    schools: Sequence[NamedSchool]
    families: bool = False
    #: None: it may not say yet what changed.
    changes: Sequence[str] = ()
    _client: egress.Client = field(init=False, repr=False)
    #: By school: its token, and until when it is good.
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            GROUPCALL, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    @property
    def lists(self) -> Sequence[str]:
        """See core/by_school.py."""
        return (SCHOOL, STAFF, *([STUDENTS] if self.families else []))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def leaf(self, school: NamedSchool, what: str, at: str, *, line: int, since: str) -> Leaf:
        """See core/by_school.py. `at`: the page, how many records came before it, and how many there are."""
        if what == SCHOOL:
            return Leaf(items=[people.school_of(school, self._school(school), line + 1)], records=1)
        page, before, told_first = map(int, at.split()) if at else (1, 0, -1)
        asked = {"page": str(page), "pageSize": str(MOST), "select": ",".join(people.FIELDS[what])}
        body = self._asked(school, what, {**asked, **STATUS[what]})
        records, pages = rows(body, what), _pagination(body)
        if pages.get("PageNumber") != page:
            raise Unreadable(
                f"{NAME} gave another page of {what} than was asked for. Nothing was taken over."
            )
        read = people.staff_of if what == STAFF else people.student_of
        items = [one for nth, record in enumerate(records, line + 1) for one in read(school, record, nth)]
        received, there = before + len(body[what]), pages.get("RowCount", -1)
        is_last = page >= pages["PageCount"]
        if is_last and received < there:
            raise Unreadable(
                f"{NAME} said that there are {there:,} {what}, and gave {received:,}. Nothing was taken over, and "
                "nobody was removed."
            )
        doubt = MOVED if told_first not in (-1, there) else EMPTY if what == STUDENTS and not received else ""
        return Leaf(
            items=items,
            records=len(body[what]),
            then="" if is_last else f"{page + 1} {received} {there}",
            first=people.key_of(school, records[0]) if records else "",
            doubt=doubt,
        )

    def try_out(self) -> str:
        """See core/fetching.py."""
        for school in self.schools:
            self._school(school)
            for what in self.lists[1:]:
                asked = {"page": "1", "pageSize": "1", "select": ",".join(people.FIELDS[what])}
                if not rows(self._asked(school, what, {**asked, **STATUS[what]}), what):
                    called = school.name or school.id
                    raise Unreadable(f"{NAME} answers, but shows no {what.lower()} of {called}.")
        told, count = " and ".join(self.lists[1:]).lower(), len(self.schools)
        return (
            f"{NAME} answers, and lets {told} be read of {f'{count} schools' if count > 1 else 'the school'}."
        )

    # --- asking --------------------------------------------------------------------------------------------

    def _school(self, school: NamedSchool) -> Mapping[str, Any]:
        found = rows(self._asked(school, SCHOOL, {}), SCHOOL)
        if not found:
            raise Unreadable(
                f"{NAME} shows nothing of the school {school.id}. Look whether it has authorised this."
            )
        return found[0]

    def _asked(self, school: NamedSchool, what: str, params: Mapping[str, str]) -> dict[str, Any]:
        said = self._answer(school, what, params)
        if said.status == 401:
            self._tokens.pop(school.id, None)  # it ran out while we read
            said = self._answer(school, what, params)
        if not said.is_good:
            raise Unreadable(_why(said, school, what))
        if not isinstance(said.body.get(what), list):
            if _is_error(said.body):
                raise NotNow(f"{NAME} answers with an error just now.")
            raise Unreadable(
                f"{NAME} answered with something that is no list of {what}. Nothing was taken over."
            )
        return said.body

    def _answer(self, school: NamedSchool, what: str, params: Mapping[str, str]) -> Said:
        headers = {"Authorization": f"Idaas {self._token(school)}"}
        address = f"{API}/School/{school.id}/{what}/"
        return asking.ask(self._client, NAME, "GET", address, params=params or None, headers=headers)

    def _token(self, school: NamedSchool) -> str:
        token, until = self._tokens.get(school.id, ("", datetime.min.replace(tzinfo=UTC)))
        if token and clock.now() + SPARE < until:
            return token
        document = {
            "estab": school.id,
            "relyingParty": self.relying_party,
            "password": self.secrets[school.id],
            "thirdPartyId": THIRD_PARTY,
        }
        said = asking.ask(self._client, NAME, "POST", TOKEN, document=document)
        token = text(said.body, "token")
        if not said.is_good or not token or not token.isascii():
            raise Unreadable(
                f"{NAME} gave no token for the school {school.id}. Check the relying party, the number of the school "
                "and its secret, and whether the school has authorised this."
            )
        self._tokens[school.id] = (token, _until(text(said.body, "expires")))
        return token


def _until(said: str) -> datetime:
    """ISO 8601, with more digits of a second than Python reads; where nothing is said, a while."""
    try:
        return datetime.fromisoformat(said[:19]).replace(tzinfo=UTC)
    except ValueError:
        return clock.now() + timedelta(minutes=10)


def _pagination(body: Mapping[str, Any]) -> dict[str, int]:
    """How many pages there are. Without that nobody knows where a list ends. Raises Unreadable."""
    found = next((rows(body, name) for name in body if name.lower() == "__pagination__"), [])
    told = {name: value for name, value in (found[0] if found else {}).items() if isinstance(value, int)}
    if not {"PageNumber", "PageCount"} <= told.keys():
        raise Unreadable(f"{NAME} does not say how many pages a list has, so its end is not known.")
    return told


def _is_error(body: Mapping[str, Any]) -> bool:
    return any(name in body for name in ("ExceptionMessage", "ExceptionType", "Message"))


def _why(said: Said, school: NamedSchool, what: str) -> str:
    if said.status == 401:
        return f"{NAME} does not accept the token that it gave for the school {school.id}. Check its secret."
    if said.status == 403:
        return f"The school {school.id} has not authorised {what} to be read. Ask it for that scope at Groupcall."
    if said.status == 404:
        return f"{NAME} knows no school {school.id}. Check its number: local authority and establishment, 7 digits."
    return f"{NAME} answered with error {said.status}. Nothing was taken over."
