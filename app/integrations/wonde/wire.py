"""How Wonde is asked, whoever reads what it answers. Facts: docs.wonde.com, API 1.0.

Wonde's `next` is a whole address, and the token would go wherever it leads: so nothing is followed, and of an address
that leads to the same list its cursor alone is taken. A school is kept in one region; another region knows nothing of
it, or answers with nothing at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from app.core import asking, egress
from app.core.asking import Said, rows, text
from app.core.by_school import NamedSchool
from app.core.feed import Unreadable
from app.core.fetching import Settings

API: Final = "https://{host}/v1.0"
#: By the word of the form: the host that keeps a region, and how it is called.
REGIONS: Final = {
    "uk": ("api.wonde.com", "United Kingdom and Europe"),
    "au": ("api-ap-southeast-2.wonde.com", "Australia and New Zealand"),
    "za": ("api-af-south-1.wonde.com", "South Africa"),
}
LARGEST_ANSWER: Final = 25 * 1024 * 1024
LONGEST_ANSWER: Final = 60.0
#: Answers that say that something of what was asked for is not granted, or not known.
NOT_GRANTED: Final = (403, 422)


def missing(settings: Settings) -> str:
    """What is not filled in, whoever reads. Settings: region, schools."""
    needed = {"the region": settings.get("region") in REGIONS, "the schools": settings.get("schools")}
    return " and ".join(what for what, value in needed.items() if not value)


@dataclass
class Wire:
    """One region, while it is asked with one token. `service`: whose switch lets the questions out."""

    host: str
    token: str = field(repr=False)
    service: str
    _client: egress.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            self.service, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def school(self, school: NamedSchool) -> Mapping[str, Any]:
        """What Wonde says of it. Raises Unreadable if it is kept elsewhere, or does not let itself be read."""
        said = self._answer(f"schools/{school.id}", {})
        if said.status in (403, 404):
            raise Unreadable(self._no_school(school))
        refuse_unless_good(said, "")
        record = within(said.body, "data")
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

    def page(self, school: NamedSchool, what: str, at: str, params: Mapping[str, str]) -> Said:
        """A page of a list, refused or not. `at`: what `goes_on` told; "" at its beginning."""
        name, _, value = at.partition("=")
        return self._answer(f"schools/{school.id}/{what}", {**params, **({name: value} if at else {})})

    def goes_on(self, school: NamedSchool, what: str, body: Mapping[str, Any]) -> str:
        """Where the list goes on, as "page=2" or "cursor=…"; "" at its end. Raises Unreadable for an address elsewhere.

        And for a list of which more is to come, and nobody says where.
        """
        meta = body.get("meta")
        pages = meta.get("pagination") if isinstance(meta, dict) else None
        then = text(pages, "next") if isinstance(pages, dict) else ""
        if not then:
            if not isinstance(pages, dict) or pages.get("more") is True:
                raise Unreadable(
                    f"Wonde broke off its list of {what.replace('/', ' ')} before its end. Nothing was taken over."
                )
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

    def _no_school(self, school: NamedSchool) -> str:
        pending = self._answer("schools/pending", {"per_page": "200"})
        if any(text(one, "id") == school.id for one in rows(pending.body, "data")):
            return f"The school {school.id} has not yet approved the access that was asked for. It does so at Wonde."
        return (
            f"Wonde does not let the school {school.id} be read: its id is another one, or it took back its approval. "
            "Look at Wonde under the schools of your application."
        )

    @property
    def _base(self) -> str:
        return API.format(host=self.host)

    def _answer(self, path: str, params: Mapping[str, str]) -> Said:
        headers = {"Authorization": f"Bearer {self.token}"}
        return asking.ask(
            self._client, "Wonde", "GET", f"{self._base}/{path}", params=params or None, headers=headers
        )


def listed(said: Said, what: str, right: str = "") -> dict[str, Any]:
    """The body of a page of records. Raises Unreadable for what is none. `right`: what to ask for, if it is refused."""
    refuse_unless_good(said, right)
    if not isinstance(said.body.get("data"), list):
        raise Unreadable(f"Wonde answered with something that is no list of {what}. Nothing was taken over.")
    return said.body


def refuse_unless_good(said: Said, right: str) -> None:
    """Raises Unreadable for a refusal, with what somebody can do."""
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


def within(record: Mapping[str, Any], *names: str) -> Any:
    """What is wrapped there, layer by layer; None where there is nothing.

    What hangs on a record is wrapped: {"contact_details": {"data": {…}}}.
    """
    found: Any = record
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
        if name != "data" and isinstance(found, dict) and "data" in found:
            found = found["data"]
    return found


def in_a_sentence(names: Sequence[str]) -> str:
    """Names with commas and an "and" between: twenty of them, and how many more."""
    *before, last = names[:20]
    told = f"{', '.join(before)} and {last}" if before else last
    return f"{told}, and {len(names) - 20} more" if len(names) > 20 else told
