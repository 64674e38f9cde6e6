"""What other rooms have to say of an import of attendance before it is applied: a door of theirs, which takes its id.

The register has never heard of a law. A room says on its card where that is read, and who may read it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app


@dataclass(frozen=True)
class Foreseen:
    """Where it is read. `title`: what the preview of the import calls it."""

    title: str
    endpoint: str
    may: Any
    rules: Mapping[Any, Sequence[Callable[..., bool]]]


def of_imports() -> list[Foreseen]:
    """What the rooms offer."""
    return [one for room in current_app.extensions.get("rooms", ()) for one in room.foreseen]
