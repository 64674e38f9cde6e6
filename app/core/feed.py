"""What every source of the roster keeps to, whichever system it is: items one after another, and a proof at the end.

A source yields what it read, in an order that is always the same: an item for each row, and remarks between. When
nothing more is to come it yields WholeRead, once and last. Without that nobody may conclude that somebody is gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Unreadable(Exception):
    """The source cannot be read, now or as it stands. Nothing of it may be taken over; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Rule(StrEnum):
    """The rules that leave a row out."""

    NOT_STAFF = "not_staff"
    NO_ROLE = "no_role"
    UNKNOWN_ROLE = "unknown_role"
    NOT_ENABLED = "not_enabled"
    NO_ID = "no_id"
    NO_NAME = "no_name"
    NO_ADDRESS = "no_address"
    TOO_LONG = "too_long"
    UNCLEAR_FLAG = "unclear_flag"
    SHORT_ROW = "short_row"
    TWICE = "twice"
    TAKEN = "taken"
    SOMEBODY_ELSE = "somebody_else"
    DEACTIVATED_HERE = "deactivated_here"
    NOT_A_SCHOOL = "not_a_school"
    GUEST = "guest"
    NUMBER_TAKEN = "number_taken"
    OTHER_KIND = "other_kind"
    NO_CLASS = "no_class"
    NO_SUCH_SCHOOL = "no_such_school"
    OTHER_ENROLLMENT = "other_enrollment"
    STUDENTS_PASSED_OVER = "students_passed_over"
    NEVER_HERE = "never_here"


#: As somebody reads them who asks why a row is not here.
RULES_IN_WORDS = {
    Rule.NOT_STAFF: "Not on the staff: students and families were not to be taken in by this import.",
    Rule.NO_ROLE: "It has no role there, or none today, and was not here before.",
    Rule.UNKNOWN_ROLE: "Its role is none that we know. Ask whoever keeps your system to use a role of the standard.",
    Rule.NOT_ENABLED: "The source says that this person is not enabled, or is to be deleted.",
    Rule.NO_ID: "The row has no id, so it cannot be told whom it is about.",
    Rule.NO_NAME: "The row has no name.",
    Rule.NO_ADDRESS: "What stands in the email column is not an email address.",
    Rule.TOO_LONG: "A value is longer than such a value can be.",
    Rule.UNCLEAR_FLAG: "Whether they are active is neither true nor false.",
    Rule.SHORT_ROW: "The row has fewer or more values than the file has columns.",
    Rule.TWICE: "The same id stands there twice with different words. The first row counts.",
    Rule.TAKEN: "The new email address belongs to somebody else here.",
    Rule.SOMEBODY_ELSE: "The email address belongs to somebody here who is not on the staff.",
    Rule.DEACTIVATED_HERE: "An admin has deactivated this person here. Activate them under People first.",
    Rule.NOT_A_SCHOOL: "Not a school: districts, departments and states are not taken in.",
    Rule.GUEST: "A guest from another organization: only the district’s own accounts are taken in.",
    Rule.NUMBER_TAKEN: "The student number is another student's, here or among these. Look at both in your system.",
    Rule.OTHER_KIND: "This id was somebody of another kind: staff, student or guardian. Ask for a new id.",
    Rule.NO_CLASS: "The enrollment is in a class that the file does not have, or that was left out.",
    Rule.NO_SUCH_SCHOOL: "The class is at a school that the file does not have.",
    Rule.OTHER_ENROLLMENT: "The enrollment is neither a student's nor a teacher's.",
    Rule.STUDENTS_PASSED_OVER: "The enrollment of a student: students were not to be taken in by this import.",
    Rule.NEVER_HERE: "The file says that the class is to be deleted, and it never was here.",
}

#: What is wrong in the file itself: for the school to mend. The others are rules of ours.
FAULTS = frozenset(
    {
        Rule.UNKNOWN_ROLE,
        Rule.NO_ID,
        Rule.NO_NAME,
        Rule.NO_ADDRESS,
        Rule.TOO_LONG,
        Rule.UNCLEAR_FLAG,
        Rule.SHORT_ROW,
        Rule.TWICE,
        Rule.TAKEN,
        Rule.NUMBER_TAKEN,
        Rule.OTHER_KIND,
        Rule.NO_SUCH_SCHOOL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where something stood, and the id that its source gives it; "" where it gives none."""

    file: str
    line: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FedSchool(Row):
    """A school, as its source tells of it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FedPerson(Row):
    """Somebody on the staff. What the source does not say is "" and overwrites nothing.

    `role` is the source's own word; "" if this feed does not tell it. `active` is False where it says that they left.
    """

    given_name: str
    family_name: str
    email: str
    school_key: str
    role: str
    active: bool
    #: Ids of groups of a directory that they are in, and that mean something here.
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FedStudent(Row):
    """A student: these words and no others, whatever the source knows. What it does not say is "".

    `relatives`: the ids of those whom it names as belonging to them; rights are not among what a source tells.
    `relations`: what each of these is to the student, in their order and in words of roster/models/guardianship.py;
    () where that is told of nobody, and then what a guardian's `role` says counts.
    """

    given_name: str
    family_name: str
    number: str
    grade: str
    school_key: str
    active: bool
    relatives: tuple[str, ...]
    relations: tuple[str, ...] = ()
    #: The language spoken at home, as it was typed.
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FedGuardian(Row):
    """Somebody who belongs to a student, and how they are reached, as it was typed in the source.

    `role` is the source's own word: guardian, parent or relative. `master`: an id that they have in every school.
    """

    given_name: str
    family_name: str
    role: str
    master: str
    email: str
    mobile: str
    phone: str
    school_key: str
    active: bool
    relatives: tuple[str, ...]
    #: In which they are written to, as it was typed.
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FedSomebody(Row):
    """Whom a delta names without a role: whoever they were until now, they still are."""

    staff: FedPerson
    student: FedStudent
    guardian: FedGuardian


#: Its own id, the id of the class, that of the person; "student" or "teacher"; "primary" or ""; the first and the last
#: day as 2026-08-20, or ""; "gone" where the source says that it is over, or "". No line break in any of them.
Enrollment = tuple[str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class FedTerms:
    """Terms, before the classes that name them: id, first and last day as 2026-08-20, or ""."""

    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class FedCourses:
    """Courses, before the classes that name them: id and title."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FedClass(Row):
    """A class: homeroom or scheduled. What the source does not say is "".

    `course` and `terms` are ids; once rolls are gathered (core/rolls.py) the title of the course stands there, and
    the first and last day of all terms as 2026-08-20.
    """

    title: str
    code: str
    kind: str
    school_key: str
    course: str
    periods: tuple[str, ...]
    terms: tuple[str, ...]
    active: bool
    begins_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class FedEnrollments:
    """Some enrollments, a thousand or a page: they come by the million, in any order, before or after their class."""

    rows: Sequence[Enrollment]


@dataclass(frozen=True, slots=True, kw_only=True)
class FedRoll(Row):
    """A class with all its enrollments, once they are gathered (core/rolls.py).

    `told`: None where the source names enrollments and not the class itself. `roll`: packed, in an order of its own.
    `is_whole`: nobody else is in it.
    """

    told: FedClass | None
    roll: Sequence[str]
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Row):
    """A row that is not taken in, and why. Names stand here only if people like them are to be taken in."""

    rule: Rule
    given_name: str = ""
    family_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the feed that an admin should know. Never about a person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class WholeRead:
    """Everything was read. `counts_absence`: whoever is not in it is not with the source any more.

    `has_all_classes`: the same of classes, and of who is in each.
    """

    counts_absence: bool
    has_all_classes: bool = False


Item = (
    FedSchool
    | FedPerson
    | FedStudent
    | FedGuardian
    | FedSomebody
    | FedTerms
    | FedCourses
    | FedClass
    | FedEnrollments
    | FedRoll
    | LeftOut
    | Remark
    | WholeRead
)
Feed = Iterator[Item]


#: Letters, of what the roster keeps of somebody.
LONGEST: Final = {"key": 255, "name": 80, "email": 254}


def fault_of(key: str, given_name: str, family_name: str, email: str = "") -> Rule | None:
    """What is wrong with what a source says of somebody, if anything is."""
    if not key:
        return Rule.NO_ID
    if not given_name and not family_name:
        return Rule.NO_NAME
    too_long = (
        len(key) > LONGEST["key"]
        or max(len(given_name), len(family_name)) > LONGEST["name"]
        or len(email) > LONGEST["email"]
    )
    if too_long:
        return Rule.TOO_LONG
    return Rule.NO_ADDRESS if email and not is_address(email) else None


def is_address(given: str) -> bool:
    """True if this can be an email address. Whether mail arrives there is another matter."""
    before, at, after = given.rpartition("@")
    return bool(
        at and before and "." in after.strip(".") and "@" not in before and given.isprintable()
    ) and not any(letter.isspace() for letter in given)
