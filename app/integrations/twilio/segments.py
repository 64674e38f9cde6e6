"""How a text goes over the air: in which alphabet, and in how many parts, each of which is paid for.

3GPP TS 23.038 (the 7-bit alphabet and its extension) and TS 23.040 (parts carry a header of six bytes). One letter
outside the alphabet, such as í or a curly quote, makes the whole text UCS-2, and a part holds less than half.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

GSM7, UCS2 = "GSM-7", "UCS-2"

#: One unit each. Escape (0x1B) stands between, and is no letter.
BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: An escape and a letter: two units, which one part holds both or none of.
EXTENDED: Final = frozenset("\f^{}\\[~]|€")

#: Units that a text of one part holds, and each part of a longer one.
ALONE: Final = {GSM7: 160, UCS2: 70}
IN_PARTS: Final = {GSM7: 153, UCS2: 67}

#: Letters that people type without meaning them, and what says the same within the 7-bit alphabet.
PLAINLY: Final = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-",
        "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "\u200b": "", "\ufeff": "",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """`encoding`: GSM-7 or UCS-2. `units`: septets or UTF-16 units. `segments`: what it costs."""

    encoding: str
    units: int
    segments: int


def counted(text: str) -> Counted:
    """What a text takes. An empty one is never sent, and takes nothing."""
    encoding = GSM7 if all(letter in BASIC or letter in EXTENDED for letter in text) else UCS2
    widths = [_width(letter, encoding) for letter in text]
    units = sum(widths)
    if units <= ALONE[encoding]:
        return Counted(encoding, units, 1 if text else 0)
    return Counted(encoding, units, _parts(widths, IN_PARTS[encoding]))


def plainly(text: str) -> str:
    """The text without curly quotes, long dashes and the like, if that alone makes it GSM-7; else as it was.

    What belongs to a language is never touched: á without its accent is another letter.
    """
    plain = text.translate(PLAINLY)
    return plain if counted(plain).encoding == GSM7 else text


def _width(letter: str, encoding: str) -> int:
    if encoding == GSM7:
        return 2 if letter in EXTENDED else 1
    return 2 if ord(letter) > 0xFFFF else 1


def _parts(widths: Iterable[int], most: int) -> int:
    """Neither an escaped letter nor a surrogate pair is cut in two: what does not fit begins the next part."""
    parts, used = 1, 0
    for width in widths:
        if used + width > most:
            parts, used = parts + 1, 0
        used += width
    return parts
