"""How badly it is needed, kept as a small number so that an index yields the queue in its order."""

from enum import StrEnum
from typing import Any

from sqlalchemy import SmallInteger
from sqlalchemy.types import TypeDecorator


class Urgency(StrEnum):
    """The four answers to "how urgent is it?", the most urgent first."""

    CLASS_STOPPED = "class_stopped"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def words(self) -> str:
        """What people read."""
        return WORDS[self]


WORDS = {
    Urgency.CLASS_STOPPED: "Class cannot go on",
    Urgency.HIGH: "Soon, today if possible",
    Urgency.NORMAL: "In the next days",
    Urgency.LOW: "When there is time",
}

_RANKS = {urgency: rank for rank, urgency in enumerate(Urgency)}
_URGENCIES = {rank: urgency for urgency, rank in _RANKS.items()}


class UrgencyRank(TypeDecorator[str]):
    """Urgency in Python, 0 (class cannot go on) to 3 (when there is time) in the database."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        """To the database. Raises ValueError for a word that is no urgency."""
        return None if value is None else _RANKS[Urgency(value)]

    def process_result_value(self, value: Any, dialect: Any) -> Urgency | None:
        """From the database."""
        return None if value is None else _URGENCIES[value]
