"""The lines before a notice in English that say, in the family's language, how to have it explained: a file a language.

What is shipped is a draft that no person has checked, and is said to nobody before somebody of the district who reads
the language has read it (words_approval.py). Four lines: they are read in a minute. There are none in a language in
which we could not write them.
"""

import hashlib
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from app.family.models.words_approval import WordsApproval
from app.roster.models.language import ENGLISH, Language, language

FOLDER: Final = Path(__file__).parent / "taglines"
#: In the order in which they are said; the first is the heading.
LINES: Final = ("title", "important", "call", "writing")


@dataclass(frozen=True)
class Tagline:
    """Of one language. `words` has ((contact)) and ((phone)) in it, whom to call."""

    tag: str
    words: dict[str, str]
    source: str = field(repr=False)

    @property
    def language(self) -> Language:
        """Its name and direction."""
        return language(self.tag)

    @cached_property
    def digest(self) -> str:
        """Another as soon as one letter of the file is another."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def is_approved(self) -> bool:
        """Whether a person of this district has checked these very words."""
        return WordsApproval.of(self) is not None


def read(tag: str, source: str) -> Tagline:
    """From the text of its file. Raises ValueError for one that is not whole."""
    found = tomllib.loads(source)
    if tuple(found) != LINES or not all(isinstance(line, str) and line.strip() for line in found.values()):
        raise ValueError(f"{tag}: the lines are not {', '.join(LINES)}.")
    return Tagline(tag, found, source)


#: With English, beside which the others are read.
TAGLINES: Final = {
    path.stem: read(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))
}


def in_other_languages() -> list[Tagline]:
    """Those that a person may check, in the order of a list."""
    return sorted(
        (one for tag, one in TAGLINES.items() if tag != ENGLISH), key=lambda one: one.language.english
    )
