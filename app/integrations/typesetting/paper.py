"""Paper and envelopes: where the address must stand so that it, and nothing else, shows through the window.

A folded sheet slides in its envelope. The window below is where the envelope's window shows the sheet in every
position, from “all the way up” to “all the way down”; so it is lower than the envelope's own.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Paper:
    """A sheet for one kind of envelope. All lengths in millimetres, from the top left corner."""

    key: str
    called: str
    width: float
    height: float
    #: Left, top, width and height of what shows through the window.
    window: tuple[float, float, float, float]
    #: Where it is folded.
    folds: tuple[float, ...]
    #: Where the text begins: below the fold, so that nothing of it can slide into the window.
    text_from: float


#: #10: 9½ × 4⅛ in., window 4½ × 1⅛ in., ⅞ in. from the left and ½ in. from the bottom; Letter folded in three.
#: DL: 220 × 110 mm, window 90 × 35 mm, 20 mm from the left and 18 mm from the bottom; A4 folded in three.
#: C5: 229 × 162 mm, window 90 × 35 mm, 20 mm from the left and 60 mm from the bottom; A4 folded in two.
PAPERS: Final = {
    one.key: one
    for one in (
        Paper(
            "us-10",
            "Letter paper in a #10 window envelope",
            215.9,
            279.4,
            (24.0, 61.0, 84.0, 22.0),
            (93.1, 186.3),
            96.0,
        ),
        Paper(
            "dl", "A4 in a DL window envelope", 210.0, 297.0, (24.0, 57.5, 80.0, 23.0), (99.0, 198.0), 102.0
        ),
        Paper("c5", "A4 in a C5 window envelope", 210.0, 297.0, (24.0, 67.5, 80.0, 21.0), (148.5,), 102.0),
    )
}
#: What a deployment's region posts with, unless its district says otherwise.
PAPER_OF: Final = {"us": "us-10", "ca": "us-10", "uk": "dl"}
