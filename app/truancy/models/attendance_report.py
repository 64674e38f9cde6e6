"""What the reports say: the figures of a year added up by school, by grade and by month, with small groups left out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from app.roster.models.student import GRADES
from app.truancy.models.attendance_figure import AttendanceFigure
from app.truancy.models.suppression import Share, hidden, share

#: Days add up over months; students do not.
#: As grades follow one another.
_RANKS = {grade: rank for rank, grade in enumerate(GRADES)}
DAYS = ("expected", "absent", "excused", "unexcused", "unknown")
STUDENTS = ("students", "judged", "at_risk", "chronic", "severe")


@dataclass
class Sums:
    """Sums over some schools and grades: days of a year so far, students as they stand at its latest month."""

    students: int = 0
    judged: int = 0
    at_risk: int = 0
    chronic: int = 0
    severe: int = 0
    expected: int = 0
    absent: int = 0
    excused: int = 0
    unexcused: int = 0
    unknown: int = 0

    def take(self, figure: AttendanceFigure, names: Iterable[str]) -> None:
        for name in names:
            setattr(self, name, getattr(self, name) + getattr(figure, name))


@dataclass(frozen=True)
class Line:
    """A line of a report. Shares that would tell of a child are not told."""

    name: Any
    students: int | None
    chronic: Share
    at_risk: Share
    attended: Share
    unexcused: Share


@dataclass(frozen=True)
class Report:
    """One year of the schools that somebody may see."""

    whole: Line | None
    by_month: Sequence[Line]
    by_school: Sequence[Line]
    by_grade: Sequence[Line]

    @property
    def lines(self) -> list[tuple[str, Line]]:
        """All of them, each with what it is a line of: as a file tells them."""
        told = [("all", self.whole)] if self.whole else []
        told += [("school", line) for line in self.by_school]
        told += [("grade", line) for line in self.by_grade]
        return told + [("month", line) for line in self.by_month]


def report(figures: Sequence[AttendanceFigure]) -> Report:
    """Of figures of one year: schools in the order in which they come, grades as they follow one another."""
    if not figures:
        return Report(None, (), (), ())
    return Report(
        _lines(_latest(figures, lambda _: "all"))[0],
        _lines(_months(figures)),
        _lines(_latest(figures, lambda one: one.school_id)),
        _lines(_latest(sorted(figures, key=lambda one: _RANKS[one.grade]), lambda one: one.grade)),
    )


def _latest(figures: Sequence[AttendanceFigure], by: Callable[[AttendanceFigure], Any]) -> dict[Any, Sums]:
    """Days of all months; students of the last month that their school and grade have."""
    last: dict[Any, date] = defaultdict(lambda: date.min)
    for one in figures:
        last[one.school_id] = max(last[one.school_id], one.month)
    sums: dict[Any, Sums] = defaultdict(Sums)
    for one in figures:
        sums[by(one)].take(one, DAYS)
        if one.month == last[one.school_id]:
            sums[by(one)].take(one, STUDENTS)
    return sums


def _months(figures: Sequence[AttendanceFigure]) -> dict[date, Sums]:
    sums: dict[date, Sums] = defaultdict(Sums)
    for one in figures:
        sums[one.month].take(one, (*DAYS, *STUDENTS))
    return dict(sorted(sums.items()))


def _lines(sums: dict[Any, Sums]) -> list[Line]:
    left_out = hidden({name: one.students for name, one in sums.items()})
    return [_line(name, one, is_hidden=name in left_out) for name, one in sums.items()]


def _line(name: Any, sums: Sums, *, is_hidden: bool) -> Line:
    def of_students(part: int) -> Share:
        return share(part, sums.judged, is_hidden=is_hidden)

    def of_days(part: int) -> Share:
        # Days of a group that is shown are no student's: as they are, but for a group that is not.
        if is_hidden or not sums.expected:
            return share(0, 0)
        percent = 100 * part / sums.expected
        return Share(round(percent, 1), f"{percent:.1f} %")

    return Line(
        name=name,
        students=None if is_hidden else sums.students,
        chronic=of_students(sums.chronic + sums.severe),
        at_risk=of_students(sums.at_risk),
        attended=of_days(sums.expected - sums.absent),
        unexcused=of_days(sums.unexcused),
    )


assert {*DAYS, *STUDENTS} == {one.name for one in fields(Sums)}
