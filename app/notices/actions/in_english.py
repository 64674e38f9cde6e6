"""A notice without an approved translation: it waits, or a named person has it go in English.

Then lines in the family's language stand before it, which say that it matters, whom to call, and that an interpreter
explains it free of charge. They are ours, and somebody of the district who reads the language has checked them. Where
its law asks for the family's language, nobody may choose that. By itself nothing ever goes in English.
"""

from typing import Final

from app.core import grounds
from app.family.models.tagline import TAGLINES
from app.notices.models.notice import Notice
from app.notices.models.notice_text import NoticeText
from app.roster.models.language import ENGLISH

NO_TRANSLATION: Final = (
    "There is no approved translation into {language} of version {number}. Approve one, then try again."
)
OUTDATED: Final = (
    "The approved translation into {language} is of another version of the text, and version {number} is in use now. "
    "Approve a translation of that, then try again."
)
TRANSLATED: Final = (
    "There is an approved translation into {language} now. Write it anew, and it goes in that."
)
THEIRS_IS_ENGLISH: Final = "This family is written to in English."
NO_LINES: Final = (
    "We have no lines in {language} that could stand before a notice in English: it waits for a translation."
)
NOT_CHECKED: Final = (
    "Nobody who reads {language} has checked the lines that stand before a notice in English. Have them checked under "
    "“Family page”, or approve a translation of the text."
)


def why_not(notice: Notice, english: NoticeText) -> str:
    """Why this text may not go to this family in English, in a sentence; "" if somebody may choose that."""
    named = notice.speaks.english
    if notice.language == ENGLISH:
        return THEIRS_IS_ENGLISH
    if english.in_language(notice.language) is not None:
        return TRANSLATED.format(language=named)
    if by_law := _by_law(notice):
        return by_law
    lines = TAGLINES.get(notice.language)
    if lines is None:
        return NO_LINES.format(language=named)
    return "" if lines.is_approved else NOT_CHECKED.format(language=named)


def what_is_missing(notice: Notice, english: NoticeText) -> str:
    """Of a notice without a translation: why it does not leave so; "" if somebody chose that it goes in English."""
    if notice.in_english_at is not None:
        return why_not(notice, english)
    said = OUTDATED if english.outdated_in(notice.language) is not None else NO_TRANSLATION
    return said.format(language=notice.speaks.english, number=english.number)


def _by_law(notice: Notice) -> str:
    """Of all that it tells, the first whose law asks for the family's language."""
    asked = (grounds.must_be_theirs(notice.grounds_kind, id) for id in (notice.grounds_id, *notice.along))
    return next(filter(None, asked), "")
