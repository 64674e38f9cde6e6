"""What a family reads behind a link: a room says on its card what its kind of thing says there.

The family page has never heard of notices. A link names what it is about, a kind and an id; whose kind it is, is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import current_app


@dataclass(frozen=True)
class Passage:
    """A text in one language. `blocks`: "paragraph" or "list", and its lines."""

    language: str
    rtl: bool
    heading: str
    blocks: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Shown:
    """The card of one kind. `passages` answers with the family's language first, or with nothing."""

    kind: str
    passages: Callable[[UUID], Sequence[Passage]]


def passages(kind: str, id: UUID | None) -> Sequence[Passage]:
    """What is read there about this; nothing where no room knows the kind."""
    known = {one.kind: one for room in current_app.extensions.get("rooms", ()) for one in room.shown}
    return known[kind].passages(id) if id is not None and kind in known else ()
