"""Classes of a OneRoster CSV export, and who is in them: classes.csv, enrollments.csv, and of courses.csv and
academicSessions.csv the titles and the days.

Grades, subjects and rooms of a class are passed over. Enrollments come by the million, so little is done for each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from app.core.feed import Enrollment, FedClass, FedEnrollments, Feed, Item, Remark, Rule, Unreadable
from app.integrations.oneroster.archive import Archive
from app.integrations.oneroster.people import LONGEST, TRUE, Where, left
from app.integrations.oneroster.table import Table, open_table

STUDENT, TEACHER, PRIMARY, GONE = "student", "teacher", "primary", "gone"
HOMEROOM, SCHEDULED = "homeroom", "scheduled"
LONGEST_TITLE: Final = 200
LONGEST_CODE: Final = 100
MOST_PERIODS: Final = 20
LONGEST_PERIOD: Final = 40
#: Held in memory while classes are read.
MOST_SESSIONS: Final = 50_000
MOST_COURSES: Final = 500_000
#: Enrollments that are handed on together.
TOGETHER: Final = 1000

_SESSIONS: Final = ("sourcedId", "status", "startDate", "endDate")
_COURSES: Final = ("sourcedId", "title")
_CLASSES: Final = (
    "sourcedId",
    "status",
    "title",
    "courseSourcedId",
    "classCode",
    "classType",
    "schoolSourcedId",
    "termSourcedIds",
    "periods",
)
_ENROLLMENTS: Final = (
    "sourcedId",
    "status",
    "classSourcedId",
    "userSourcedId",
    "role",
    "primary",
    "beginDate",
    "endDate",
)

#: First and last day, as 2026-08-20, or "".
Days = tuple[str, str]


class Words:
    """What OneRoster says of classes and enrollments, a file or a server, becomes items.

    `students`: they are asked for.
    """

    def __init__(self, *, students: bool) -> None:
        self.students = students
        #: How many days could not be read.
        self.unclear_days = 0
        self._days: dict[str, str] = {"": ""}

    def class_(
        self, where: Where, key: str, status: str, title: str, code: str, kind: str, school: str, **of: object
    ) -> Item:
        """`of`: course, periods and days."""
        course, periods, days = str(of["course"]), of["periods"], of["days"]
        assert isinstance(periods, list)
        assert isinstance(days, tuple)
        is_gone = status.lower() == "tobedeleted"
        title = " ".join((title or course or code).split())
        if not key:
            return left(where, "", Rule.NO_ID)
        if not title and not is_gone:
            return left(where, key[:255], Rule.NO_NAME)
        if len(key) > LONGEST["key"] or len(title) > LONGEST_TITLE or not key.isprintable():
            return left(where, key[:255], Rule.TOO_LONG)
        return FedClass(
            file=where[0],
            line=where[1],
            key=key,
            title=title,
            code=code[:LONGEST_CODE],
            kind=HOMEROOM if kind.lower() == HOMEROOM else SCHEDULED,
            school_key=school[:255],
            course=course[:LONGEST_TITLE],
            periods=tuple(one[:LONGEST_PERIOD] for one in periods[:MOST_PERIODS]),
            begins_on=days[0],
            ends_on=days[1],
            active=not is_gone,
        )

    def enrollment(self, row: list[str]) -> Enrollment | Rule:
        """`row`: as _ENROLLMENTS names its values."""
        key, status, of, person, role, primary, begins, ends = row
        role, is_gone = role.lower(), status.lower() == "tobedeleted" if status else False
        if is_gone and key and len(key) <= LONGEST["key"] and key.isprintable() and not (of and person):
            return key, "", "", "", "", "", "", GONE  # of what is deleted some tell nothing but that
        if not key or not of or not person:
            return Rule.NO_ID
        if role != STUDENT and role != TEACHER:
            return Rule.OTHER_ENROLLMENT
        if role == STUDENT and not self.students:
            return Rule.STUDENTS_PASSED_OVER
        ids = key + of + person
        if (
            len(ids) > LONGEST["key"] and max(map(len, (key, of, person))) > LONGEST["key"]
        ) or not ids.isprintable():
            return Rule.TOO_LONG
        if begins or ends:
            begins, ends = self.days(begins, ends)
        return (
            key,
            of,
            person,
            role,
            PRIMARY if primary and primary.lower() in TRUE else "",
            begins,
            ends,
            GONE if is_gone else "",
        )

    def days(self, begins: str, ends: str) -> Days:
        """Both, as far as they can be read. What begins after it ends has no beginning."""
        first, last = self._day(begins), self._day(ends)
        return ("" if first > last > "" else first), last

    def _day(self, word: str) -> str:
        found = self._days.get(word)
        if found is None:
            try:
                found = date.fromisoformat(word[:10]).isoformat()
            except ValueError:
                found, self.unclear_days = "", self.unclear_days + 1
            if len(self._days) < 10_000:
                self._days[word] = found
        return found

    def remarks(self) -> Iterator[Remark]:
        """What is odd about them."""
        if self.unclear_days:
            yield Remark(
                f"{self.unclear_days:,} different days of classes or enrollments are none, as 2026-08-20 is one. They "
                "were not read."
            )


class Classes:
    """The files of one export. `says`: what its manifest says."""

    def __init__(self, archive: Archive, says: Mapping[str, str], *, students: bool) -> None:
        """Raises Unreadable."""
        self.words = Words(students=students)
        self._filled = self._nameless = 0
        self._is_delta = "delta" in (says.get("file.classes"), says.get("file.enrollments"))
        self.classes = self._opened(
            archive, "classes.csv", _CLASSES, ("sourcedId", "title", "schoolSourcedId")
        )
        self.enrollments = self._opened(
            archive, "enrollments.csv", _ENROLLMENTS, ("sourcedId", "classSourcedId", "userSourcedId", "role")
        )
        self.sessions = self._opened(archive, "academicSessions.csv", _SESSIONS, ("sourcedId",))
        self.courses = self._opened(archive, "courses.csv", _COURSES, ("sourcedId",))

    def are_all(self) -> bool:
        """True once they were read, if whatever class or enrollment is not in them is not with the source any more."""
        are_there = self.classes is not None and self.enrollments is not None
        return are_there and not (self._is_delta or self._filled or self._nameless)

    def items(self) -> Feed:
        """Everything, in the same order each time. Raises Unreadable."""
        if self.classes is None and self.enrollments is None:
            yield Remark("The export has no classes.csv and no enrollments.csv, so classes stay as they are.")
            return
        for table in (self.classes, self.enrollments, self.sessions, self.courses):
            if table is not None:
                yield from map(Remark, table.remarks)
        if self.classes is not None:
            yield from self._classes(self.classes)
        if self.enrollments is not None:
            yield from self._enrollments(self.enrollments)
        yield from self.words.remarks()
        if self._nameless or (self._filled and not self._is_delta):
            why = "rows without an id" if self._nameless else "a status that is filled in, as in a delta file"
            yield Remark(f"Classes or enrollments have {why}, so nothing ends by not being in this file.")

    @staticmethod
    def _opened(
        archive: Archive, name: str, columns: tuple[str, ...], required: tuple[str, ...]
    ) -> Table | None:
        return open_table(archive, name, columns=columns, required=required) if archive.has(name) else None

    def _classes(self, table: Table) -> Iterator[Item]:
        terms, courses = self._terms(), self._titles()
        for line, row in table.rows(_CLASSES):
            where = ("classes.csv", line)
            if row is None:
                self._nameless += 1
                yield left(where, "", Rule.SHORT_ROW)
                continue
            key, status, title, course, code, kind, school, sessions, periods = row
            self._nameless += not key
            self._filled += bool(status)
            yield self.words.class_(
                where,
                key,
                status,
                title,
                code,
                kind,
                school,
                course=courses.get(course, ""),
                periods=_several(periods),
                days=together(terms[one] for one in _several(sessions) if one in terms),
            )

    def _enrollments(self, table: Table) -> Iterator[Item]:
        rows: list[Enrollment] = []
        read, passed = self.words.enrollment, Counter[Rule]()
        for line, row in table.rows(_ENROLLMENTS):
            found = read(row) if row is not None else Rule.SHORT_ROW
            if row is not None and row[1]:
                self._filled += 1
            if not isinstance(found, tuple):
                passed[found] += 1
                self._nameless += found in (Rule.NO_ID, Rule.SHORT_ROW)
                yield left(("enrollments.csv", line), row[0][:255] if row is not None else "", found)
                continue
            rows.append(found)
            if len(rows) == TOGETHER:
                yield FedEnrollments(rows)
                rows = []
        if rows:
            yield FedEnrollments(rows)

    def _terms(self) -> dict[str, Days]:
        known: dict[str, Days] = {}
        for _, row in self.sessions.rows(_SESSIONS) if self.sessions is not None else ():
            if row is not None and row[1].lower() != "tobedeleted":
                known[row[0]] = self.words.days(row[2], row[3])
            if len(known) > MOST_SESSIONS:
                raise Unreadable(f"academicSessions.csv has more than {MOST_SESSIONS:,} rows.")
        return known

    def _titles(self) -> dict[str, str]:
        known: dict[str, str] = {}
        for _, row in self.courses.rows(_COURSES) if self.courses is not None else ():
            if row is not None:
                known[row[0]] = " ".join(row[1].split())[:LONGEST_TITLE]
            if len(known) > MOST_COURSES:
                raise Unreadable(f"courses.csv has more than {MOST_COURSES:,} rows.")
        return known


def together(terms: Iterator[Days]) -> Days:
    """From the first day of the first term to the last of the last."""
    days = list(terms)
    return min((first for first, _ in days if first), default=""), max((last for _, last in days), default="")


def _several(words: str) -> list[str]:
    return [one.strip() for one in words.split(",") if one.strip()] if words else []
