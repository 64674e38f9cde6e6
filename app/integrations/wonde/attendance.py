"""Attendance from Wonde, school by school: codes, who is on roll, and what was noted by the session or by the lesson.

Facts: docs.wonde.com, API 1.0.

- A reading of changes asks `updated_after`, a day earlier than the last one began: clocks and time zones differ. And
  since then for the days themselves: a mark that was made in advance does not change once its day has come.
- Whoever left is in a list of their own, and so are their marks. Without both a window takes nothing to be gone, for
  it would go with whoever leaves. Of lessons there is no such list.
- A deletion tells an id and not whose mark it was: then the last weeks are read again the next time.
- No calendar is told: which days are school comes as calendar.csv.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.core import clock
from app.core.asking import rows, text
from app.core.attendance_systems import Asked, Leaf, Question, Row
from app.core.by_school import OVERLAP, NamedSchool, schools_named
from app.core.feed import Unreadable
from app.core.fetching import Settings
from app.core.services import WONDE_ATTENDANCE
from app.integrations.wonde import marks, wire
from app.integrations.wonde.wire import REGIONS, Wire

#: Records of one page; what Wonde grants at most.
MOST: Final = "200"
BY: Final = {"session": "By the session, morning and afternoon", "lesson": "By the lesson"}

A_DAY: Final = timedelta(days=1)

SCHOOL: Final = "school"
CODES: Final = "attendance-codes"
STUDENTS: Final = "students"
LEAVERS: Final = "students-leaver"
SESSIONS: Final = "attendance/session"
SESSIONS_OF_LEAVERS: Final = "attendance-leavers/session"
LESSONS: Final = "attendance/lesson"
DELETIONS: Final = "deletions"
NOTED: Final = (SESSIONS, SESSIONS_OF_LEAVERS, LESSONS)
#: What comes with each list.
INCLUDES: Final[Mapping[str, str]] = {
    STUDENTS: "education_details",
    LEAVERS: "education_details",
    SESSIONS: "attendance_code",
    SESSIONS_OF_LEAVERS: "attendance_code",
    LESSONS: "attendance_code,lesson,lesson.period",
}
#: The right to ask for at Wonde.
RIGHTS: Final[Mapping[str, str]] = {
    CODES: "attendance codes",
    STUDENTS: "students and their education details",
    SESSIONS: "session attendance and its codes",
    LESSONS: "lesson attendance and its codes, lessons and periods",
}
#: What is known once a list cannot be asked for by its days.
UNDATED: Final = "undated"
#: Lists that can be done without, where a token may not read them or a school has none.
OPTIONAL: Final = (LEAVERS, SESSIONS_OF_LEAVERS, DELETIONS)
NO_LEAVERS: Final = (
    "Wonde does not tell of students who left {school}, so nothing is taken to be gone this time. The token needs the "
    "right to read leavers, and the session attendance of leavers."
)
LESSONS_ALONE: Final = (
    "Wonde does not tell the lessons of students who left, so nothing is taken to be gone by not being there."
)
NOTHING_NOTED: Final = "Wonde shows no attendance of {school}, so nothing is taken to be gone this time."
DELETED: Final = (
    "Attendance was deleted at Wonde, which does not say whose. The last weeks are read again the next time."
)


class WondeAttendanceConnector:
    """See core/attendance_systems.py. Settings: region, schools, by, comments."""

    service = WONDE_ATTENDANCE

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        return wire.missing(settings)

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The registry knows them."""
        del settings
        return ()

    def counts_absence(self, settings: Settings) -> bool:
        """It does; of lessons, a leaf says each time that this time it does not."""
        del settings
        return True

    def tells_changes(self, settings: Settings) -> bool:
        """It does."""
        del settings
        return True

    def opened(self, settings: Settings, secret: str, *, year: int) -> "WondeAttendance":
        """Ready to be asked."""
        del year
        host, _ = REGIONS[settings["region"]]
        return WondeAttendance(
            Wire(host, secret, WONDE_ATTENDANCE),
            schools_named(settings["schools"]),
            marks.Words(settings["region"] == "uk", settings.get("comments") == "yes"),
            LESSONS if settings.get("by") == "lesson" else SESSIONS,
        )


@dataclass
class WondeAttendance:
    """One region, while it is asked. `noted`: the list that tells what was noted."""

    wire: Wire
    schools: Sequence[NamedSchool]
    words: marks.Words
    noted: str = SESSIONS

    def close(self) -> None:
        """Let go of the connection."""
        self.wire.close()

    def begin(self, asked: Asked) -> Mapping[str, Any]:
        """When it began: from there on the next reading asks for changes."""
        del asked
        return {"bookmark": (clock.now() - OVERLAP).strftime("%Y-%m-%d %H:%M:%S")}

    def questions(self, asked: Asked) -> Sequence[Question]:
        """Of each school where it is kept, what its codes are, who is and was there, and what was noted."""
        lists = [(what, "") for what in (SCHOOL, CODES, STUDENTS, LEAVERS)]
        lists += [] if asked.is_window else [(self.noted, _since(asked))]
        lists += [(self.noted, "")]
        lists += [(SESSIONS_OF_LEAVERS, "")] if self.noted == SESSIONS else []
        lists += [] if asked.is_window else [(DELETIONS, "")]
        return [Question(what, school.id, day) for school in self.schools for what, day in lists]

    def leaf(self, question: Question, at: str, asked: Asked, known: Mapping[str, Any]) -> Leaf:
        """See core/attendance_systems.py."""
        school, what = next(one for one in self.schools if one.id == question.school), question.what
        if what == SCHOOL:
            zone = text(self.wire.school(school), "timezone")
            return Leaf(rows=[], records=1, known={"zones": {**known.get("zones", {}), school.id: zone}})
        if question.day and known.get(UNDATED):
            return Leaf(rows=[], records=0)
        said = self.wire.page(school, what, at, {**_which(question, asked), **_of_days(question, asked)})
        if (
            said.status == 422 and what in NOTED
        ):  # days are not to be asked for: then all come, and ours are taken
            if question.day:
                return Leaf(rows=[], records=0, known={UNDATED: True})
            said = self.wire.page(school, what, at, _which(question, asked))
        if what in OPTIONAL and said.status in (403, 404, 422):
            hidden = NO_LEAVERS.format(school=school.name or school.id)
            is_doubtful = what != DELETIONS and asked.is_window
            return Leaf(rows=[], records=0, doubt=hidden if is_doubtful else "")
        body = wire.listed(said, what, RIGHTS.get(what, ""))
        records, then = rows(body, "data"), self.wire.goes_on(school, what, body)
        found, knows, doubt = self._read(question, records, asked, known)
        if UNDATED in knows:
            return Leaf(rows=[], records=len(body["data"]), known=knows)
        return Leaf(
            rows=found,
            records=len(body["data"]),
            then=then,
            mark=text(records[0], "id") if records else "",
            known=self._presence(school, records, known, is_last=not then) if what == CODES else knows,
            doubt=doubt or ("" if at else self._first_doubt(question, records, asked)),
        )

    def try_out(self) -> str:
        """See core/attendance_systems.py."""
        names = []
        for school in self.schools:
            told = text(self.wire.school(school), "name")
            names.append(school.name or told or school.id)
            for what in (CODES, STUDENTS, self.noted):
                params = _which(Question(what), Asked(date.min, date.max))
                said = self.wire.page(
                    school, what, "", {**params, "per_page": MOST if what == CODES else "1"}
                )
                records = rows(wire.listed(said, what, RIGHTS[what]), "data")
                if not records:
                    raise Unreadable(f"Wonde answers, but shows no {_called(what)} of {names[-1]}.")
                if what == CODES:
                    self._presence(school, records, {}, is_last=True)
                _refuse_if_short_of(what, records)
        return f"Wonde answers, and lets attendance be read of {wire.in_a_sentence(names)}."

    # --- reading -------------------------------------------------------------------------------------------

    def _read(
        self, question: Question, records: Sequence[Mapping[str, Any]], asked: Asked, known: Mapping[str, Any]
    ) -> tuple[list[Row], dict[str, Any], str]:
        """The rows of a page, what later questions have to know, and what is doubtful."""
        what, zone = question.what, str(known.get("zones", {}).get(question.school, ""))
        called = next(one.name or one.id for one in self.schools if one.id == question.school)
        if what == CODES:
            return [row for one in records if (row := self.words.code(one))], {}, ""
        if what == DELETIONS:
            return _deleted(records)
        _refuse_if_short_of(what, records)
        if what in (STUDENTS, LEAVERS):
            found = [marks.stretch(one, called, zone) for one in records]
            # Who left before these days, or never says when, is nobody's business here.
            return [row for row in found if what == STUDENTS or row[1]["exit"] >= str(asked.first)], {}, ""
        op = "" if asked.is_window else "upsert"
        noted = [row for one in records if (row := self.words.mark(one, called, zone, op))]
        theirs = Asked(date.fromisoformat(question.day), asked.last) if question.day else asked
        if question.day and _ignores_days(noted, theirs):
            return [], {UNDATED: True}, ""
        its_own = [row for row in noted if not theirs.leaves_out(row[1]["day"])]
        if asked.since and what == self.noted and not question.day and not known.get(UNDATED):
            # Those of the last days came already, with the list of these days.
            its_own = [row for row in its_own if row[1]["day"] < _since(asked)]
        return its_own, {}, ""

    def _presence(
        self,
        school: NamedSchool,
        records: Sequence[Mapping[str, Any]],
        known: Mapping[str, Any],
        *,
        is_last: bool,
    ) -> dict[str, Any]:
        """Which schools have a code that is presence. Raises Unreadable where one has none: nobody would be there."""
        found = {
            *known.get("presence", []),
            *([school.id] if any(map(self.words.is_presence, records)) else []),
        }
        if is_last and school.id not in found:
            raise Unreadable(
                f"The attendance codes of {school.name or school.id} do not say in a way that is known here which one "
                "is presence, so everybody would be taken for absent. Nothing was taken over."
            )
        return {"presence": sorted(found)}

    def _first_doubt(self, question: Question, records: Sequence[Mapping[str, Any]], asked: Asked) -> str:
        """Why nothing is taken to be gone by not being in a window."""
        if not asked.is_window or question.what != self.noted:
            return ""
        if self.noted == LESSONS:
            return LESSONS_ALONE
        called = next(one.name or one.id for one in self.schools if one.id == question.school)
        return "" if records else NOTHING_NOTED.format(school=called)


def _since(asked: Asked) -> str:
    """The first of the days that a reading of changes asks for by themselves."""
    return max(asked.since[:10], asked.first.isoformat())


def _ignores_days(noted: Sequence[Row], theirs: Asked) -> bool:
    """True of a page that has other days than were asked for, and so would have those of every year."""
    around = Asked(theirs.first - A_DAY, theirs.last + A_DAY)
    return any(around.leaves_out(row[1]["day"]) for row in noted)


def _which(question: Question, asked: Asked) -> dict[str, str]:
    """What is asked of a list. A long one by a cursor: by pages it shifts while it is read."""
    what, params = question.what, {"per_page": MOST}
    if what in INCLUDES:
        params["include"] = INCLUDES[what]
    if what in NOTED:
        params["cursor"] = "true"
    if asked.since and what != CODES and not question.day:
        params["updated_after"] = asked.since
    return params


def _of_days(question: Question, asked: Asked) -> dict[str, str]:
    """Its days, one more at both ends: whether the first and the last are meant, nobody says."""
    if question.what not in NOTED or not (asked.is_window or question.day):
        return {}
    first = date.fromisoformat(question.day) if question.day else asked.first
    return {
        "attendance_date_after": (first - A_DAY).isoformat(),
        "attendance_date_before": (asked.last + A_DAY).isoformat(),
    }


def _deleted(records: Sequence[Mapping[str, Any]]) -> tuple[list[Row], dict[str, Any], str]:
    is_ours = any("attendance" in text(one, "type").lower() and not one.get("restored_at") for one in records)
    return [], {"bookmark": ""} if is_ours else {}, DELETED if is_ours else ""


def _refuse_if_short_of(what: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Raises Unreadable where what was to come with a list did not: a right is missing that nobody was told of."""
    for name in INCLUDES.get(what, "").split(","):
        if not name or "." in name or not records:
            continue
        if any(text(one, name) for one in records) or not any(name in one for one in records):
            raise Unreadable(
                f"Wonde answered without {name.replace('_', ' ')}. The token needs the right to read "
                f"{RIGHTS.get(what, RIGHTS[SESSIONS])}: ask for it at Wonde; the school approves it there."
            )


def _called(what: str) -> str:
    return {CODES: "attendance codes", STUDENTS: "students"}.get(what, "attendance")
