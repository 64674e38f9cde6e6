"""Who is in which class: enrollments that come by the million, in any order, brought together class by class.

They are told apart on disk, in unnamed files of which only one is in memory at a time.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, Final
from zlib import crc32

from app.core import spool
from app.core.feed import (
    Enrollment,
    FedClass,
    FedCourses,
    FedEnrollments,
    FedRoll,
    FedTerms,
    Feed,
    LeftOut,
    Rule,
    Unreadable,
    WholeRead,
)

#: So many parts are they told apart into.
PARTS: Final = 64
#: Terms and courses are held in memory.
MOST_TERMS: Final = 50_000
MOST_COURSES: Final = 500_000
MOST_CLASSES: Final = 500_000
MOST_ENROLLMENTS: Final = 5_000_000
#: What stands between the values of one that is packed; a class in a part begins with MARK.
BETWEEN: Final = "\x1f"
MARK: Final = "\x1e"


def gathered(feed: Feed) -> Feed:
    """The same feed, with a FedRoll for each class instead of classes and enrollments, before its proof.

    The order is always the same. Raises Unreadable for more than any roster has.
    """
    with ExitStack() as files:
        parts = _Parts(files)
        for item in feed:
            if isinstance(item, FedTerms):
                parts.add_terms(item)
            elif isinstance(item, FedCourses):
                parts.add_courses(item)
            elif isinstance(item, FedClass):
                parts.add_class(item)
            elif isinstance(item, FedEnrollments):
                parts.add_enrollments(item)
            elif isinstance(item, WholeRead):
                yield from parts.rolls(is_whole=item.has_all_classes)
                yield item
            else:
                yield item


def unpacked(packed: str) -> Enrollment:
    """An enrollment of a FedRoll, without its class, which is ""."""
    key, person, role, primary, begins, ends, gone = packed.split(BETWEEN)
    return key, "", person, role, primary, begins, ends, gone


class _Parts:
    def __init__(self, files: ExitStack) -> None:
        self.files: list[IO[str]] = [files.enter_context(_unnamed()) for _ in range(PARTS)]
        self.classes = self.enrollments = 0
        self.terms: dict[str, tuple[str, str]] = {}
        self.courses: dict[str, str] = {}

    def add_terms(self, some: FedTerms) -> None:
        self.terms.update((key, (begins, ends)) for key, begins, ends in some.rows)
        if len(self.terms) > MOST_TERMS:
            raise Unreadable(f"There are more than {MOST_TERMS:,} terms. Nothing was taken over.")

    def add_courses(self, some: FedCourses) -> None:
        self.courses.update(some.rows)
        if len(self.courses) > MOST_COURSES:
            raise Unreadable(f"There are more than {MOST_COURSES:,} courses. Nothing was taken over.")

    def add_class(self, told: FedClass) -> None:
        """With the title of its course, and from the first day of the first of its terms to the last of the last."""
        terms = [self.terms[key] for key in told.terms if key in self.terms]
        course = self.courses.get(told.course, "")
        one = replace(
            told,
            title=told.title or course or told.code or told.key,
            course=course,
            terms=(),
            begins_on=min((first for first, _ in terms if first), default=""),
            ends_on=max((last for _, last in terms), default=""),
        )
        self.classes += 1
        if self.classes > MOST_CLASSES:
            raise Unreadable(f"There are more than {MOST_CLASSES:,} classes. Nothing was taken over.")
        self._part_of(one.key).write(f"{one.key}{BETWEEN}{MARK}{spool.written([one])}\n")

    def add_enrollments(self, some: FedEnrollments) -> None:
        self.enrollments += len(some.rows)
        if self.enrollments > MOST_ENROLLMENTS:
            raise Unreadable(f"There are more than {MOST_ENROLLMENTS:,} enrollments. Nothing was taken over.")
        lines: dict[int, list[str]] = {}
        for key, of, *rest in some.rows:
            lines.setdefault(crc32(of.encode()) % PARTS, []).append(BETWEEN.join((of, key, *rest)))
        for nth, several in lines.items():
            self.files[nth].write("\n".join(several) + "\n")

    def rolls(self, *, is_whole: bool) -> Iterator[FedRoll | LeftOut]:
        """Class by class; last, under no id, what is said to be over without a word of its class."""
        classless: list[str] = []
        for file in self.files:
            file.seek(0)
            yield from _rolls_of(file, classless, is_whole=is_whole)
        if classless:
            yield FedRoll(file="", line=0, key="", told=None, roll=classless, is_whole=False)

    def _part_of(self, key: str) -> IO[str]:
        return self.files[crc32(key.encode()) % PARTS]


def _unnamed() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")


def _rolls_of(file: IO[str], classless: list[str], *, is_whole: bool) -> Iterator[FedRoll | LeftOut]:
    told: dict[str, FedClass] = {}
    rolls: dict[str, list[str]] = {}
    for line in file:
        key, _, rest = line[:-1].partition(BETWEEN)
        if not rest.startswith(MARK):
            rolls.setdefault(key, []).append(rest)
            continue
        (one,) = spool.read_back(rest[1:])
        assert isinstance(one, FedClass)
        first = told.setdefault(key, one)
        if replace(one, line=first.line) != first:
            yield LeftOut(file=one.file, line=one.line, key=key, rule=Rule.TWICE)
    classless += rolls.pop("", ())
    for key, one in told.items():
        roll = sorted(rolls.pop(key, ()))
        yield FedRoll(file=one.file, line=one.line, key=key, told=one, roll=roll, is_whole=is_whole)
    for key, roll in rolls.items():
        yield FedRoll(file="", line=0, key=key, told=None, roll=sorted(roll), is_whole=is_whole)
