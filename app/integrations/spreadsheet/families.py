"""Students out of a CSV file of any shape, with up to three guardians in the columns beside each.

A student is known by the number. Of guardians such a list has no ids: who has the same name and the same email or phone
in it is one person, beside however many students; who has neither belongs to that one student.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from app.core.feed import FedGuardian, FedStudent, Feed, Item, LeftOut, Remark, Rule, Unreadable, WholeRead
from app.core.sheet import remark_on
from app.integrations.spreadsheet.sheet import FILE, LONGEST_SCHOOL, NO, NOBODY, YES, PeopleSheet, school_of

GUARDIANS: Final = (1, 2, 3)
OF_A_STUDENT: Final = ("number", "given_name", "family_name", "school", "grade", "language", "active")
OF_A_GUARDIAN: Final = ("name", "family_name", "relation", "email", "mobile", "phone", "language")
#: What a column may hold, in the order of the form.
FIELDS: Final = (
    *OF_A_STUDENT,
    *(f"guardian_{nth}_{what}" for nth in GUARDIANS for what in OF_A_GUARDIAN),
)
_USUAL_OF_A_STUDENT: Final[Mapping[str, Sequence[str]]] = {
    "number": (
        "studentnumber",
        "studentid",
        "pupilid",
        "upn",
        "localid",
        "studentlocalid",
        "sourcedid",
        "id",
    ),
    "given_name": ("studentfirstname", "firstname", "givenname", "forename", "legalfirstname", "first"),
    "family_name": ("studentlastname", "lastname", "familyname", "surname", "legallastname", "last"),
    "school": ("school", "schoolname", "building", "campus", "site"),
    "grade": ("grade", "gradelevel", "yeargroup", "year"),
    "language": ("homelanguage", "language", "nativelanguage", "studentlanguage"),
    "active": ("active", "enrolled", "isactive", "enabled"),
}
_USUAL_OF_A_GUARDIAN: Final[Mapping[str, Sequence[str]]] = {
    "name": ("firstname", "name", "fullname", "givenname", "first", ""),
    "family_name": ("lastname", "familyname", "surname", "last"),
    "relation": ("relationship", "relation", "type", "relationtostudent"),
    "email": ("email", "emailaddress", "mail"),
    "mobile": ("mobile", "mobilephone", "cell", "cellphone", "cellnumber", "mobilenumber"),
    "phone": ("phone", "homephone", "phonenumber", "telephone", "landline"),
    "language": ("language", "preferredlanguage", "correspondencelanguage"),
}
#: As somebody is called → a word of Ed-Fi's RelationDescriptor, which the roster uses.
RELATIONS: Final[Mapping[str, str]] = {
    "mother": "Mother",
    "mom": "Mother",
    "mum": "Mother",
    "father": "Father",
    "dad": "Father",
    "parent": "Parent",
    "stepmother": "Mother, step",
    "stepmom": "Mother, step",
    "stepfather": "Father, step",
    "stepdad": "Father, step",
    "fostermother": "Mother, foster",
    "fosterfather": "Father, foster",
    "fosterparent": "Foster parent",
    "grandmother": "Grandmother",
    "grandma": "Grandmother",
    "grandfather": "Grandfather",
    "grandpa": "Grandfather",
    "grandparent": "Grandparent",
    "aunt": "Aunt",
    "uncle": "Uncle",
    "sister": "Sister",
    "brother": "Brother",
    "cousin": "Cousin",
    "guardian": "Guardian",
    "legalguardian": "Guardian",
    "carer": "Guardian",
    "family": "Family member",
    "relative": "Family member",
    "other": "Other",
}
#: What stands there for a relation that nobody knows: the roster's most general word.
SOMEHOW: Final = "Family member"
#: As it stands with OneRoster, whose word decides where none is told of the two.
ROLES: Final = {"Guardian": "guardian", SOMEHOW: "relative", "Other": "relative"}

MOST_STUDENTS: Final = 500_000
#: Rows of one student, when each guardian has one.
MOST_ROWS_OF_ONE: Final = 10
LONGEST_NUMBER: Final = 64
_LONGEST: Final = {"name": 80, "email": 254, "phone": 40}
_ORDINAL: Final = re.compile(r"^(?:grade|year)?(\d{1,2})(?:st|nd|rd|th)?(?:grade)?$")
_EARLY: Final = {"prek": "PK", "prekindergarten": "PK", "k": "KG", "kindergarten": "KG", "tk": "TK"}


@dataclass
class _Met:
    """What was told already, so that nobody is told twice."""

    schools: set[str] = field(default_factory=set)
    #: Name and email or phone → the id of whoever was told so first.
    guardians: dict[str, str] = field(default_factory=dict)


class FamilySheet(PeopleSheet):
    """A list of students, each with guardians in the columns beside, or in rows of their own one below the other."""

    FIELDS = FIELDS
    USUAL = {
        **_USUAL_OF_A_STUDENT,
        **{
            f"guardian_{nth}_{what}": [
                f"{who}{place}{word}"
                for word in words
                for who in ("guardian", "parent", "parentguardian", "contact")
                for place in ((nth, "") if nth == 1 else (nth,))
                if word or place
            ]
            for nth in GUARDIANS
            for what, words in _USUAL_OF_A_GUARDIAN.items()
        },
    }

    def items(self, columns: Mapping[str, str], *, has_everybody: bool) -> Feed:
        """See Sheet. Rows of one number that follow one another are one student with the guardians of all of them."""
        places = self._places(columns)
        told = "all students" if has_everybody else "some of the students"
        yield Remark(f"A CSV file of {told}, with their guardians.")
        if remark := remark_on(self.encoding, "The file"):
            yield Remark(remark)
        met = _Met()
        students = nameless = 0
        rows = ((line, self._picked(row, places)) for line, row in self._rows())
        for _, several in groupby(rows, key=_whose):
            for item in _family([*several], met):
                students += isinstance(item, FedStudent)
                nameless += isinstance(item, LeftOut) and not item.key
                yield item
            if students > MOST_STUDENTS:
                raise Unreadable(f"There are more than {MOST_STUDENTS:,} students in this file.")
        if not students:
            raise Unreadable(NOBODY)
        if has_everybody and nameless:
            yield Remark(
                f"{nameless} rows cannot be told whose they are, so nobody is taken to have left by not being in this "
                "file."
            )
        yield WholeRead(has_everybody and not nameless)


_Row = tuple[int, dict[str, str] | None]


def _whose(row: _Row) -> object:
    line, values = row
    return (values or {}).get("number") or line


def _family(rows: list[_Row], met: _Met) -> Iterator[Item]:
    line, values = rows[0]
    if values is None:
        yield LeftOut(file=FILE, line=line, key="", rule=Rule.SHORT_ROW)
        return
    rule = _fault(values)
    if rule is None and len(rows) > MOST_ROWS_OF_ONE:
        rule = Rule.TWICE
    if rule is not None:
        yield LeftOut(
            file=FILE,
            line=line,
            key=values["number"][:255],
            rule=rule,
            given_name=values["given_name"][:80],
            family_name=values["family_name"][:80],
        )
        return
    yield from school_of(line, values["school"], met.schools)
    relatives: dict[str, str] = {}
    for at, each in rows:
        for nth in GUARDIANS:
            guardian = _guardian(at, each or values, nth)
            if isinstance(guardian, LeftOut):
                yield guardian
            elif guardian is not None:
                key, is_new = _known(guardian, met)
                if key in relatives:
                    continue
                relatives[key] = _relation((each or values)[f"guardian_{nth}_relation"])
                if is_new:
                    yield guardian
    yield FedStudent(
        file=FILE,
        line=line,
        key=values["number"],
        given_name=values["given_name"],
        family_name=values["family_name"],
        number=values["number"],
        grade=_grade(values["grade"]),
        school_key=values["school"].lower(),
        active=values["active"].lower() in YES,
        relatives=tuple(relatives),
        relations=tuple(relatives.values()),
        language=values["language"],
    )


def _guardian(line: int, values: Mapping[str, str], nth: int) -> FedGuardian | LeftOut | None:
    """Whoever stands in those columns; None if nobody does."""
    told = {what: values[f"guardian_{nth}_{what}"] for what in OF_A_GUARDIAN}
    given, family = _names(told["name"], told["family_name"])
    if not given and not family:
        return None
    key = f"{values['number']} {given} {family}".lower()
    too_long = (
        max(len(given), len(family)) > _LONGEST["name"]
        or len(told["email"]) > _LONGEST["email"]
        or max(len(told["mobile"]), len(told["phone"])) > _LONGEST["phone"]
    )
    if too_long:
        return LeftOut(file=FILE, line=line, key=key[:255], rule=Rule.TOO_LONG)
    return FedGuardian(
        file=FILE,
        line=line,
        key=key,
        given_name=given,
        family_name=family,
        role=ROLES.get(_relation(told["relation"]), "parent"),
        master="",
        email=told["email"].lower(),
        mobile=told["mobile"],
        phone=told["phone"],
        school_key="",
        active=True,
        relatives=(),
        language=told["language"],
    )


def _known(guardian: FedGuardian, met: _Met) -> tuple[str, bool]:
    """The id of whoever was told of so before, else their own; and whether they are told for the first time."""
    reached_at = guardian.email or re.sub(r"\D", "", guardian.mobile or guardian.phone)
    if not reached_at:
        return guardian.key, True
    said = f"{guardian.given_name} {guardian.family_name}\0{reached_at}".lower()
    first = met.guardians.setdefault(said, guardian.key)
    return first, first == guardian.key


def _names(name: str, family_name: str) -> tuple[str, str]:
    """Given and family name, where both may stand in one column: "Ana Quill", or "Quill, Ana"."""
    if family_name or not name:
        return name, family_name
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    given, _, family = name.rpartition(" ")
    return (given, family) if given else ("", family)


def _relation(word: str) -> str:
    return RELATIONS.get(re.sub("[^a-z]", "", word.lower()), SOMEHOW)


def _grade(word: str) -> str:
    """As a code, where people write "4th" or "Pre-K"."""
    plain = re.sub("[^a-z0-9]", "", word.lower())
    if (early := _EARLY.get(plain)) is not None:
        return early
    found = _ORDINAL.fullmatch(plain)
    return found[1] if found else word


def _fault(values: Mapping[str, str]) -> Rule | None:
    if not values["number"]:
        return Rule.NO_ID
    if (
        len(values["number"]) > LONGEST_NUMBER
        or max(len(values["given_name"]), len(values["family_name"])) > _LONGEST["name"]
        or len(values["school"]) > LONGEST_SCHOOL
    ):
        return Rule.TOO_LONG
    if not values["given_name"] and not values["family_name"]:
        return Rule.NO_NAME
    if values["active"].lower() not in YES | NO:
        return Rule.UNCLEAR_FLAG
    return None
