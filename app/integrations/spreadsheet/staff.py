"""Staff out of a CSV file of any shape: an admin says which column is what.

Values of columns that nobody chose are never looked at. A school is known by its name, as the file writes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Final

from app.core.feed import FedPerson, FedSchool, Feed, LeftOut, Remark, Rule, Unreadable, WholeRead, is_address
from app.core.sheet import MOST_COLUMNS, MOST_ROWS, encoding_of, letters_of, parsed, remark_on, shown

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
BETWEEN: Final = (",", ";", "\t")
MOST_SCHOOLS: Final = 5_000
MOST_STAFF: Final = 200_000
FILE: Final = "the file"

_LONGEST: Final = {
    "given_name": 80,
    "family_name": 80,
    "email": 254,
    "number": 255,
    "school": 120,
    "role": 80,
}
_YES: Final = frozenset({"", "true", "1", "yes", "y", "t", "active"})
_NO: Final = frozenset({"false", "0", "no", "n", "f", "inactive"})

NOBODY: Final = "There is nobody in this file. Nothing was taken over, and nobody was removed."


class Sheet:
    """One upload, its first row read. `columns`: what each is called, as it stands there."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises Unreadable."""
        self._file = file
        self.encoding = encoding_of(self._again(), FILE)
        self.between = max(BETWEEN, key=lambda sign: len(self._row(0, sign)))
        self.columns = [shown(one).strip() for one in self._row(0, self.between)]
        if not any(self.columns):
            raise Unreadable("The file is empty. Its first row has to say what the columns are.")
        if len(self.columns) > MOST_COLUMNS:
            raise Unreadable(f"The file has {len(self.columns)} columns. That is no list of staff.")

    def guessed(self, remembered: Mapping[str, str]) -> dict[str, str]:
        """Field → the column it is probably in: the one of the last time, else one that is called like it."""
        by_letters = {letters_of(one): one for one in reversed(self.columns) if one}
        guess = {}
        for field, words in USUAL.items():
            if remembered.get(field) in self.columns:
                guess[field] = remembered[field]
            elif not remembered and (usual := next((one for one in words if one in by_letters), None)):
                guess[field] = by_letters[usual]
        return guess

    def example(self, columns: Iterable[str]) -> dict[str, str]:
        """What the first row of people has in these columns."""
        row = self._row(1, self.between)
        places = {one: self.columns.index(one) for one in columns}
        return {one: shown(row[place]) for one, place in places.items() if place < len(row)}

    def items(self, columns: Mapping[str, str], *, has_everybody: bool) -> Feed:
        """Everybody in it, in the same order each time. Raises Unreadable, at any item.

        `columns`: field → column. `has_everybody`: whoever is missing is missing.
        """
        if lacking := [one for one in columns.values() if one not in self.columns]:
            raise Unreadable(f"The file has no column {lacking[0]}.")
        yield Remark(f"A CSV file of {'everybody' if has_everybody else 'some of the staff'}.")
        if remark := remark_on(self.encoding, "The file"):
            yield Remark(remark)
        places = [self.columns.index(columns[field]) if field in columns else -1 for field in FIELDS]
        schools: set[str] = set()
        people = nameless = 0
        for line, row in self._rows():
            if len(row) <= max(places) or any(row[len(self.columns) :]):
                nameless += 1
                yield LeftOut(file=FILE, line=line, key="", rule=Rule.SHORT_ROW)
                continue
            values = dict(zip(FIELDS, (_picked(row, place) for place in places), strict=True))
            school = values["school"]
            if school and school.lower() not in schools and len(school) <= _LONGEST["school"]:
                schools.add(school.lower())
                if len(schools) > MOST_SCHOOLS:
                    raise Unreadable(
                        f"The column of schools has more than {MOST_SCHOOLS:,} names. Is it the right one?"
                    )
                yield FedSchool(file=FILE, line=line, key=school.lower(), name=school)
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

    def _again(self) -> IO[bytes]:
        self._file.seek(0)
        return self._file

    def _row(self, number: int, between: str) -> list[str]:
        rows = parsed(self._again(), self.encoding, FILE, between=between)
        return next((row for nth, (_, row) in enumerate(rows) if nth == number), [])

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        rows = parsed(self._again(), self.encoding, FILE, between=self.between)
        for nth, (line, row) in enumerate(rows):
            if nth > MOST_ROWS:
                raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Nothing was taken over.")
            if nth and any(value.strip() for value in row):
                yield line, row


def _picked(row: Sequence[str], place: int) -> str:
    return " ".join(row[place].split()) if place >= 0 else ""


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
        active=values["active"].lower() in _YES,
    )


def _fault(key: str, email: str, values: Mapping[str, str]) -> Rule | None:
    if not key:
        return Rule.NO_ID
    if any(len(values[field]) > most for field, most in _LONGEST.items()):
        return Rule.TOO_LONG
    if not values["given_name"] and not values["family_name"]:
        return Rule.NO_NAME
    if values["active"].lower() not in _YES | _NO:
        return Rule.UNCLEAR_FLAG
    if email and not is_address(email):
        return Rule.NO_ADDRESS
    return None
