"""Schools, staff, students and their contacts from Wonde, school by school. Facts: docs.wonde.com, API 1.0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.core.asking import rows, text
from app.core.by_school import EMPTY, BySchool, Leaf, NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import FAMILIES, YES, Settings
from app.core.services import WONDE
from app.integrations.wonde import people, wire
from app.integrations.wonde.wire import NOT_GRANTED, REGIONS, Wire

#: Records of one page.
MOST: Final = "100"
#: Days back that a whole reading asks who was deleted.
DELETED_SINCE: Final = 14

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
        return wire.missing(settings)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry knows them."""
        return ()

    def opened(self, settings: Settings, secret: str, *, today: date) -> BySchool:
        """Ready to be asked."""
        host, _ = REGIONS[settings["region"]]
        schools = schools_named(settings["schools"])
        region = Wire(host, secret, WONDE)
        return BySchool(Wonde(region, schools, today, settings.get(FAMILIES) == YES), staff=STAFF)


@dataclass
class Wonde:
    """One region, while it is asked (core/by_school.py)."""

    wire: Wire
    schools: Sequence[NamedSchool]
    today: date
    families: bool = False

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
        self.wire.close()

    def leaf(self, school: NamedSchool, what: str, at: str, *, line: int, since: str) -> Leaf:
        """See core/by_school.py."""
        if what == "school":
            said = self.wire.school(school)
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
            told = text(self.wire.school(school), "name")
            names.append(school.name or told or school.id)
            for what, called in self._people.items():
                records = rows(self._asked(school, what, "", {"per_page": "1"}), "data")
                people.refuse_if_short_of_rights(what, records, RIGHTS[what])
                if not records:
                    raise Unreadable(f"Wonde answers, but shows no {called} of {names[-1]}.")
        told = wire.in_a_sentence([*self._people.values()])
        return f"Wonde answers, and lets {told} be read of {wire.in_a_sentence(names)}."

    @property
    def _people(self) -> Mapping[str, str]:
        return {STAFF: "staff", **({STUDENTS: "students"} if self.families else {})}

    # --- asking --------------------------------------------------------------------------------------------

    def _asked(self, school: NamedSchool, what: str, at: str, params: Mapping[str, str]) -> dict[str, Any]:
        """A page of that list, as good as it is granted."""
        said = None
        for include in INCLUDES[what]:
            said = self.wire.page(school, what, at, {"per_page": MOST, "include": include, **params})
            if said.status not in NOT_GRANTED:
                break
        assert said is not None
        return wire.listed(said, what, RIGHTS[what])

    def _deletions(self, school: NamedSchool, at: str, line: int, since: str) -> Leaf:
        """Whoever was deleted lately. A token without that right does without: then two absences tell."""
        after = since or f"{self.today - timedelta(days=DELETED_SINCE)} 00:00:00"
        said = self.wire.page(school, DELETIONS, at, {"per_page": MOST, "updated_after": after})
        if said.status in (403, 404, 422):
            return Leaf(items=[], records=0)
        body = wire.listed(said, DELETIONS)
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
            then=self.wire.goes_on(school, what, body),
            first=text(records[0], "id") if records else "",
            doubt=EMPTY if what == STUDENTS and not at and not records else "",
        )
