"""Schools, staff, students and their contacts from Wonde, school by school. Facts: docs.wonde.com, API 1.0.

Wonde's `next` is a whole address, and the token would go wherever it leads: so nothing is followed, and of an address
that leads to the same list its cursor alone is taken. A school is kept in one region; another region knows nothing of
it, or answers with nothing at all (core/by_school.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from app.core import asking, egress
from app.core.asking import Said, rows, text
from app.core.by_school import EMPTY, BySchool, Leaf, NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import FAMILIES, YES, Settings
from app.core.services import WONDE
from app.integrations.wonde import people

API: Final = "https://{host}/v1.0"
#: By the word of the form: the host that keeps a region, and how it is called.
REGIONS: Final = {
    "uk": ("api.wonde.com", "United Kingdom and Europe"),
    "au": ("api-ap-southeast-2.wonde.com", "Australia and New Zealand"),
    "za": ("api-af-south-1.wonde.com", "South Africa"),
}
#: Records of one page.
MOST: Final = "100"
#: Days back that a whole reading asks who was deleted.
DELETED_SINCE: Final = 14
LARGEST_ANSWER: Final = 25 * 1024 * 1024
LONGEST_ANSWER: Final = 60.0

STAFF: Final = "employees"
STUDENTS: Final = "students"
DELETIONS: Final = "deletions"
#: What comes with each list. The second is asked for where the first is refused: whether somebody is still employed is
#: a right of its own.
INCLUDES: Final[Mapping[str, Sequence[str]]] = {
    STAFF: ("contact_details,employment_details", "contact_details"),
    STUDENTS: ("year,contacts,contacts.contact_details",),
}
#: The right to ask for at Wonde, as its permissions are called there.
RIGHTS: Final = {
    STAFF: "employees and their contact details",
    STUDENTS: "students, their year, their contacts and the contact details of contacts",
}


class WondeConnector:
    """See core/fetching.py. Settings: region, schools."""

    service = WONDE

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        needed = {"the region": settings.get("region") in REGIONS, "the schools": settings.get("schools")}
        return " and ".join(what for what, value in needed.items() if not value)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry knows them."""
        return ()

    def opened(self, settings: Settings, secret: str, *, today: date) -> BySchool:
        """Ready to be asked."""
        host, _ = REGIONS[settings["region"]]
        schools = schools_named(settings["schools"])
        return BySchool(Wonde(host, secret, schools, today, settings.get(FAMILIES) == YES), staff=STAFF)


@dataclass
class Wonde:
    """One region, while it is asked (core/by_school.py)."""

    host: str
    token: str = field(repr=False)
    schools: Sequence[NamedSchool]
    today: date
    families: bool = False
    _client: egress.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            WONDE, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    @property
    def lists(self) -> Sequence[str]:
        """Deletions come last: whoever was taken back since is in a list before it, and the first word counts."""
        return ("school", STAFF, *([STUDENTS] if self.families else []), DELETIONS)

    @property
    def changes(self) -> Sequence[str]:
        """Of students and families the nights alone tell: a contact's new number is no change of the student."""
        return ("school", STAFF, DELETIONS)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def leaf(self, school: NamedSchool, what: str, at: str, *, line: int, since: str) -> Leaf:
        """See core/by_school.py."""
        if what == "school":
            said = self._school(school)
            return Leaf(items=[people.school_of(school, text(said, "name"), line + 1)], records=1)
        if what == DELETIONS:
            return self._deletions(school, at, line, since)
        params = {"updated_after": since} if since else {}
        body = self._asked(school, what, at, params)
        records = rows(body, "data")
        people.refuse_if_short_of_rights(what, records, RIGHTS[what])
        read = people.staff_of if what == STAFF else people.student_of
        items = [one for nth, record in enumerate(records, line + 1) for one in read(school, record, nth)]
        return self._leaf(school, what, at, body, items)

    def try_out(self) -> str:
        """See core/fetching.py."""
        names = []
        for school in self.schools:
            told = text(self._school(school), "name")
            names.append(school.name or told or school.id)
            for what, called in self._people.items():
                records = rows(self._asked(school, what, "", {"per_page": "1"}), "data")
                people.refuse_if_short_of_rights(what, records, RIGHTS[what])
                if not records:
                    raise Unreadable(f"Wonde answers, but shows no {called} of {names[-1]}.")
        return f"Wonde answers, and lets {_and([*self._people.values()])} be read of {_and(names)}."

    @property
    def _people(self) -> Mapping[str, str]:
        return {STAFF: "staff", **({STUDENTS: "students"} if self.families else {})}

    # --- asking --------------------------------------------------------------------------------------------

    def _school(self, school: NamedSchool) -> Mapping[str, Any]:
        """What Wonde says of it, if it is kept in this region and lets itself be read."""
        said = self._answer(f"schools/{school.id}", {})
        if said.status in (403, 404):
            raise Unreadable(self._no_school(school))
        _refuse_unless_good(said, "")
        record = people.within(said.body, "data")
        if not isinstance(record, dict) or text(record, "id") != school.id:
            raise Unreadable(
                f"Wonde shows nothing of the school {school.id} in this region. Choose where it is kept."
            )
        region = record.get("region")
        domain = text(region, "domain").lower() if isinstance(region, dict) else ""
        if domain and domain != self.host:
            called = next((name for host, name in REGIONS.values() if host == domain), "another region")
            raise Unreadable(
                f"Wonde keeps the school {school.id} in another region ({called}). Choose that one: a connection asks "
                "one region."
            )
        return record

    def _no_school(self, school: NamedSchool) -> str:
        pending = self._answer("schools/pending", {"per_page": "200"})
        if any(text(one, "id") == school.id for one in rows(pending.body, "data")):
            return f"The school {school.id} has not yet approved the access that was asked for. It does so at Wonde."
        return (
            f"Wonde does not let the school {school.id} be read: its id is another one, or it took back its approval. "
            "Look at Wonde under the schools of your application."
        )

    def _asked(self, school: NamedSchool, what: str, at: str, params: Mapping[str, str]) -> dict[str, Any]:
        """A page of that list, as good as it is granted."""
        said = None
        for include in INCLUDES[what]:
            asked = {"per_page": MOST, "include": include, **params, **_cursor(at)}
            said = self._answer(f"schools/{school.id}/{what}", asked)
            if said.status not in (403, 422):
                break
        assert said is not None
        _refuse_unless_good(said, RIGHTS[what])
        return _with_records(said.body, what)

    def _deletions(self, school: NamedSchool, at: str, line: int, since: str) -> Leaf:
        """Whoever was deleted lately. A token without that right does without: then two absences tell."""
        after = since or f"{self.today - timedelta(days=DELETED_SINCE)} 00:00:00"
        asked = {"per_page": MOST, "updated_after": after, **_cursor(at)}
        said = self._answer(f"schools/{school.id}/{DELETIONS}", asked)
        if said.status in (403, 404, 422):
            return Leaf(items=[], records=0)
        _refuse_unless_good(said, "")
        body = _with_records(said.body, DELETIONS)
        items = [
            gone
            for nth, one in enumerate(rows(body, "data"), line + 1)
            if (gone := people.gone_of(one, nth, families=self.families)) is not None
        ]
        return self._leaf(school, DELETIONS, at, body, items)

    def _leaf(self, school: NamedSchool, what: str, at: str, body: Mapping[str, Any], items: Any) -> Leaf:
        records = rows(body, "data")
        return Leaf(
            items=items,
            records=len(body["data"]),
            then=self._then(school, what, body),
            first=text(records[0], "id") if records else "",
            doubt=EMPTY if what == STUDENTS and not at and not records else "",
        )

    def _then(self, school: NamedSchool, what: str, body: Mapping[str, Any]) -> str:
        """Where the list goes on, as "page=2" or "cursor=…". Raises Unreadable for an address elsewhere."""
        meta = body.get("meta")
        pages = meta.get("pagination") if isinstance(meta, dict) else None
        then = text(pages, "next") if isinstance(pages, dict) else ""
        if not then:
            return ""
        ours, theirs = urlsplit(f"{self._base}/schools/{school.id}/{what}"), urlsplit(then)
        same = (theirs.scheme, theirs.netloc, theirs.path.rstrip("/")) == (
            ours.scheme,
            ours.netloc,
            ours.path,
        )
        asked = parse_qs(theirs.query)
        for name in ("cursor", "page"):
            if same and len(asked.get(name, [])) == 1:
                return f"{name}={asked[name][0][:500]}"
        raise Unreadable(
            "Wonde’s answer leads to another address than the list that was asked for. It was not followed, since the "
            "token would go along."
        )

    @property
    def _base(self) -> str:
        return API.format(host=self.host)

    def _answer(self, path: str, params: Mapping[str, str]) -> Said:
        headers = {"Authorization": f"Bearer {self.token}"}
        return asking.ask(
            self._client, "Wonde", "GET", f"{self._base}/{path}", params=params or None, headers=headers
        )


def _cursor(at: str) -> dict[str, str]:
    name, _, value = at.partition("=")
    return {name: value} if at else {}


def _with_records(body: dict[str, Any], what: str) -> dict[str, Any]:
    if not isinstance(body.get("data"), list):
        raise Unreadable(f"Wonde answered with something that is no list of {what}. Nothing was taken over.")
    return body


def _refuse_unless_good(said: Said, right: str) -> None:
    if said.is_good:
        return
    if said.status == 401:
        raise Unreadable(
            "Wonde does not accept the token: it was mistyped, or taken back. Copy it anew from Wonde, and enter it "
            "here."
        )
    if said.status == 403 and right:
        raise Unreadable(
            f"The token may not read {right}. Ask for these permissions at Wonde; the school approves them there."
        )
    if 300 <= said.status < 400:
        raise Unreadable(
            "Wonde sends us to another address. It was not followed, since the token would go along."
        )
    raise Unreadable(f"Wonde answered with error {said.status}. Nothing was taken over.")


def _and(names: Sequence[str]) -> str:
    *before, last = names[:20]
    told = f"{', '.join(before)} and {last}" if before else last
    return f"{told}, and {len(names) - 20} more" if len(names) > 20 else told
