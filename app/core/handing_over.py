"""Handing something over that must go once, to a service that takes it by one HTTPS call.

Until the call begins nobody has it. A call that never connected has done nothing; one that fell silent, or that a
gateway cut off, may have done it. Nothing is tried again in here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.core import asking, egress
from app.core.asking import Said
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.queue import OutcomeUnknown, TryAgain


def hand_over(
    client: egress.Client,
    name: str,
    address: str,
    *,
    before: Callable[[], object],
    headers: Mapping[str, str] | None = None,
    **carries: Any,
) -> Said:
    """What the service called `name` answers for good. `before`: the last moment at which nobody has it.

    `carries`: content, data, files or json, as httpx takes them. Raises TryAgain (nobody has it) and OutcomeUnknown.
    """
    silent = f"{name} did not say whether it took the mail, so nobody knows whether it arrived."
    before()
    try:
        said = asking.told(client.post(address, headers=dict(headers or {}), **carries))
    except egress.OutsideRefused as refused:
        raise TryAgain(str(refused)) from refused
    except egress.NotConnected as error:
        raise TryAgain(f"{name} could not be reached.") from error
    except (egress.CallFailed, OSError) as error:
        raise OutcomeUnknown(silent) from error
    if said.status in (429, 503):
        raise TryAgain(f"{name} asks us to slow down.", said.wait)
    if said.status >= 500 or 300 <= said.status < 400:
        raise OutcomeUnknown(silent)
    return said


def token(give: Callable[[], str]) -> str:
    """A token, before anything is handed over. Raises TryAgain: the mail waits until the setting is mended."""
    try:
        return give()
    except (Unreadable, NotNow) as answer:
        raise TryAgain(answer.sentence) from answer
