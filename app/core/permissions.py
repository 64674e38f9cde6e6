"""May they? A room's table of rules, read aloud: any question answered yes is a yes, no rule is a no."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from app.core.actor import Actor

Question = Callable[[Actor, Any], bool]
Rules = Mapping[Any, Sequence[Question]]


def permits(rules: Rules, may: StrEnum, actor: Actor, thing: Any = None) -> bool:
    """True if one of the rule's questions says so about this actor and this thing."""
    return any(question(actor, thing) for question in rules.get(may, ()))
