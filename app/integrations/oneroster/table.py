"""A CSV file, a row at a time, whatever made it: encodings, line ends and headers as they are met in schools.

Memory stays the same however long the file is. Only the columns that are asked for leave this module: a password
in another one is passed over with the rest of its row.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import IO, Final

from app.core.feed import Unreadable
from app.integrations.oneroster.archive import CHUNK, Archive

#: Characters.
LONGEST_LINE: Final = 64 * 1024
MOST_COLUMNS: Final = 500
#: Line breaks within a row. The standard allows none; some write an address over two lines.
MOST_BREAKS: Final = 2
MOST_ROWS: Final = 5_000_000

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
        with self.archive.open(self.name) as file:
            for nth, (line, row) in enumerate(_parsed(file, self.encoding, self.name)):
                if nth == 0 or not any(row):
                    continue
                if nth > MOST_ROWS:
                    raise Unreadable(f"{self.name} has more than {MOST_ROWS:,} rows. Nothing was taken over.")
                is_whole = len(row) >= needs and not any(row[self.width :])
                yield line, _picked(row, places) if is_whole else None


def open_table(archive: Archive, name: str, *, columns: Sequence[str], required: Sequence[str]) -> Table:
    """Read the header of a file, and say what is odd about it. Raises Unreadable."""
    with archive.open(name) as file:
        encoding = _encoding_of(file, name)
    with archive.open(name) as file:
        header = next((row for _, row in _parsed(file, encoding, name)), [])
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
    if encoding == "cp1252":
        remarks.append(f"{name} is not UTF-8. It was read as Windows-1252; look at names with accents.")
    elif encoding == "utf-16":
        remarks.append(f"{name} is UTF-16 instead of UTF-8. It was read all the same.")
    return Table(archive, name, places, len(header), encoding, remarks)


def _matched(header: Sequence[str], columns: Sequence[str], name: str) -> tuple[dict[str, int], list[str]]:
    by_letters = {_letters(column): column for column in columns}
    places: dict[str, int] = {}
    remarks: list[str] = []
    unknown: list[tuple[int, str]] = []
    for place, given in enumerate(header):
        column = by_letters.get(_letters(given))
        if column is None:
            unknown.append((place, given))
        elif column in places:
            remarks.append(f"{name} has the column {column} twice. The first one was read.")
        else:
            places[column] = place
            if given.strip() != column:
                remarks.append(f"{name}: the column “{_shown(given)}” was read as {column}.")
    for place, given in unknown:
        lacking = {_letters(column): column for column in columns if column not in places}
        alike = get_close_matches(_letters(given), lacking, n=1, cutoff=ALIKE)
        if alike and _letters(given) not in _OTHER_COLUMNS:
            places[lacking[alike[0]]] = place
            remarks.append(f"{name}: the column “{_shown(given)}” was read as {lacking[alike[0]]}.")
    if "password" in map(_letters, header):
        remarks.append(f"{name} carries a column of passwords. They were not read, and are not kept.")
    return places, remarks


def _letters(given: str) -> str:
    return re.sub("[^a-z0-9]", "", given.lower())


def _shown(given: str) -> str:
    return "".join(letter for letter in given if letter.isprintable())[:40]


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


def _picked(row: Sequence[str], places: Sequence[int]) -> list[str]:
    return [row[place].strip() if place >= 0 else "" for place in places]


def _encoding_of(file: IO[bytes], name: str) -> str:
    """UTF-8 if all of it is; UTF-16 if it says so; else what Windows writes in the West."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = file.read(CHUNK)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in first:
        raise Unreadable(f"{name} is not a text file. Export it again as CSV.")
    is_utf8 = True
    chunk = first
    while chunk:
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        chunk = file.read(CHUNK)  # to its end: the zip's checksum is asked there
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def _parsed(file: IO[bytes], encoding: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each row, and the line that it ends on."""
    # Universal newlines: CR alone, as old Macs write it, is a line end too.
    text = io.TextIOWrapper(file, encoding, errors="replace", newline=None)
    reader = csv.reader(_lines(text, name))
    width = 0
    try:
        for row in reader:
            width = width or len(row)
            _refuse_what_swallowed_others(row, width, reader.line_num, name)
            yield reader.line_num, row
    except csv.Error as error:
        raise Unreadable(
            f"{name} cannot be read near line {reader.line_num}: a quotation mark is not closed, "
            "or a value is far too long."
        ) from error
    finally:
        text.detach()


def _refuse_what_swallowed_others(row: list[str], width: int, line: int, name: str) -> None:
    """A quotation mark that nobody closed makes one row of many, and those would be missed."""
    breaks = sum(value.count("\n") for value in row)
    if breaks > MOST_BREAKS or (breaks and len(row) != width):
        raise Unreadable(
            f"{name} has a value over several lines that ends on line {line}: a quotation mark is not closed. "
            "Nothing was taken over."
        )


def _lines(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) >= LONGEST_LINE and not line.endswith("\n"):
            raise Unreadable(f"Line {number} of {name} is longer than any row. This is not a CSV file.")
        yield line.replace("\0", "")
