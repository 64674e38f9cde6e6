"""A CSV file of any shape: its first row says what the columns are called, and an admin which of them is what.

Values of columns that nobody chose are never looked at.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, ClassVar, Final

from app.core.feed import FedSchool, Feed, Unreadable
from app.core.sheet import MOST_COLUMNS, MOST_ROWS, encoding_of, letters_of, parsed, shown

BETWEEN: Final = (",", ";", "\t")
MOST_SCHOOLS: Final = 5_000
#: Letters of a school's name.
LONGEST_SCHOOL: Final = 120
NOBODY: Final = "There is nobody in this file. Nothing was taken over, and nobody was removed."
FILE: Final = "the file"
YES: Final = frozenset({"", "true", "1", "yes", "y", "t", "active"})
NO: Final = frozenset({"false", "0", "no", "n", "f", "inactive"})


class Sheet:
    """One upload, its first row read. `columns`: what each is called, as it stands there."""

    #: What a column may hold, in the order of the form.
    FIELDS: ClassVar[Sequence[str]]
    #: As columns are called, in letters alone → what they are taken for until somebody says otherwise.
    USUAL: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(self, file: IO[bytes]) -> None:
        """Raises Unreadable."""
        self._file = file
        self.encoding = encoding_of(self._again(), FILE)
        self.between = max(BETWEEN, key=lambda sign: len(self._row(0, sign)))
        self.columns = [shown(one).strip() for one in self._row(0, self.between)]
        if not any(self.columns):
            raise Unreadable("The file is empty. Its first row has to say what the columns are.")
        if len(self.columns) > MOST_COLUMNS:
            raise Unreadable(f"The file has {len(self.columns)} columns. That is no such list.")

    def guessed(self, remembered: Mapping[str, str]) -> dict[str, str]:
        """Field → the column it is probably in: the one of the last time, else one that is called like it."""
        by_letters = {letters_of(one): one for one in reversed(self.columns) if one}
        guess = {}
        for field, words in self.USUAL.items():
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

    def _places(self, columns: Mapping[str, str]) -> list[int]:
        """By field, where its column stands; -1 for one that nobody chose. Raises Unreadable."""
        if lacking := [one for one in columns.values() if one not in self.columns]:
            raise Unreadable(f"The file has no column {lacking[0]}.")
        return [self.columns.index(columns[field]) if field in columns else -1 for field in self.FIELDS]

    def _picked(self, row: Sequence[str], places: Sequence[int]) -> dict[str, str] | None:
        """What a row has, by field; None if it is shorter or longer than the first row."""
        if len(row) <= max(places) or any(row[len(self.columns) :]):
            return None
        values = (" ".join(row[place].split()) if place >= 0 else "" for place in places)
        return dict(zip(self.FIELDS, values, strict=True))

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


class PeopleSheet(Sheet, ABC):
    """A list of people."""

    @abstractmethod
    def items(self, columns: Mapping[str, str], *, has_everybody: bool) -> Feed:
        """Everybody in it, in the same order each time. Raises Unreadable, at any item.

        `columns`: field → column. `has_everybody`: whoever is missing is missing.
        """


def school_of(line: int, name: str, met: set[str]) -> Iterator[FedSchool]:
    """The school of a row, the first time that it is met. It is known by its name, as the file writes it.

    Raises Unreadable for more of them than any district has.
    """
    if name and name.lower() not in met and len(name) <= LONGEST_SCHOOL:
        met.add(name.lower())
        if len(met) > MOST_SCHOOLS:
            raise Unreadable(
                f"The column of schools has more than {MOST_SCHOOLS:,} names. Is it the right one?"
            )
        yield FedSchool(file=FILE, line=line, key=name.lower(), name=name)
