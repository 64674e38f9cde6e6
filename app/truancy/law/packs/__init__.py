"""The rules that we ship, by place. They are read-only: a district lays its own, stricter ones over them."""

from functools import cache
from pathlib import Path
from typing import Final

from app.truancy.law.reading import rules_of
from app.truancy.law.rule import Rule

NAMES: Final = {
    "gb-eng": "England",
    "us-ca": "California",
    "us-fed": "United States, federal reporting",
    "us-fl": "Florida",
    "us-ga": "Georgia",
    "us-il": "Illinois",
    "us-nj": "New Jersey",
    "us-ny": "New York (an example of a local policy)",
    "us-oh": "Ohio",
    "us-pa": "Pennsylvania",
    "us-tx": "Texas",
    "us-va": "Virginia",
    "us-wa": "Washington",
}
FOLDER: Final = Path(__file__).parent


@cache
def pack(place: str) -> tuple[Rule, ...]:
    """The rules of a place: "us-ca". Raises KeyError for a place that we have none of."""
    if place not in places():
        raise KeyError(place)
    return tuple(rules_of((FOLDER / f"{place}.yaml").read_text(encoding="utf-8")))


def places() -> list[str]:
    """The places that we have rules of, by name."""
    return sorted(NAMES, key=NAMES.__getitem__)


def shipped() -> list[Rule]:
    """All of them."""
    return [rule for place in places() for rule in pack(place)]
