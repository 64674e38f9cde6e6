"""The small grammar of a template: `((name))` for a value, `((flag??text))` for words that stand if a flag says so.

Names are the same whatever their case and blanks: `((Student Name))` is `((student_name))`. Nothing else is a
placeholder, and values are put in as they are: one that looks like a placeholder is not read again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: A right-to-left line keeps a name or a number of the other direction together between these two (UAX #9, FSI, PDI).
ISOLATE: Final = "\u2068", "\u2069"
#: What a name may consist of. A text of more than so many letters is no template (bounded, and so is the search).
MOST_LETTERS: Final = 10_000

_PLACEHOLDER: Final = re.compile(
    r"\(\((?P<name>[^()?]{1,60})(?:\?\?(?P<text>(?:[^()]|\([^()]*\)){0,1000}))?\)\)"
)
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
        return value.join(ISOLATE) if rtl else value

    return Filled(_PLACEHOLDER.sub(put_in, text[:MOST_LETTERS]), tuple(missing.values()))
