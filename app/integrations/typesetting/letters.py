"""Letters to families as one PDF/UA-1 document: address window, fold marks, a code to scan, one or two languages.

Every letter begins on a page of its own. The same letters give the same bytes.
"""

import io
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import segno

from app.integrations.typesetting import fonts
from app.integrations.typesetting.paper import Paper

if TYPE_CHECKING:
    import typst

SOURCE: Final = Path(__file__).with_name("letters.typ")
#: What is set at once: half a second of a core. Typst remembers the last ten, which with these are half a gigabyte.
MOST_AT_ONCE: Final = 100
#: The tags of ours that PDF and Typst know otherwise: language and region.
_AS_TYPST: Final = {"zh-Hans": ("zh", "CN"), "zh-Hant": ("zh", "TW"), "fa-AF": ("fa", "AF")}

_one_at_a_time: Final = Lock()


class CannotPrint(Exception):
    """A letter that cannot be set; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


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
    strange = fonts.not_printable(letter.words())
    if not strange:
        return ""
    named = ", ".join(f"“{one}” (U+{ord(one):04X})" for one in strange[:5])
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
    given = json.dumps(
        {
            "title": title,
            "practice": practice,
            "paper": asdict(paper),
            "fonts": fonts.families("en"),
            "letters": [_told(letter) for letter in letters],
        },
        ensure_ascii=False,
    )
    inputs = {"given": unicodedata.normalize("NFC", given)}
    try:
        with _one_at_a_time:
            pdf = _compiler().compile(
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=["ua-1"],
                timestamp=int(made_at.timestamp()),
            )
            begins = json.loads(_compiler().eval(_WHERE))
    except RuntimeError as error:  # typst.TypstError, which is not in memory before the first letter
        raise CannotPrint("This letter could not be set as a PDF that everybody can read.") from error
    assert isinstance(pdf, bytes)
    return Printed(pdf, tuple(begins))


_WHERE: Final = "query(<letter>).map(one => one.location().page())"


@cache
def _compiler() -> "typst.Compiler":
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=list(fonts.folders())
    )
    return typst.Compiler(SOURCE, root=SOURCE.parent, font_paths=found, ignore_system_fonts=True)


def _told(letter: Letter) -> dict[str, Any]:
    return {
        "code": letter.code,
        "square": _square(letter.code),
        "date": letter.date,
        "sender": letter.sender,
        "address": letter.address,
        "parts": [_part(part) for part in letter.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    language, region = _AS_TYPST.get(part.language, (part.language, None))
    return {
        "lang": language,
        "region": region,
        "rtl": part.rtl,
        "fonts": fonts.families(part.language),
        "heading": part.heading,
        "blocks": [{"kind": kind, "lines": lines} for kind, lines in part.blocks],
    }


def _square(code: str) -> str:
    """The code as a QR code, drawn in lines."""
    drawn = io.BytesIO()
    segno.make_qr(code, error="m").save(drawn, kind="svg", border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
