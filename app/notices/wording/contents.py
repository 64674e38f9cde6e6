"""What the law has a notice say, item by item, and whether a text does. The items are words: this knows no law."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.notices.wording import readability


@dataclass(frozen=True)
class Item:
    """One thing that must be said. `key` is the law's word for it, `says` is how it is put to a person."""

    key: str
    says: str


def missing(items: Iterable[Item], passages: Mapping[str, str]) -> list[Item]:
    """The items for which there is no passage."""
    return [item for item in items if not passages.get(item.key, "").strip()]


def why_not(
    heading: str, body: str, passages: Mapping[str, str], items: Iterable[Item], language: str
) -> list[str]:
    """Why this text may not be approved, a sentence a reason; none if it may."""
    reasons = [f"There is no passage that says: {item.says}" for item in missing(items, passages)]
    if not heading.strip() or not body.strip():
        reasons.append("Write a heading and a text.")
    own = readability.read(body, language)
    if own.words > readability.MOST_WORDS:
        reasons.append(
            f"The text has {own.words} words. Families read at most {readability.MOST_WORDS}: say less, or "
            "put what the law asks for into its passages."
        )
    whole = readability.read("\n".join([heading, body, *passages.values()]), language)
    if whole.is_too_hard:
        reasons.append(
            f"It reads as in grade {whole.grade:g}, and may be at grade {readability.HIGHEST_GRADE:g} at most: use "
            "shorter sentences and shorter words."
        )
    return reasons
