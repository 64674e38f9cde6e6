"""Typst itself: a source of ours and what it is given, set as one PDF/UA-1 document.

What is given is data and is shown as text, so nothing that somebody is called is ever read as markup.
"""

import json
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from app.integrations.typesetting import fonts

if TYPE_CHECKING:
    import typst

#: The tags of ours that PDF and Typst know otherwise: language and region.
_AS_TYPST: Final = {"zh-Hans": ("zh", "CN"), "zh-Hant": ("zh", "TW"), "fa-AF": ("fa", "AF")}
_one_at_a_time: Final = Lock()


class CannotPrint(Exception):
    """Something that cannot be set; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def press(source: Path, given: Any, made_at: datetime, ask: str) -> tuple[bytes, Any]:
    """The PDF, and the answer to a question that is put to it, as Typst evaluates it. Raises CannotPrint.

    The same that is given gives the same bytes.
    """
    told = unicodedata.normalize("NFC", json.dumps(given, ensure_ascii=False))
    try:
        with _one_at_a_time:
            pdf = _compiler(source).compile(
                format="pdf",
                sys_inputs={"given": told},
                pdf_standards=["ua-1"],
                timestamp=int(made_at.timestamp()),
            )
            answer = json.loads(_compiler(source).eval(ask))
    except RuntimeError as error:  # typst.TypstError, which is not in memory before the first page
        raise CannotPrint("This could not be set as a PDF that everybody can read.") from error
    assert isinstance(pdf, bytes)
    return pdf, answer


def strange_characters(text: str) -> str:
    """Those that no font here has, as a person may look for them; "" if there is none."""
    strange = fonts.not_printable(text)
    return ", ".join(f"“{one}” (U+{ord(one):04X})" for one in strange[:5])


def spoken(language: str, rtl: bool) -> dict[str, Any]:
    """How a text of that language is set: its tag, its direction, its fonts, the room between its lines."""
    tag, region = _AS_TYPST.get(language, (language, None))
    return {
        "lang": tag,
        "region": region,
        "rtl": rtl,
        "fonts": fonts.families(language),
        "leading": fonts.leading(language),
    }


@cache
def _compiler(source: Path) -> "typst.Compiler":
    import typst

    return typst.Compiler(source, root=source.parent, font_paths=_fonts(), ignore_system_fonts=True)


@cache
def _fonts() -> "typst.Fonts":
    import typst

    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=_folders(fonts.folders())
    )


def _folders(found: Iterable[str]) -> list[Path]:
    return [Path(folder) for folder in found]
