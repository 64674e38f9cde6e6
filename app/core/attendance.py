"""What every source of attendance keeps to, whichever system it is: rows one after another, and what is wrong with one.

A source tells what stands there, in its own ids. Whom and what those mean here is the register's business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Fault(StrEnum):
    """Why a row is set aside."""

    SHORT_ROW = "short_row"
    TOO_LONG = "too_long"
    NO_STUDENT = "no_student"
    UNKNOWN_STUDENT = "unknown_student"
    UNKNOWN_SCHOOL = "unknown_school"
    BAD_DATE = "bad_date"
    OUTSIDE_WINDOW = "outside_window"
    NO_SCHOOL_DAY = "no_school_day"
    BAD_SLOT = "bad_slot"
    NO_CODE = "no_code"
    BAD_MINUTES = "bad_minutes"
    NO_OP = "no_op"
    TWO_CODES = "two_codes"
    TWICE = "twice"
    SECOND_SCHOOL = "second_school"
    UNCLEAR_FLAG = "unclear_flag"
    BAD_KIND = "bad_kind"
    BAD_NUMBER = "bad_number"


#: As somebody reads them who has to mend the row.
FAULTS_IN_WORDS: Final[Mapping[Fault, str]] = {
    Fault.SHORT_ROW: "The row has fewer or more values than the file has columns.",
    Fault.TOO_LONG: "A value is longer than such a value can be.",
    Fault.NO_STUDENT: "The row does not say whose it is.",
    Fault.UNKNOWN_STUDENT: "No student here has this number. Bring in the students first, under People.",
    Fault.UNKNOWN_SCHOOL: "No school here has this name, short name or id.",
    Fault.BAD_DATE: "What stands in the date column is not a date such as 2026-09-07.",
    Fault.OUTSIDE_WINDOW: "The day is not one of those that the file says it is about.",
    Fault.NO_SCHOOL_DAY: "There was no school that day, by the school’s calendar or because it was a weekend.",
    Fault.BAD_SLOT: "The slot is none: it is DAY, AM, PM, or a lesson from P1 to P99.",
    Fault.NO_CODE: "The mark has no code.",
    Fault.BAD_MINUTES: "The minutes are not a whole number from 0 to 1440.",
    Fault.NO_OP: "Each row of a file of changes says upsert or delete, and this one does not.",
    Fault.TWO_CODES: "The student has two different marks for this day and slot. Neither counts until one is left.",
    Fault.TWICE: "The same mark stands there twice. The first row counts.",
    Fault.SECOND_SCHOOL: "Another school has a mark for this student, day and slot, and the student’s primary "
    "enrollment is there, or cannot be told.",
    Fault.UNCLEAR_FLAG: "What should be yes or no is neither.",
    Fault.BAD_KIND: "The kind, the excuse or a flag of the code is none that we know.",
    Fault.BAD_NUMBER: "A number is none, or far too large.",
}


class FedMark(NamedTuple):
    """A mark, as its source tells of it. `day` as 2026-09-07; `minutes` a number or ""; `op`: upsert, delete or ""."""

    line: int
    student: str
    school: str
    day: str
    slot: str
    code: str
    minutes: str
    reason: str
    record: str
    op: str


@dataclass(frozen=True, slots=True)
class FedRow:
    """A row of a calendar, of codes or of enrollments: field → what it says, checked. "" where it says nothing."""

    line: int
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is set aside. `told`: field → what stands there, as it was written."""

    line: int
    fault: Fault
    told: Mapping[str, str]


FedMarks = Iterator[FedMark | BadRow]
FedRows = Iterator[FedRow | BadRow]
