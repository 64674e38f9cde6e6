"""A CSV file, a row at a time, whatever made it: encodings and line ends as they are met in schools.

Memory stays the same however long the file is.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import IO, Final

from app.core.feed import Unreadable

CHUNK: Final = 256 * 1024
#: Characters.
LONGEST_LINE: Final = 64 * 1024
MOST_COLUMNS: Final = 500
#: Line breaks within a row. The standard allows none; some write an address over two lines.
MOST_BREAKS: Final = 2
MOST_ROWS: Final = 5_000_000


def letters_of(header: str) -> str:
    """A header as it is compared with others: its letters and figures, lower case."""
    return re.sub("[^a-z0-9]", "", header.lower())


def shown(header: str) -> str:
    """A header as it can stand in a sentence."""
    return "".join(letter for letter in header if letter.isprintable())[:40]


def remark_on(encoding: str, name: str) -> str | None:
    """What an admin should know about how the file was read."""
    if encoding == "cp1252":
        return f"{name} is not UTF-8. It was read as Windows-1252; look at names with accents."
    if encoding == "utf-16":
        return f"{name} is UTF-16 instead of UTF-8. It was read all the same."
    return None


def encoding_of(file: IO[bytes], name: str) -> str:
    """UTF-8 if all of it is; UTF-16 if it says so; else what Windows writes in the West. Raises Unreadable."""
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


def parsed(
    file: IO[bytes], encoding: str, name: str, *, between: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """Each row, and the line that it ends on. Raises Unreadable. `between`: what stands between two values."""
    # Universal newlines: CR alone, as old Macs write it, is a line end too.
    text = io.TextIOWrapper(file, encoding, errors="replace", newline=None)
    reader = csv.reader(_lines(text, name), delimiter=between)
    width = before = 0
    try:
        for row in reader:
            width = width or len(row)
            if reader.line_num - before > 1:
                _refuse_what_swallowed_others(row, width, reader.line_num, name)
            before = reader.line_num
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
