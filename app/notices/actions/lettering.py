"""From a text and its values to what is printed: one language, or the home language first and English second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from markupsafe import Markup

from app.core import clock
from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.family.models.tagline import Tagline
from app.integrations.typesetting.letters import CannotPrint, Letter, Part, print_letters
from app.integrations.typesetting.paper import PAPER_OF, PAPERS
from app.notices.models.notice_text import NoticeText
from app.notices.wording import placeholders, shipped
from app.notices.wording.blocks import Block, as_text, blocks
from app.roster.models.language import ENGLISH

__all__ = [
    "MONTHS",
    "CannotPrint",
    "Words",
    "Written",
    "day_in_short",
    "day_in_words",
    "home_then_english",
    "sample",
    "write",
]


@dataclass(frozen=True)
class Words:
    """What one notice says in one language."""

    language: str
    rtl: bool
    heading: str
    blocks: tuple[Block, ...]

    def part(self) -> Part:
        """As the printer takes it."""
        return Part(
            self.language, self.rtl, self.heading, tuple((block.kind, block.lines) for block in self.blocks)
        )

    def as_text(self) -> str:
        """As an email has it."""
        return as_text(self.heading, self.blocks)

    def as_html(self) -> Markup:
        """As an email has it for whoever sees it drawn."""
        said = [Markup("<h1>{}</h1>").format(self.heading)]
        for block in self.blocks:
            if block.kind == "list":
                points = Markup("").join(Markup("<li>{}</li>").format(line) for line in block.lines)
                said.append(Markup("<ul>{}</ul>").format(points))
            else:
                said.append(Markup("<p>{}</p>").format(Markup("<br>").join(block.lines)))
        direction = "rtl" if self.rtl else "ltr"
        return Markup('<div lang="{}" dir="{}">{}</div>').format(
            self.language, direction, Markup("\n").join(said)
        )

    def told(self) -> dict[str, Any]:
        """As it is kept."""
        kept = [{"kind": block.kind, "lines": list(block.lines)} for block in self.blocks]
        return {"language": self.language, "rtl": self.rtl, "heading": self.heading, "blocks": kept}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Words":
        """The other way."""
        kept = tuple(Block(one["kind"], tuple(one["lines"])) for one in told["blocks"])
        return cls(told["language"], told["rtl"], told["heading"], kept)


@dataclass(frozen=True)
class Written:
    """The notice in each of its languages, and the values that nobody gave."""

    words: tuple[Words, ...]
    missing: tuple[str, ...]


#: Said before what the law asks for, where there is something.
_BEFORE_THE_LAW: Final = {"en": "The law asks us to tell you:", "es": "La ley nos pide decirle:"}


def write(texts: Sequence[NoticeText], values: Mapping[str, str], lines: Tagline | None = None) -> Written:
    """Fill in the texts, in their order. `lines`: what stands before them in a language in which they are not."""
    filled = [_before_english(lines, values)] if lines else []
    filled += [_filled(text, values) for text in texts]
    missing = dict.fromkeys(name for _, gaps in filled for name in gaps)
    return Written(tuple(words for words, _ in filled), tuple(missing))


def sample(text: NoticeText) -> bytes:
    """How a version looks as a letter, with made-up values: a tagged PDF. Raises CannotPrint."""
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    english = db.session.get(NoticeText, text.translates_id) if text.translates_id else None
    written = write([text, english] if english else [text], shipped.SAMPLE)
    letter = Letter(
        code="SAMPLE",
        date=shipped.SAMPLE["date"],
        sender=(card.name, shipped.SAMPLE["school"]),
        address=(shipped.SAMPLE["guardian"], "12 Maple Street", "Springfield, IL 62701"),
        parts=tuple(words.part() for words in written.words),
    )
    title = f"{text.template.title}: {text.called}"
    return print_letters([letter], PAPERS[PAPER_OF[card.region]], title, clock.now(), "Sample").pdf


def day_in_words(day: date) -> str:
    """As a letter says it: "November 27, 2026"; where letters are A4, "27 November 2026"."""
    month = MONTHS[day.month - 1]
    card = district_by_id(current_district_id())
    if card is not None and card.region == "uk":
        return f"{day.day} {month} {day.year}"
    return f"{month} {day.day}, {day.year}"


def day_in_short(day: date) -> str:
    """As a table says it: "Nov 27, 2026"; where letters are A4, "27 Nov 2026"."""
    month = MONTHS[day.month - 1]
    return day_in_words(day).replace(month, month[:3])


MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def home_then_english(english: NoticeText, tag: str) -> list[NoticeText]:
    """The texts of a letter to a family of that language; empty where the translation is not there or not approved."""
    if tag == ENGLISH:
        return [english]
    home = english.in_language(tag)
    return [home, english] if home is not None else []


def _filled(text: NoticeText, values: Mapping[str, str]) -> tuple[Words, list[str]]:
    rtl = text.speaks.direction == "rtl"
    heading = placeholders.fill(text.heading, values, rtl=rtl)
    body = placeholders.fill(text.body, values, rtl=rtl)
    passages = [placeholders.fill(words, values, rtl=rtl) for words in text.said]
    said = blocks(body.text)
    if passages:
        if text.language in _BEFORE_THE_LAW:
            said.append(Block("paragraph", (_BEFORE_THE_LAW[text.language],)))
        said.append(Block("list", tuple(one.text for one in passages)))
    missing = [name for one in (heading, body, *passages) for name in one.missing]
    return Words(text.language, rtl, heading.text, tuple(said)), missing


def _before_english(lines: Tagline, values: Mapping[str, str]) -> tuple[Words, list[str]]:
    rtl = lines.language.direction == "rtl"
    heading, *more = (placeholders.fill(line, values, rtl=rtl) for line in lines.words.values())
    said = tuple(Block("paragraph", (one.text,)) for one in more)
    return Words(lines.tag, rtl, heading.text, said), [name for one in more for name in one.missing]
