"""Documents of several sections as one PDF/UA-1: a cover, an index with page numbers, bookmarks, tables, copies.

For what is put before a board or a court. The same content gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.integrations.typesetting import fonts
from app.integrations.typesetting.letters import Letter, Part, told
from app.integrations.typesetting.paper import Paper
from app.integrations.typesetting.press import CannotPrint, press, spoken, strange_characters

__all__ = [
    "Block",
    "Bullets",
    "CannotPrint",
    "Copy",
    "Document",
    "Facts",
    "Heading",
    "LetterPages",
    "Paragraph",
    "Section",
    "Table",
]

SOURCE: Final = Path(__file__).with_name("documents.typ")
#: Width and height in millimetres.
SHEETS: Final = {"us": (215.9, 279.4), "ca": (215.9, 279.4), "uk": (210.0, 297.0)}


@dataclass(frozen=True)
class Paragraph:
    """Some sentences. `stands_out`: what must not be overlooked."""

    text: str
    stands_out: bool = False


@dataclass(frozen=True)
class Heading:
    """Of a part of a section; it stands in the index."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Labels with their values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head, which is said again on each page. `widths`: shares of the line, one a column."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Copy:
    """What was written to somebody, in one of its languages, word for word."""

    part: Part


@dataclass(frozen=True)
class LetterPages:
    """A letter as it was printed, on pages of its own. `title` stands in the index, `note` on its first page."""

    title: str
    note: str
    letter: Letter
    paper: Paper


Block = Paragraph | Heading | Bullets | Facts | Table | Copy | LetterPages


@dataclass(frozen=True)
class Section:
    """A section, which stands in the index."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """`cover` stands under the title, before the index. `foot` stands on every page, beside its number."""

    title: str
    cover: tuple[Block, ...]
    sections: tuple[Section, ...]
    foot: str

    def words(self) -> str:
        """Everything that is printed of it."""
        return "\n".join(
            [self.title, self.foot, *(word for block in self._blocks() for word in _words(block))]
        )

    def _blocks(self) -> Iterator[Block]:
        yield from self.cover
        for section in self.sections:
            yield Heading(section.title)
            yield from section.blocks


@dataclass(frozen=True)
class PrintedDocument:
    """The document, how many pages it has, and on which each section begins; the first page is 1."""

    pdf: bytes
    pages: int
    begins: tuple[int, ...]


def print_document(document: Document, region: str, made_at: datetime) -> PrintedDocument:
    """Set it, on the paper of that region. Raises CannotPrint."""
    if named := strange_characters(document.words()):
        raise CannotPrint(
            f"This has characters that cannot be printed here: {named}. Write the name or the text otherwise."
        )
    given = {
        "title": document.title,
        "foot": document.foot,
        "sheet": SHEETS[region],
        "fonts": fonts.families("en"),
        "cover": [_told(block) for block in document.cover],
        "sections": [
            {"title": one.title, "blocks": [_told(block) for block in one.blocks]}
            for one in document.sections
        ],
    }
    pdf, where = press(SOURCE, given, made_at, _WHERE)
    return PrintedDocument(pdf, where["pages"], tuple(where["begins"]))


_WHERE: Final = (
    "(begins: query(<section>).map(one => one.location().page()), "
    "pages: query(<end>).first().location().page())"
)


def _told(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "stands_out": block.stands_out}
        case Heading():
            return {"kind": "heading", "text": block.text}
        case Bullets():
            return {"kind": "bullets", "lines": block.lines}
        case Facts():
            return {"kind": "facts", "pairs": block.pairs}
        case Table():
            return {"kind": "table", "head": block.head, "rows": block.rows, "widths": block.widths}
        case LetterPages():
            return {
                "kind": "letter",
                "title": block.title,
                "note": block.note,
                "letter": told(block.letter),
                # Nobody folds it.
                "paper": asdict(replace(block.paper, folds=())),
            }
        case Copy():
            part = block.part
            blocks = [{"kind": kind, "lines": lines} for kind, lines in part.blocks]
            return {
                "kind": "copy",
                **spoken(part.language, part.rtl),
                "heading": part.heading,
                "blocks": blocks,
            }


def _words(block: Block) -> Sequence[str]:
    match block:
        case Paragraph() | Heading():
            return (block.text,)
        case Bullets():
            return block.lines
        case Facts():
            return [word for pair in block.pairs for word in pair]
        case Table():
            return [word for row in (block.head, *block.rows) for word in row]
        case LetterPages():
            return (block.title, block.note, block.letter.words())
        case Copy():
            return [block.part.heading, *(line for _, lines in block.part.blocks for line in lines)]
