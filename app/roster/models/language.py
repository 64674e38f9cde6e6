"""The languages in which families are written to: BCP 47 tags, each with its name in its own words.

A bounded list: a language stands here when somebody can be found who reads what is sent in it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Language:
    """One language as it is chosen and shown. `name` is its own, `english` is for whoever cannot read that."""

    tag: str
    name: str
    english: str
    direction: str = "ltr"

    @property
    def choice(self) -> str:
        """As a list of choices says it: "Español (Spanish)"."""
        return self.name if self.name == self.english else f"{self.name} ({self.english})"


ENGLISH: Final = "en"

LANGUAGES: Final = {
    one.tag: one
    for one in (
        Language("en", "English", "English"),
        Language("es", "Español", "Spanish"),
        Language("ar", "العربية", "Arabic", "rtl"),
        Language("zh-Hans", "简体中文", "Chinese, simplified"),
        Language("zh-Hant", "繁體中文", "Chinese, traditional"),
        Language("vi", "Tiếng Việt", "Vietnamese"),
        Language("pt", "Português", "Portuguese"),
        Language("ru", "Русский", "Russian"),
        Language("ht", "Kreyòl ayisyen", "Haitian Creole"),
        Language("hmn", "Hmoob", "Hmong"),
        Language("ur", "اردو", "Urdu", "rtl"),
        Language("so", "Soomaali", "Somali"),
        Language("ko", "한국어", "Korean"),
        Language("fil", "Filipino", "Filipino"),
        Language("uk", "Українська", "Ukrainian"),
        Language("fa-AF", "دری", "Dari", "rtl"),
        Language("ps", "پښتو", "Pashto", "rtl"),
        Language("fr", "Français", "French"),
        Language("pl", "Polski", "Polish"),
        Language("pa", "ਪੰਜਾਬੀ", "Punjabi"),
        Language("bn", "বাংলা", "Bengali"),
        Language("cy", "Cymraeg", "Welsh"),
    )
}

_TAGS: Final = {
    "spanish": "es",
    "chinese": "zh-Hans",
    "mandarin": "zh-Hans",
    "cantonese": "zh-Hant",
    "tagalog": "fil",
    "creole": "ht",
    **{word.casefold(): one.tag for one in LANGUAGES.values() for word in (one.tag, one.name, one.english)},
}

#: For a CHECK of a column that holds one.
ONE_OF_THEM: Final = "language in ({})".format(",".join(f"'{tag}'" for tag in LANGUAGES))


def tag_of(word: str) -> str:
    """The tag of a language as people write it, its own or its English name; "" for one that is not here."""
    return _TAGS.get(word.strip().casefold(), "")


def language(tag: str) -> Language:
    """The language of that tag. Raises KeyError for one that is not on the list."""
    return LANGUAGES[tag]
