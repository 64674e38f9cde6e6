"""A QR code as a drawing within the page: no picture is fetched, and nobody else draws it."""

from collections.abc import Iterator, Sequence
from typing import Final

import segno
from markupsafe import Markup

#: Of light around it, in modules: readers look for it (ISO/IEC 18004).
QUIET: Final = 4

_DRAWN: Final = Markup(
    '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
    '<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path fill="#000" d="{path}"/></svg>'
)


def drawn(text: str, label: str) -> Markup:
    """The code of a text, dark on light whatever the page's colours are; `label` is read aloud in its place."""
    matrix = segno.make(text, error="m", micro=False).matrix
    size = len(matrix) + 2 * QUIET
    return _DRAWN.format(size=size, label=label, path="".join(_runs(matrix)))


def _runs(matrix: Sequence[bytearray]) -> Iterator[str]:
    for y, row in enumerate(matrix, QUIET):
        x = 0
        while x < len(row):
            length = next((at for at in range(x, len(row)) if not row[at]), len(row)) - x
            if length:
                yield f"M{x + QUIET} {y}h{length}v1h-{length}z"
            x += length or 1
