"""Attendance from Clever, school by school. Facts: the description of its API, version 3.1.

- The token is the application's for one district (a district-app token). It does not end by itself.
- A list goes on where its `next` link says. Of that link the cursor is read and nothing else: no address is followed.
- Records are known by day, student, section and school, kept for six months, and never deleted: a correction is another
  status, presence in the end. So each record is told with what became of it, and nothing is gone by not being there.
- Clever has no calendar and no minutes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from app.core import asking, egress
from app.core.asking import Said, rows, text
from app.core.attendance_systems import CAME_BEFORE, Asked, Leaf, Question, Row
from app.core.by_school import NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.services import CLEVER
from app.integrations.clever.naming import Named
from app.integrations.clever.rows import ABSENT, DAILY, PRESENT, SECTION, TARDY, Words, stretches

BASE = "https://api.clever.com/v3.1"
#: As sentences call it.
SERVER: Final = "Clever"
#: Records of one page: as many as its attendance gives.
LIMIT: Final = 1000
#: Of a list that is held in memory, one school's students or sections: what Clever gives at most, so that it is one
#: answer. A job that has to begin it again does not begin a row of them.
LIMIT_IN_MEMORY: Final = 10_000
MOST_PAGES: Final = 20
LONGEST_ANSWER: Final = 60.0
LARGEST_ANSWER: Final = 64 * 1024 * 1024
LONGEST_CURSOR: Final = 1_000
BY: Final = {DAILY: "By the day (daily)", SECTION: "By the lesson (section)"}
NUMBERS: Final = {"sis_id": "The SIS ID", "student_number": "The student number", "state_id": "The state ID"}
CODES: Final = {
    "excuse": "Status and excuse code, such as absent: EX",
    "status": "The status alone; the excuse code is kept as the reason",
}
STUDENTS: Final = "students"


class CleverConnector:
    """See core/attendance_systems.py. Settings: schools, by, number, codes."""

    service = CLEVER

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        return "" if settings.get("schools") else "the schools"

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry names it."""
        del settings
        return ()

    def counts_absence(self, settings: Settings) -> bool:
        """Never: a record is there until it is six months old, whatever it says."""
        del settings
        return False

    def tells_changes(self, settings: Settings) -> bool:
        """A record says when it was changed, but none can be asked for by that."""
        del settings
        return False

    def opened(self, settings: Settings, secret: str, *, year: int) -> "Clever":
        """Ready to be asked."""
        del year
        words = Words(
            number=settings.get("number") or "sis_id",
            by_excuse=settings.get("codes") != "status",
            by_section=settings.get("by") == SECTION,
        )
        return Clever(secret, schools_named(settings["schools"]), words)


@dataclass
class Clever:
    """One district at Clever, while it is asked."""

    token: str = field(repr=False)
    schools: Sequence[NamedSchool]
    words: Words
    _client: egress.Client = field(init=False, repr=False)
    _students: Named = field(init=False, repr=False)
    _sections: Named = field(init=False, repr=False)
    #: Codes that were proposed while this job goes on.
    _proposed: set[str] = field(init=False, default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._client = egress.http_client(
            CLEVER, longest=LONGEST_ANSWER, largest=LARGEST_ANSWER, Accept="application/json"
        )
        self._students = Named(self, "users", self.words.number_of)
        self._sections = Named(self, "sections", lambda section: text(section, "period"))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """Which of its schools are meant."""
        del asked
        return {"schools": self._ids(), "noted": 0}

    def questions(self, asked: Asked) -> Sequence[Question]:
        """Of each school who is there, and what was noted: absent and tardy, and what is presence by now."""
        del asked
        lists = (STUDENTS, ABSENT, TARDY, PRESENT)
        return [Question(what, school.id) for school in self.schools for what in lists]

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """See core/attendance_systems.py. `at`: the cursor."""
        school, called = known["schools"][question.school], self._called(question.school)
        if question.what == STUDENTS:
            said = self._page(f"schools/{school}/users", {"role": "student", **_after(at)}, STUDENTS, called)
            users = _records(said)
            found = [
                row
                for one in users
                if (number := self.words.number_of(one))
                for row in stretches(one, school, called, number)
            ]
            return Leaf(rows=found, records=len(users), then=_cursor(said), mark=_mark(users))
        params = {
            "date_range_start": asked.first.isoformat(),
            "date_range_end": asked.last.isoformat(),
            "attendance_status": question.what,
        }
        said = self._page(f"attendance/schools/{school}", {**params, **_after(at)}, "attendance", called)
        records, then = _records(said), _cursor(said)
        noted = known["noted"] + len(records)
        is_over = not then and question == self.questions(asked)[-1]
        if is_over and not noted and not self._synced():
            raise Unreadable(NEVER_CAME)
        found = self._marks(records, school, called, asked)
        return Leaf(rows=found, records=len(records), then=then, mark=_mark(records), known={"noted": noted})

    def try_out(self) -> str:
        """See core/attendance_systems.py."""
        synced, told = self._synced(), []
        for named, school in self._ids().items():
            called = self._called(named)
            said = self._page(
                f"schools/{school}/users", {"role": "student", "limit": "100"}, STUDENTS, called
            )
            users = _records(said)
            if not any(map(self.words.number_of, users)):
                raise Unreadable(
                    f"Clever shows no students of {called} with the number that was chosen. Look whether that school "
                    "is shared with the application, and which of Clever's numbers is the one here."
                )
            self._refuse_if_noted_otherwise(school, called)
            told.append(
                called + ("" if any(stretches(one, school, called, "1") for one in users) else UNDATED)
            )
        when = f"Attendance came to it last on {synced[:10]}." if synced else NEVER_CAME
        more = f", and {len(told) - 20} more" if len(told) > 20 else ""
        return f"Clever answers. Students can be read of {', '.join(told[:20])}{more}. {when}"

    # --- what records name -------------------------------------------------------------------------------------

    def all_of(self, school: str, what: str) -> list[dict[str, Any]]:
        """See naming.py."""
        return self._all(f"schools/{school}/{what}", {"role": "student"} if what == "users" else {}, what)

    def one(self, what: str, id: str) -> dict[str, Any]:
        """See naming.py."""
        said = self._said(f"{what}/{quote(id, safe='')}", {})
        if said.status == 404:
            return {}
        self._refuse(said, what, "the district")
        told = said.body.get("data")
        return told if isinstance(told, dict) else {}

    # --- reading -----------------------------------------------------------------------------------------------

    def _marks(
        self, records: Sequence[Mapping[str, Any]], school: str, called: str, asked: Asked
    ) -> list[Row]:
        """Rows of those that are meant, and before them the codes that were not proposed yet."""
        meant = [
            one
            for one in records
            if self.words.is_meant(one) and not asked.leaves_out(text(one, "attendance_date"))
        ]
        if not meant:
            return []
        self._students.begin_page(school)
        if self.words.by_section:
            self._sections.begin_page(school)
        codes: dict[str, Row] = {}
        marks = []
        for one in meant:
            id, section = text(one, "student_id"), text(one, "section_id")
            student = self._students.find(id)
            is_gone = text(one, "attendance_status") == PRESENT
            if is_gone and not student:
                continue  # nobody here had a mark of it
            period = self._sections.find(section) if self.words.by_section else ""
            # Clever's own id shows whoever looks at the row that was set aside whom to look for there.
            marks.append(self.words.mark(one, called, student or id, period))
            row = self.words.code(one)
            if not is_gone and row[1]["code"] not in self._proposed:
                codes[row[1]["code"]] = row
        self._proposed |= codes.keys()
        return [*codes.values(), *marks]

    def _refuse_if_noted_otherwise(self, school: str, called: str) -> None:
        """Raises Unreadable where records are of the other kind alone."""
        said = self._page(f"attendance/schools/{school}", {"limit": "100"}, "attendance", called)
        kinds = {text(one, "attendance_type") for one in _records(said)}
        ours, other = (SECTION, DAILY) if self.words.by_section else (DAILY, SECTION)
        if other in kinds and ours not in kinds:
            raise Unreadable(
                f"At {called} attendance is not noted as was chosen here. Choose “{BY[other]}”, and save."
            )

    def _called(self, id: str) -> str:
        return next((one.name or one.id for one in self.schools if one.id == id), id)

    def _synced(self) -> str:
        """When attendance came to Clever last; "" if it does not say."""
        districts = _records(self._page("districts", {}, "districts", "the district"))
        return text(districts[0], "last_attendance_sync") if districts else ""

    def _ids(self) -> dict[str, str]:
        """What an admin named → Clever's id of that school. Raises Unreadable for one that it does not show."""
        there = self._all("schools", {}, "schools")
        found: dict[str, str] = {}
        for named in self.schools:
            ids = {
                text(one, "id")
                for one in there
                if named.id in (text(one, "id"), text(one, "sis_id"), text(one, "school_number"))
            }
            if len(ids) != 1:
                raise Unreadable(
                    f"Clever shows {'no' if not ids else 'more than one'} school {named.id}. Write its School_id or "
                    "Clever's own id, and look whether it is shared with the application."
                )
            found[named.id] = ids.pop()
        return found

    # --- asking ------------------------------------------------------------------------------------------------

    def _all(self, path: str, params: Mapping[str, str], what: str) -> list[dict[str, Any]]:
        """A list that is held in memory, whole. Raises Unreadable and NotNow."""
        found: list[dict[str, Any]] = []
        at = ""
        for _ in range(MOST_PAGES):
            page = {"limit": str(LIMIT_IN_MEMORY), **params, **_after(at)}
            said = self._page(path, page, what, "the district")
            found += _records(said)
            before, at = at, _cursor(said)
            if not at:
                return found
            if at == before:
                break
        raise Unreadable(CAME_BEFORE)

    def _page(self, path: str, params: Mapping[str, str], what: str, called: str) -> Said:
        """A page of a list. Raises Unreadable and NotNow."""
        said = self._said(path, {"limit": str(LIMIT), **params} if path != "districts" else params)
        self._refuse(said, what, called)
        if not isinstance(said.body.get("data"), list):
            raise Unreadable(
                f"Clever answered with something that is no list of {what}. Nothing was taken over."
            )
        return said

    def _said(self, path: str, params: Mapping[str, str]) -> Said:
        return asking.ask(
            self._client,
            SERVER,
            "GET",
            f"{BASE}/{path}",
            params=params or None,
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def _refuse(self, said: Said, what: str, called: str) -> None:
        """Raises Unreadable unless it did what it was asked."""
        if 300 <= said.status < 400:
            raise Unreadable(
                "Clever sends us to another address. It was not followed, since the token would go along."
            )
        if not said.is_good:
            sentence = _REFUSED.get(said.status, _OTHER)
            raise Unreadable(sentence.format(what=what, called=called, status=said.status))


NEVER_CAME: Final = "Clever says of no day that attendance of this district came to it."
UNDATED: Final = " (without the days of enrollment)"

_REFUSED: Final[Mapping[int, str]] = {
    400: "Clever does not understand the question for {what}. Nothing was taken over; its vendor may have changed it.",
    401: "Clever does not accept the token. Copy it anew from the application at Clever, and save.",
    403: "The token may not read {what} of {called}. At Clever, the application needs that scope, and the district has "
    "to share it.",
    404: "Clever shows no {what} of {called}. At Clever, look whether the school is shared with the application, and "
    "whether the application has the scope for it.",
}
_OTHER: Final = "Clever answered with error {status}. Nothing was taken over."


def _records(said: Said) -> list[dict[str, Any]]:
    """What a list holds. Of people, schools and sections each stands in an envelope."""
    listed = rows(said.body, "data")
    return [one["data"] if isinstance(one.get("data"), dict) else one for one in listed]


def _after(cursor: str) -> dict[str, str]:
    return {"starting_after": cursor} if cursor else {}


def _cursor(said: Said) -> str:
    """Where a list goes on; "" at its end. Raises Unreadable."""
    if not said.body["data"]:
        return ""
    cursor = text(said.body, "starting_after")
    link = next((one for one in rows(said.body, "links") if one.get("rel") == "next"), None)
    if link is not None:
        try:
            cursor = parse_qs(urlsplit(text(link, "uri")).query).get("starting_after", [""])[0]
        except ValueError:
            cursor = ""
        if not cursor:
            raise Unreadable("Clever does not say where a list goes on. Nothing was taken over.")
    if len(cursor) > LONGEST_CURSOR or not cursor.isprintable():
        raise Unreadable("Clever says in a way that is not known here where a list goes on.")
    return cursor


def _mark(records: Sequence[Mapping[str, Any]]) -> str:
    """What tells this page from another, without saying whom it is about."""
    return hashlib.sha256(repr(records[0]).encode()).hexdigest()[:32] if records else ""
