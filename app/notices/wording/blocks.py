"""A text as the blocks it is printed in: paragraphs, and lists where lines begin with an asterisk or a hyphen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Block:
    """A paragraph with its lines, or a list with its points."""

    kind: Literal["paragraph", "list"]
    lines: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in their order. Blank lines part paragraphs."""
    found: list[Block] = []
    for part in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in part.split("\n") if line.strip()]
        for line in lines:
            is_point = line[:2] in {"* ", "- ", "• "}
            kind: Literal["paragraph", "list"] = "list" if is_point else "paragraph"
            words = line[2:].strip() if is_point else line
            begins = line is lines[0]
            if found and not begins and found[-1].kind == kind:
                found[-1] = Block(kind, (*found[-1].lines, words))
            else:
                found.append(Block(kind, (words,)))
    return found


def as_text(heading: str, parts: Sequence[Block]) -> str:
    """The blocks as an email has them."""
    said = [heading]
    for block in parts:
        said.append("\n".join(f"* {line}" if block.kind == "list" else line for line in block.lines))
    return "\n\n".join(said)
