"""Classes of a OneRoster CSV export, and who is in them: classes.csv, enrollments.csv, and of courses.csv and
academicSessions.csv the titles and the days.

Grades, subjects and rooms of a class are passed over. Enrollments come by the million, so little is done for each.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Final, TypeVar

from app.core.feed import Enrollment, FedClass, FedCourses, FedEnrollments, FedTerms, Feed, Item, Remark, Rule
from app.integrations.oneroster.archive import Archive
from app.integrations.oneroster.people import LONGEST, TRUE, Where, left
from app.integrations.oneroster.table import Table, open_table

STUDENT, TEACHER, PRIMARY, GONE = "student", "teacher", "primary", "gone"
HOMEROOM, SCHEDULED = "homeroom", "scheduled"
LONGEST_TITLE: Final = 200
LONGEST_CODE: Final = 100
MOST_PERIODS: Final = 20
LONGEST_PERIOD: Final = 40
#: Of one class.
MOST_TERMS: Final = 20
#: Enrollments that are handed on together, and terms, and courses.
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

Told = TypeVar("Told")
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

    def class_(self, where: Where, row: list[str]) -> Item:
        """`row`: as _CLASSES names its values."""
        key, status, title, course, code, kind, school, terms, periods = row
        is_gone = status.lower() == "tobedeleted"
        if not key:
            return left(where, "", Rule.NO_ID)
        if not (title or course or code or is_gone):
            return left(where, key[:255], Rule.NO_NAME)
        if len(key) > LONGEST["key"] or len(title) > LONGEST_TITLE or not key.isprintable():
            return left(where, key[:255], Rule.TOO_LONG)
        return FedClass(
            file=where[0],
            line=where[1],
            key=key,
            title=" ".join(title.split()),
            code=code[:LONGEST_CODE],
            kind=HOMEROOM if kind.lower() == HOMEROOM else SCHEDULED,
            school_key=school[:255],
            course=course[:255],
            periods=tuple(one[:LONGEST_PERIOD] for one in _several(periods)[:MOST_PERIODS]),
            terms=tuple(_several(terms)[:MOST_TERMS]),
            active=not is_gone,
        )

    def term(self, row: list[str]) -> tuple[str, str, str]:
        """`row`: as _SESSIONS names its values."""
        return row[0], *self.days(row[2], row[3])

    def course(self, row: list[str]) -> tuple[str, str]:
        """`row`: as _COURSES names its values."""
        return row[0], " ".join(row[1].split())[:LONGEST_TITLE]

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
        if self.sessions is not None:
            yield from self._terms(self.sessions)
        if self.courses is not None:
            yield from self._courses(self.courses)
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
        for line, row in table.rows(_CLASSES):
            where = ("classes.csv", line)
            if row is None:
                self._nameless += 1
                yield left(where, "", Rule.SHORT_ROW)
                continue
            self._nameless += not row[0]
            self._filled += bool(row[1])
            yield self.words.class_(where, row)

    def _enrollments(self, table: Table) -> Iterator[Item]:
        rows: list[Enrollment] = []
        read = self.words.enrollment
        for line, row in table.rows(_ENROLLMENTS):
            found = read(row) if row is not None else Rule.SHORT_ROW
            if row is not None and row[1]:
                self._filled += 1
            if not isinstance(found, tuple):
                self._nameless += found in (Rule.NO_ID, Rule.SHORT_ROW)
                yield left(("enrollments.csv", line), row[0][:255] if row is not None else "", found)
                continue
            rows.append(found)
            if len(rows) == TOGETHER:
                yield FedEnrollments(rows)
                rows = []
        if rows:
            yield FedEnrollments(rows)

    def _terms(self, table: Table) -> Iterator[Item]:
        rows = (
            row for _, row in table.rows(_SESSIONS) if row is not None and row[1].lower() != "tobedeleted"
        )
        yield from map(FedTerms, batched(map(self.words.term, rows)))

    def _courses(self, table: Table) -> Iterator[Item]:
        rows = (row for _, row in table.rows(_COURSES) if row is not None)
        yield from map(FedCourses, batched(map(self.words.course, rows)))


def batched(rows: Iterator[Told]) -> Iterator[list[Told]]:
    """So many as are handed on together."""
    while some := list(islice(rows, TOGETHER)):
        yield some


def _several(words: str) -> list[str]:
    return [one.strip() for one in words.split(",") if one.strip()] if words else []
