"""The fonts of a letter, and which characters they have.

Noto Sans for each script, and Noto Sans CJK for Chinese, Korean and Japanese, come with packages of the lock file. Noto
Nastaliq Urdu, in which Urdu is read on paper, comes with no package and lies beside this file, under its own licence
(SIL Open Font License 1.1). A character that none of them has would be printed as a box, so it is found before a letter
is set.
"""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("manimgx_fonts", "manimgx_fonts_cjk")
_OURS: Final = Path(__file__).with_name("vendor")
LATIN: Final = "Noto Sans"
#: By the subtag of the language, where the first font for its text is another.
_FIRST: Final = {
    "ar": ("Noto Sans Arabic",),
    "ur": ("Noto Nastaliq Urdu",),
    "fa-AF": ("Noto Sans Arabic",),
    "ps": ("Noto Sans Arabic",),
    "pa": ("Noto Sans Gurmukhi",),
    "bn": ("Noto Sans Bengali",),
    "zh-Hans": ("Noto Sans CJK SC",),
    "zh-Hant": ("Noto Sans CJK TC",),
    "ko": ("Noto Sans CJK KR",),
}
#: Its words hang from a slanting line and need twice the height. By the subtag of the language, as Typst's `leading`.
_LEADING: Final = {"ur": 1.5}
#: A name can be of any script.
_REST: Final = (
    "Noto Sans Arabic", "Noto Sans CJK SC", "Noto Sans Armenian", "Noto Sans Bengali", "Noto Sans Devanagari",
    "Noto Sans Ethiopic", "Noto Sans Georgian", "Noto Sans Gujarati", "Noto Sans Gurmukhi", "Noto Sans Hebrew",
    "Noto Sans Kannada", "Noto Sans Khmer", "Noto Sans Lao", "Noto Sans Malayalam", "Noto Sans Myanmar",
    "Noto Sans Oriya", "Noto Sans Sinhala", "Noto Sans Tamil", "Noto Sans Telugu", "Noto Sans Thai",
)  # fmt: skip
_NOT_FOR_LETTERS: Final = ("Emoji", "Symbols", "Italic")
#: Steer the letters around them, and have no shape of their own.
_UNSEEN: Final = frozenset({"Cf", "Mn", "Zs"})
_LARGEST_TABLE: Final = 4_000_000


def folders() -> list[str]:
    """Where the fonts lie."""
    found = [spec.submodule_search_locations for name in _PACKAGES if (spec := find_spec(name)) is not None]
    return [*(folder for locations in found for folder in locations or ()), str(_OURS)]


def families(language: str) -> list[str]:
    """The fonts for a text of that language, in the order in which they are asked for a character."""
    first = [LATIN, *_FIRST.get(language, ())]
    return first + [one for one in _REST if one not in first]


def leading(language: str) -> float:
    """What lies between two lines of a text of that language, in its own size."""
    return _LEADING.get(language, 0.58)


def not_printable(text: str) -> list[str]:
    """The characters of a text that no font here has, each once."""
    known = characters()
    return [
        one
        for one in dict.fromkeys(unicodedata.normalize("NFC", text))
        if ord(one) not in known and unicodedata.category(one) not in _UNSEEN and one != "\n"
    ]


@cache
def characters() -> frozenset[int]:
    """The code points that the fonts of a letter have."""
    files = [path for folder in folders() for path in sorted(Path(folder).glob("*.tt[fc]"))]
    wanted = [path for path in files if not any(word in path.name for word in _NOT_FOR_LETTERS)]
    return frozenset(point for path in wanted for point in _characters_of(path.read_bytes()))


def _characters_of(font: bytes) -> Iterator[int]:
    """Read a font's `cmap` (OpenType 1.9): its tables of format 4 and 12. Of a collection, the first font's."""
    begins = struct.unpack_from(">I", font, 12)[0] if font[:4] == b"ttcf" else 0
    (count,) = struct.unpack_from(">H", font, begins + 4)
    for number in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", font, begins + 12 + 16 * number)
        if tag == b"cmap" and length < _LARGEST_TABLE:
            table = font[offset : offset + length]
            for encoding in range(struct.unpack_from(">H", table, 2)[0]):
                at = struct.unpack_from(">I", table, 4 + 8 * encoding + 4)[0]
                yield from _characters_in(table, at)


def _characters_in(table: bytes, at: int) -> Iterator[int]:
    (form,) = struct.unpack_from(">H", table, at)
    if form == 12:
        (groups,) = struct.unpack_from(">I", table, at + 12)
        for group in range(groups):
            first, last, _ = struct.unpack_from(">III", table, at + 16 + 12 * group)
            yield from range(first, last + 1)
    elif form == 4:
        (twice,) = struct.unpack_from(">H", table, at + 6)
        ends = struct.unpack_from(f">{twice // 2}H", table, at + 14)
        starts = struct.unpack_from(f">{twice // 2}H", table, at + 16 + twice)
        for first, last in zip(starts, ends, strict=True):
            yield from (point for point in range(first, last + 1) if point != 0xFFFF)
