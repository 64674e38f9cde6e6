"""Staff out of a CSV file of any shape: an admin says which column is what.

A school is known by its name, as the file writes it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.core.feed import FedPerson, Feed, LeftOut, Remark, Rule, Unreadable, WholeRead, is_address
from app.core.sheet import remark_on
from app.integrations.spreadsheet.sheet import FILE, LONGEST_SCHOOL, NO, NOBODY, YES, PeopleSheet, school_of

#: What a column may hold, in the order of the form.
FIELDS: Final = ("given_name", "family_name", "email", "number", "school", "role", "active")
#: As columns are called, in letters alone → what they are taken for until somebody says otherwise.
USUAL: Final[Mapping[str, Sequence[str]]] = {
    "given_name": ("firstname", "givenname", "first", "forename", "preferredfirstname", "legalfirstname"),
    "family_name": ("lastname", "familyname", "last", "surname", "legallastname"),
    "email": ("email", "workemail", "emailaddress", "mail", "staffemail", "primaryemail"),
    "number": (
        "staffid",
        "employeeid",
        "employeenumber",
        "staffnumber",
        "teacherid",
        "sourcedid",
        "personid",
        "id",
    ),
    "school": ("school", "schoolname", "building", "location", "site", "campus"),
    "role": ("role", "jobtitle", "title", "position", "job", "stafftype"),
    "active": ("active", "enabled", "isactive", "currentlyemployed"),
}
MOST_STAFF: Final = 200_000

_LONGEST: Final = {
    "given_name": 80,
    "family_name": 80,
    "email": 254,
    "number": 255,
    "school": LONGEST_SCHOOL,
    "role": 80,
}


class StaffSheet(PeopleSheet):
    """A list of staff."""

    FIELDS = FIELDS
    USUAL = USUAL

    def items(self, columns: Mapping[str, str], *, has_everybody: bool) -> Feed:
        """Everybody in it, in the same order each time. Raises Unreadable, at any item.

        `columns`: field → column. `has_everybody`: whoever is missing is missing.
        """
        places = self._places(columns)
        yield Remark(f"A CSV file of {'everybody' if has_everybody else 'some of the staff'}.")
        if remark := remark_on(self.encoding, "The file"):
            yield Remark(remark)
        schools: set[str] = set()
        people = nameless = 0
        for line, row in self._rows():
            values = self._picked(row, places)
            if values is None:
                nameless += 1
                yield LeftOut(file=FILE, line=line, key="", rule=Rule.SHORT_ROW)
                continue
            yield from school_of(line, values["school"], schools)
            item = _person(line, values)
            people += 1
            nameless += not item.key
            if people > MOST_STAFF:
                raise Unreadable(f"There are more than {MOST_STAFF:,} people in this file.")
            yield item
        if not people:
            raise Unreadable(NOBODY)
        if has_everybody and nameless:
            yield Remark(
                f"{nameless} rows cannot be told whose they are, so nobody is taken to have left by not being in this "
                "file."
            )
        yield WholeRead(has_everybody and not nameless)


def _person(line: int, values: Mapping[str, str]) -> FedPerson | LeftOut:
    email = values["email"].lower()
    key = values["number"] or email
    rule = _fault(key, email, values)
    if rule is not None:
        return LeftOut(
            file=FILE,
            line=line,
            key=key[:255],
            rule=rule,
            given_name=values["given_name"][:80],
            family_name=values["family_name"][:80],
            email=email[:254],
        )
    return FedPerson(
        file=FILE,
        line=line,
        key=key,
        given_name=values["given_name"],
        family_name=values["family_name"],
        email=email,
        school_key=values["school"].lower(),
        role=values["role"] or "staff",
        active=values["active"].lower() in YES,
    )


def _fault(key: str, email: str, values: Mapping[str, str]) -> Rule | None:
    if not key:
        return Rule.NO_ID
    if any(len(values[field]) > most for field, most in _LONGEST.items()):
        return Rule.TOO_LONG
    if not values["given_name"] and not values["family_name"]:
        return Rule.NO_NAME
    if values["active"].lower() not in YES | NO:
        return Rule.UNCLEAR_FLAG
    if email and not is_address(email):
        return Rule.NO_ADDRESS
    return None
