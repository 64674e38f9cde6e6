"""The register of a made-up district, as its school system would send it: calendar, codes, enrollments, marks.

Most students miss a day now and then; some miss three within two weeks without excuse, in waves, so that there is
always something that happened long ago, lately and yesterday; a few miss a great deal.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from app.demo.students import Pupil
from app.register.actions.coding import Meaning

#: Before today.
WEEKS: Final = 14
LENGTH: Final = timedelta(weeks=41, days=-3)
MINUTES: Final = 420
#: Weeks after the first day, weekday, and why there is no school.
DAYS_OFF: Final = {
    (2, 0): "Holiday",
    (6, 4): "Staff training",
    (9, 0): "Holiday",
    (11, 2): "Fall break",
    (11, 3): "Fall break",
    (11, 4): "Fall break",
    **{(week, day): "Winter break" for week in (17, 18) for day in range(5)},
    **{(29, day): "Spring break" for day in range(5)},
}

#: What each code means, as somebody signs it off. Of the last one nobody has said yet.
CODES: Final[Mapping[str, Meaning]] = {
    "U": Meaning(kind="absent", excuse="unexcused", description="Absent, no note"),
    "E": Meaning(kind="absent", excuse="excused", description="Absent, excused by the family"),
    "M": Meaning(kind="absent", excuse="excused", flags=("medical",), description="Absent, doctor's note"),
    "T": Meaning(kind="tardy", excuse="unknown", description="Late"),
    "S": Meaning(kind="suspended_out", description="Suspended, out of school"),
    "L": Meaning(kind="early_out", excuse="unknown", description="Left early"),
}
NOT_SIGNED_OFF: Final = "L"
REASONS: Final = {
    "U": ("",),
    "E": ("Family called: a cold", "Family called: dentist", "Funeral in the family", "Family called: fever"),
    "M": ("Doctor's note",),
    "T": ("", "Bus was late", ""),
    "S": ("Fight at lunch",),
    "L": ("Picked up at noon",),
}

#: How many of each school miss three days without excuse in the first wave, the second, the third and yesterday.
WAVES: Final = {"North": (5, 3, 2, 1), "Cedar": (5, 3, 2, 1), "High": (6, 4, 2, 2)}
#: So many of the first wave go on missing school.
CHRONIC: Final = 2


@dataclass(frozen=True)
class Calendar:
    """The days of a school year, up to today."""

    begins: date
    today: date
    ends: date
    #: Every weekday of the year; why there is no school, or "".
    weekdays: Mapping[date, str]

    @classmethod
    def until(cls, today: date) -> "Calendar":
        """Begun on a Monday fourteen weeks ago."""
        monday = today - timedelta(days=today.weekday(), weeks=WEEKS)
        off = {monday + timedelta(weeks=week, days=day): why for (week, day), why in DAYS_OFF.items()}
        ends = monday + LENGTH
        every = (monday + timedelta(days=nth) for nth in range((ends - monday).days + 1))
        return cls(monday, today, ends, {day: off.get(day, "") for day in every if day.weekday() < 5})

    @property
    def so_far(self) -> list[date]:
        """The school days before today."""
        return [day for day, off in self.weekdays.items() if not off and day < self.today]


@dataclass(frozen=True)
class Stages:
    """On which of the school days so far somebody sits down to the letters: weeks ago, lately, and last."""

    first: int
    second: int
    third: int

    @classmethod
    def of(cls, days: Sequence[date]) -> "Stages":
        """Six weeks ago, two weeks ago, on the last school day."""
        return cls(len(days) - 30, len(days) - 12, len(days) - 1)


@dataclass
class Marks:
    """Of each student, by number: the code of a day, and what somebody wrote beside it."""

    by_number: dict[str, dict[date, tuple[str, str]]] = field(default_factory=dict)

    def put(self, number: str, day: date, code: str, dice: Random) -> None:
        """One of them, unless that day has one."""
        self.by_number.setdefault(number, {}).setdefault(day, (code, dice.choice(REASONS[code])))

    def miss(self, number: str, day: date) -> None:
        """Absent without a note, whatever stood there."""
        self.by_number.setdefault(number, {})[day] = ("U", "")

    def excuse(self, number: str, why: str) -> None:
        """A note came for the first day that had none."""
        theirs = self.by_number[number]
        day = min(day for day, (code, _) in theirs.items() if code == "U")
        theirs[day] = ("E", why)


def draw(pupils: Sequence[Pupil], days: Sequence[date], dice: Random) -> tuple[Marks, list[list[Pupil]]]:
    """The marks of the days so far; and who missed three days without excuse, wave by wave."""
    marks, stages = Marks(), Stages.of(days)
    spans = [(4, stages.first), (stages.first, stages.second), (stages.second, stages.third)]
    waves: list[list[Pupil]] = [[], [], [], []]
    for school, sizes in WAVES.items():
        theirs = _shuffled([one for one in pupils if one.school == school], dice)
        for one in theirs:
            for day in dice.sample(days, dice.choices(range(5), (25, 28, 22, 15, 10))[0]):
                marks.put(one.number, day, dice.choices("ETM", (50, 30, 20))[0], dice)
        waiting = iter(theirs)
        for wave, size in enumerate(sizes):
            for nth in range(size):
                one = next(waiting)
                waves[wave].append(one)
                if wave < len(spans):
                    _miss_three(marks, one, days[slice(*spans[wave])], dice)
                else:
                    for at in (-5, -3, -1):
                        marks.miss(one.number, days[at])
                if wave == 0 and nth < CHRONIC:
                    _go_on(marks, one, days, dice, without_a_note=nth == 0 and school != "North")
        steady = list(waiting)
        for one in steady[:3]:
            marks.put(one.number, dice.choice(days[:20]), NOT_SIGNED_OFF, dice)
        # A window is in as far as its last mark: somebody is late on the last day of each.
        for at in (stages.first, stages.second, stages.third, len(days)):
            marks.put(dice.choice(steady[3:]).number, days[at - 1], "T", dice)
    suspended = waves[0][-1]
    marks.put(suspended.number, days[stages.second + 2], "S", dice)
    return marks, waves


def _miss_three(marks: Marks, one: Pupil, days: Sequence[date], dice: Random) -> None:
    begins = dice.randrange(len(days) - 8)
    for day in dice.sample(days[begins : begins + 8], 3):
        marks.miss(one.number, day)


def _go_on(marks: Marks, one: Pupil, days: Sequence[date], dice: Random, *, without_a_note: bool) -> None:
    for day in dice.sample(days[6:], 14 if without_a_note else 9):
        code = "U" if without_a_note and dice.random() < 0.7 else dice.choice("EEM")
        marks.put(one.number, day, code, dice)


def _shuffled(pupils: Sequence[Pupil], dice: Random) -> list[Pupil]:
    """First those who miss a great deal: their letters are in English, and none is of age."""
    theirs = dice.sample(pupils, len(pupils))
    first = [one for one in theirs if one.language == "en" and one.grade in ("04", "07", "09")][:CHRONIC]
    return [*first, *(one for one in theirs if one not in first)]


def whole_set(
    calendar: Calendar, pupils: Iterable[Pupil], others: Mapping[str, str], marks: Marks, until: date
) -> io.BytesIO:
    """The zip of all four files, with the marks before that day. `others`: number → school, of whom none missed any."""
    enrolled = {**others, **{one.number: one.school for one in pupils}}
    schools = sorted(set(enrolled.values()))
    return _zipped(
        {
            "calendar": (
                "school_id,date,is_school_day,minutes_scheduled,note",
                [
                    (school, day, "no" if off else "yes", 0 if off else MINUTES, off)
                    for school in schools
                    for day, off in calendar.weekdays.items()
                ],
            ),
            "codes": (
                "code,description,kind,excuse,flags",
                [
                    (code, of.description, of.kind, of.excuse, ";".join(of.flags))
                    for code, of in CODES.items()
                ],
            ),
            "enrollments": (
                "student_id,school_id,entry_date,is_primary",
                [(number, school, calendar.begins, "yes") for number, school in enrolled.items()],
            ),
            **_marks(enrolled, marks, until),
        }
    )


def marks_alone(
    schools: Mapping[str, str], marks: Marks, until: date, strange: Sequence[tuple[object, ...]] = ()
) -> io.BytesIO:
    """The zip of the marks before that day. `strange`: rows that nobody can make out."""
    return _zipped(_marks(schools, marks, until, strange))


def _marks(
    schools: Mapping[str, str], marks: Marks, until: date, strange: Sequence[tuple[object, ...]] = ()
) -> dict[str, tuple[str, Sequence[Iterable[object]]]]:
    rows = [
        (number, schools[number], day, code, reason)
        for number, theirs in marks.by_number.items()
        for day, (code, reason) in sorted(theirs.items())
        if day < until
    ]
    return {"marks": ("student_id,school_id,date,code,reason_text", [*rows, *strange])}


def _zipped(files: Mapping[str, tuple[str, Sequence[Iterable[object]]]]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, (head, rows) in files.items():
            told = io.StringIO()
            csv.writer(told).writerows([head.split(","), *rows])
            zipped.writestr(f"{name}.csv", told.getvalue())
    out.seek(0)
    return out


def made_wrong(day: date) -> list[tuple[object, ...]]:
    """Rows that nobody can make out: of a student whom nobody knows, and of no day."""
    return [("20999", "North", day, "U", ""), ("21030", "Cedar", "", "E", "")]
