"""The small grammar of a template: `((name))` for a value, `((flag??text))` for words that stand if a flag says so.

Names are the same whatever their case and blanks: `((Student Name))` is `((student_name))`. Nothing else is a
placeholder, and values are put in as they are: one that looks like a placeholder is not read again.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: In a line from right to left, what runs the other way is kept together between two of these (UAX #9: LRI, RLI, PDI).
LEFT_TO_RIGHT: Final = "\u2066"
RIGHT_TO_LEFT: Final = "\u2067"
POP: Final = "\u2069"
#: What a name may consist of. A text of more than so many letters is no template (bounded, and so is the search).
MOST_LETTERS: Final = 10_000

_PLACEHOLDER: Final = re.compile(
    r"\(\((?P<name>[^()?]{1,60})(?:\?\?(?P<text>(?:[^()]|\([^()]*\)){0,1000}))?\)\)"
)
#: A number of several groups, as a telephone has; "9" alone is none.
_NUMBER: Final = re.compile(r"[+(]?\d[\d().–/-]*[ ().–/-][\d ().–/-]*[\d)]")
_YES: Final = frozenset({"yes", "true", "1", "y"})


@dataclass(frozen=True)
class Filled:
    """A text with its values, and the names of those that nobody gave."""

    text: str
    missing: tuple[str, ...]


def plain(name: str) -> str:
    """The one way in which a name is compared: "Student Name", "student_name" and " STUDENTNAME" are the same."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def names_in(text: str) -> list[str]:
    """The names that a text asks for, each once, in their order and as they are written there first."""
    found: dict[str, str] = {}
    for match in _PLACEHOLDER.finditer(text[:MOST_LETTERS]):
        found.setdefault(plain(match["name"]), match["name"].strip())
    return list(found.values())


def fill(text: str, values: Mapping[str, str], *, rtl: bool = False) -> Filled:
    """The text with its values. A value that is empty is missing; so is a flag, which then stands for no.

    `rtl`: the text runs from right to left, and what is put in is kept together.
    """
    given = {plain(name): value for name, value in values.items()}
    missing: dict[str, str] = {}

    def put_in(match: re.Match[str]) -> str:
        name, words = plain(match["name"]), match["text"]
        value = given.get(name, "").strip()
        if not value:
            missing.setdefault(name, match["name"].strip())
            return ""
        if words is not None:
            return words if value.casefold() in _YES else ""
        return isolated(value) if rtl else value

    bounded = text[:MOST_LETTERS]
    if rtl:
        bounded = _NUMBER.sub(lambda number: isolated(number[0]), bounded)
    return Filled(_PLACEHOLDER.sub(put_in, bounded), tuple(missing.values()))


def isolated(value: str) -> str:
    """A value for a line from right to left: a telephone number keeps its order, whatever stands beside it."""
    strong = (unicodedata.bidirectional(letter) for letter in value)
    first = next((kind for kind in strong if kind in {"L", "R", "AL"}), "L")
    return f"{LEFT_TO_RIGHT if first == 'L' else RIGHT_TO_LEFT}{value}{POP}"
