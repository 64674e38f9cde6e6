"""Which numbers of a table must not be shown, because they would tell of a child.

A group of fewer than ten students is not shown; and where one such group could be found by taking the others from the
total, the smallest of the others is left out, too. A share that is nearly none or nearly all is told as a bound, since
"all of them" tells of each (NCES SLDS Technical Brief 3, NCES 2011-603).
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

LEAST: Final = 10
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Share:
    """How many of how many, in percent: a number, a bound, or nothing at all."""

    percent: float | None
    words: str
    #: No more is told than that it lies below or above.
    is_bound: bool = False

    @property
    def is_shown(self) -> bool:
        """False where the group is too small."""
        return self.percent is not None


#: In place of a share that would tell of a child.
TOO_FEW: Final = Share(None, "too few to show")


def hidden(sizes: Mapping[K, int], least: int = LEAST) -> set[K]:
    """The groups that are not shown, of those that together make up a total that is. Empty groups hide nothing."""
    there = sorted((size, str(key), key) for key, size in sizes.items() if size > 0)
    small = [key for size, _, key in there if size < least]
    together = sum(size for size, _, key in there if size < least)
    # One alone, or a few that are fewer than ten together, would be what is missing from the total.
    for size, _, key in there:
        if not small or (len(small) > 1 and together >= least):
            break
        if key not in small:
            small.append(key)
            together += size
    return set(small)


def share(part: int, whole: int, *, is_hidden: bool = False) -> Share:
    """As it may be shown. `whole` of nobody is no share."""
    if is_hidden or whole < LEAST:
        return TOO_FEW
    # The larger the group, the nearer to none and all may be told.
    bound = 20 if whole < 20 else 10 if whole < 50 else 5 if whole < 100 else 1
    percent = 100 * part / whole
    if percent < bound:
        return Share(float(bound), f"under {bound} %", is_bound=True)
    if percent > 100 - bound:
        return Share(float(100 - bound), f"over {100 - bound} %", is_bound=True)
    return Share(round(percent, 1), f"{percent:.1f} %")
