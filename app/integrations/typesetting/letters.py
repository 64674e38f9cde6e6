"""Letters to families as one PDF/UA-1 document: address window, fold marks, a code to scan, one or two languages.

Every letter begins on a page of its own. The same letters give the same bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import segno

from app.integrations.typesetting import fonts
from app.integrations.typesetting.paper import Paper
from app.integrations.typesetting.press import CannotPrint, press, spoken, strange_characters

__all__ = ["MOST_AT_ONCE", "CannotPrint", "Letter", "Part", "Printed", "print_letters", "why_not"]

SOURCE: Final = Path(__file__).with_name("letters.typ")
#: What is set at once: half a second of a core. Typst remembers the last ten, which with these are half a gigabyte.
MOST_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Part:
    """What a letter says in one language. `blocks` are (kind, lines): "paragraph" or "list"."""

    language: str
    rtl: bool
    heading: str
    blocks: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Letter:
    """One letter. `code` is of capital letters and digits; it stands in the window, also as a QR code."""

    code: str
    date: str
    sender: tuple[str, ...]
    address: tuple[str, ...]
    parts: tuple[Part, ...]

    def words(self) -> str:
        """Everything that is printed of it."""
        said = [line for part in self.parts for _, lines in part.blocks for line in lines]
        return "\n".join([*self.sender, *self.address, *(part.heading for part in self.parts), *said])


@dataclass(frozen=True)
class Printed:
    """The document, and on which page each letter begins, in their order; the first page is 1."""

    pdf: bytes
    begins: tuple[int, ...]


def why_not(letter: Letter) -> str:
    """Why a letter cannot be printed as it stands; "" if it can."""
    named = strange_characters(letter.words())
    if not named:
        return ""
    return f"This letter has characters that cannot be printed here: {named}. Write the name or the text otherwise."


def print_letters(
    letters: Sequence[Letter], paper: Paper, title: str, made_at: datetime, practice: str = ""
) -> Printed:
    """Set at most MOST_AT_ONCE letters. `practice`: words that stand on each, where none may be posted.

    Raises CannotPrint.
    """
    assert 0 < len(letters) <= MOST_AT_ONCE
    refused = next((why for letter in letters if (why := why_not(letter))), "")
    if refused:
        raise CannotPrint(refused)
    given = {
        "title": title,
        "practice": practice,
        "paper": asdict(paper),
        "fonts": fonts.families("en"),
        "letters": [told(letter) for letter in letters],
    }
    pdf, begins = press(SOURCE, given, made_at, _WHERE)
    return Printed(pdf, tuple(begins))


_WHERE: Final = "query(<letter>).map(one => one.location().page())"


def told(letter: Letter) -> dict[str, Any]:
    """As the source of ours takes it."""
    return {
        "code": letter.code,
        "square": _square(letter.code),
        "date": letter.date,
        "sender": letter.sender,
        "address": letter.address,
        "parts": [_part(part) for part in letter.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        **spoken(part.language, part.rtl),
        "heading": part.heading,
        "blocks": [{"kind": kind, "lines": lines} for kind, lines in part.blocks],
    }


def _square(code: str) -> str:
    """The code as a QR code, drawn in lines."""
    drawn = io.BytesIO()
    segno.make_qr(code, error="m").save(drawn, kind="svg", border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
