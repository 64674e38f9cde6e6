"""What a new school year means for a room: each says on its card what it has of those who change school or leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select


@dataclass(frozen=True)
class Moving:
    """Students whose school is another afterwards, and those who go to school here no more: questions for their ids."""

    changing: Select[UUID]
    leaving: Select[UUID]


@dataclass(frozen=True)
class Followed:
    """How many there are of something, and what becomes of them."""

    what: str
    count: int
    so: str


Follows = Callable[[Moving], Sequence[Followed]]
