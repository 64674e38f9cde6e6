"""Items of a feed as text, and back: how a sync keeps what was answered until it is read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final, get_args

from app.core.feed import Item, Rule

_KINDS: Final[dict[str, Any]] = {kind.__name__: kind for kind in get_args(Item)}


def written(items: Iterable[Item]) -> str:
    """A JSON list; read_back() gives the same items again."""
    return json.dumps([_plain(item) for item in items], ensure_ascii=False, separators=(",", ":"))


def read_back(text: str) -> Iterator[Item]:
    """What was written."""
    for kind, told in json.loads(text):
        if "rule" in told:
            told["rule"] = Rule(told["rule"])
        yield _KINDS[kind](**told)


def _plain(item: Item) -> list[Any]:
    told = {field.name: getattr(item, field.name) for field in fields(item)}
    return [type(item).__name__, told]
