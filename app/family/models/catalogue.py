"""The words of the family page, a file a language: words/es.toml says what words/en.toml says.

What is shipped beside English is a draft that no person has checked. It is shown to a family once somebody of its
district who reads the language has (words_approval.py); until then the page is in English.
"""

import hashlib
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from app.roster.models.language import ENGLISH, Language, language

__all__ = ["CATALOGUES", "ENGLISH", "Catalogue", "read"]

FOLDER: Final = Path(__file__).parent / "words"
#: Not sentences, but how a date and a number are written.
WRITING: Final = ("months", "date", "digits")


@dataclass(frozen=True)
class Catalogue:
    """One language. `words["note"]` is a sentence, perhaps with {name}; say() fills it in."""

    tag: str
    words: dict[str, str]
    months: tuple[str, ...]
    date_pattern: str
    digits: str
    source: str = field(repr=False)

    @property
    def language(self) -> Language:
        """Its name and direction."""
        return language(self.tag)

    @cached_property
    def digest(self) -> str:
        """Another as soon as one letter of the file is another."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def say(self, key: str, **filled: Any) -> str:
        """The sentence of that key. Numbers and dates are written as the language writes them."""
        return self.words[key].format(**{name: self.written(value) for name, value in filled.items()})

    def written(self, value: Any) -> str:
        """A date or a number in this language; anything else as it is."""
        if isinstance(value, date):
            return self.date(value)
        return self.number(value) if isinstance(value, int) else str(value)

    def date(self, on: date) -> str:
        """October 9, 2026 · 9 de octubre de 2026 · ٩ أكتوبر ٢٠٢٦."""
        return self.date_pattern.format(
            month=self.months[on.month - 1], day=self.number(on.day), year=self.number(on.year)
        )

    def number(self, value: int) -> str:
        """In the digits of the language. Days of a year have no need of separators."""
        return "".join(self.digits[int(digit)] for digit in str(value))


def read(tag: str, source: str) -> Catalogue:
    """A catalogue from the text of its file. Raises ValueError for one that is not whole."""
    found = tomllib.loads(source)
    months, pattern, digits = (found.pop(name, None) for name in WRITING)
    if not isinstance(months, list) or len(months) != 12 or len(digits or "") != 10 or not pattern:
        raise ValueError(f"{tag}: months, date or digits are not whole.")
    if not all(isinstance(word, str) and word.strip() for word in found.values()):
        raise ValueError(f"{tag}: a sentence is empty.")
    return Catalogue(tag, found, tuple(months), pattern, digits, source)


CATALOGUES: Final = {
    path.stem: read(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))
}
