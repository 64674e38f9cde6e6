"""What every mail driver does: carry one mail, and say truthfully what became of it.

`send` answers Delivered, or raises TryAgain (nobody has it), PermanentFailure (nobody will take it), or
OutcomeUnknown (it may have arrived): such a mail is never sent again without a person's word.

`before_the_end` is called when all but the last byte has been carried: until it returns nobody has the mail, and
if it raises nobody ever will.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.queue import OutcomeUnknown, PermanentFailure

__all__ = ["Delivered", "Driver", "OutcomeUnknown", "nothing", "refuse_unless_plain"]

_PLAIN_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}", re.IGNORECASE)


@dataclass(frozen=True)
class Delivered:
    """Who was accepted; and of the others, why not, in a sentence each."""

    accepted: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict)


def nothing() -> None:
    """What there is to do before the end for those who need not know."""


class Driver(Protocol):
    """A way for mail to leave."""

    def send(
        self,
        raw: bytes,
        envelope_from: str,
        to: Sequence[str],
        before_the_end: Callable[[], object] = nothing,
    ) -> Delivered:
        """Raises TryAgain, PermanentFailure or OutcomeUnknown when no recipient was accepted."""
        ...


def refuse_unless_plain(*addresses: str) -> None:
    """Raises PermanentFailure for an address that could not stand in an envelope or a header as it is."""
    if not all(map(_PLAIN_ADDRESS.fullmatch, addresses)):
        raise PermanentFailure("This is not an address that mail can be sent to.")
