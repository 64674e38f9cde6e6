"""A file of an export, a row at a time, with its headers as they are met in schools.

Only the columns that are asked for leave this module: a password in another one is passed over with the rest of its
row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from operator import itemgetter
from typing import Final

from app.core.feed import Unreadable
from app.core.sheet import MOST_COLUMNS, MOST_ROWS, encoding_of, letters_of, parsed, remark_on, shown
from app.integrations.oneroster.archive import Archive

#: So alike must a misspelt header be. At 0.85 "givenName" and "gvenName" are, and "sourcedId" and "userSourcedId" not.
ALIKE: Final = 0.85


@dataclass
class Table:
    """A file whose header was read. `places` says where each column stands; a column that is not there has none."""

    archive: Archive
    name: str
    places: Mapping[str, int]
    width: int
    encoding: str
    remarks: Sequence[str] = field(default_factory=list)

    def has(self, column: str) -> bool:
        """True if the file has this column."""
        return column in self.places

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, list[str] | None]]:
        """Line and values of `columns`, trimmed, "" where the file has no such column. Raises Unreadable.

        None for a row that does not fit the columns.
        """
        places = [self.places.get(column, -1) for column in columns]
        needs = max(places) + 1
        picked = _picker(places)
        with self.archive.open(self.name) as file:
            for nth, (line, row) in enumerate(parsed(file, self.encoding, self.name)):
                if nth == 0 or not any(row):
                    continue
                if nth > MOST_ROWS:
                    raise Unreadable(f"{self.name} has more than {MOST_ROWS:,} rows. Nothing was taken over.")
                is_whole = len(row) >= needs and not any(row[self.width :])
                yield line, picked(row) if is_whole else None


def open_table(archive: Archive, name: str, *, columns: Sequence[str], required: Sequence[str]) -> Table:
    """Read the header of a file, and say what is odd about it. Raises Unreadable."""
    with archive.open(name) as file:
        encoding = encoding_of(file, name)
    with archive.open(name) as file:
        header = next((row for _, row in parsed(file, encoding, name)), [])
    if not any(header):
        raise Unreadable(f"{name} is empty. Nothing was taken over, and nobody was removed.")
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"{name} has {len(header)} columns. That is no OneRoster file.")
    places, remarks = _matched(header, columns, name)
    missing = [column for column in required if column not in places]
    if missing:
        raise Unreadable(
            f"{name} has no column {' and no column '.join(missing)}. Export it again with all columns."
        )
    if remark := remark_on(encoding, name):
        remarks.append(remark)
    return Table(archive, name, places, len(header), encoding, remarks)


def _matched(header: Sequence[str], columns: Sequence[str], name: str) -> tuple[dict[str, int], list[str]]:
    by_letters = {letters_of(column): column for column in columns}
    places: dict[str, int] = {}
    remarks: list[str] = []
    unknown: list[tuple[int, str]] = []
    for place, given in enumerate(header):
        column = by_letters.get(letters_of(given))
        if column is None:
            unknown.append((place, given))
        elif column in places:
            remarks.append(f"{name} has the column {column} twice. The first one was read.")
        else:
            places[column] = place
            if given.strip() != column:
                remarks.append(f"{name}: the column “{shown(given)}” was read as {column}.")
    for place, given in unknown:
        lacking = {letters_of(column): column for column in columns if column not in places}
        alike = get_close_matches(letters_of(given), lacking, n=1, cutoff=ALIKE)
        if alike and letters_of(given) not in _OTHER_COLUMNS:
            places[lacking[alike[0]]] = place
            remarks.append(f"{name}: the column “{shown(given)}” was read as {lacking[alike[0]]}.")
    if "password" in map(letters_of, header):
        remarks.append(f"{name} carries a column of passwords. They were not read, and are not kept.")
    return places, remarks


#: Columns of the standard that are like others, and are not they.
_OTHER_COLUMNS: Final = frozenset(
    {
        "username",
        "userids",
        "usermasteridentifier",
        "useridentifier",
        "middlename",
        "preferredmiddlename",
        "parentsourcedid",
        "agentsourcedids",
        "identifier",
        "userprofilesourcedid",
        "password",
        "pronouns",
        "begindate",
        "sms",
        "phone",
        "grades",
    }
)


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], list[str]]:
    """What takes the values out of a row, and is called a million times."""
    if len(places) > 1 and min(places) >= 0:
        pick = itemgetter(*places)
        return lambda row: list(map(str.strip, pick(row)))
    return lambda row: [row[place].strip() if place >= 0 else "" for place in places]
