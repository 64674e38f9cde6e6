"""Items of a feed as text, and back: how a sync keeps what was answered until it is read."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final, get_args

from app.core.feed import Item, Rule

#: NUL and halves of characters: JSON can carry them, and no database takes them.
NEVER_STORED: Final = re.compile("[\0\ud800-\udfff]")

_KINDS: Final[dict[str, Any]] = {kind.__name__: kind for kind in get_args(Item)}


def written(items: Iterable[Item]) -> str:
    """A JSON list; read_back() gives the same items again."""
    return json.dumps([_plain(item) for item in items], ensure_ascii=False, separators=(",", ":"))


def read_back(text: str) -> Iterator[Item]:
    """What was written."""
    return map(_item, json.loads(text))


def _plain(item: Any) -> dict[str, Any]:
    told = {field.name: getattr(item, field.name) for field in fields(item)}
    for name, value in told.items():
        if is_dataclass(value):
            told[name] = _plain(value)
        elif isinstance(value, str):
            told[name] = NEVER_STORED.sub("", value)
    return {"is": type(item).__name__, **told}


def _item(told: dict[str, Any]) -> Item:
    kind = _KINDS[told.pop("is")]
    for name, value in told.items():
        if isinstance(value, dict):
            told[name] = _item(value)
        elif isinstance(value, list):
            told[name] = tuple(value)
    if "rule" in told:
        told["rule"] = Rule(told["rule"])
    item: Item = kind(**told)
    return item
