"""Line drawings on a 24-unit square. They repeat the words beside them, so readers aloud skip them."""

from functools import lru_cache
from typing import Final

from markupsafe import Markup

DRAWINGS: Final = {
    "alert": "M12 3.5 22 20.5H2zM12 10v5M12 17.9v.1",
    "back": "m14.5 5-7 7 7 7",
    "bell": "M4 18h16M6 18a6 6 0 0 1 12 0M12 12V9M10 8.5h4",
    "camera": "M3 8h4l2-3h6l2 3h4v11H3zM15.5 13a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0",
    "check": "m4.5 12.5 5 5 10-11",
    "clock": "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M12 7v5l3.5 2",
    "close": "m6 6 12 12M18 6 6 18",
    "cog": (
        "M15.2 12a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0M12 2.8v3M12 18.2v3M2.8 12h3M18.2 12h3"
        "M5.5 5.5l2.1 2.1M16.4 16.4l2.1 2.1M5.5 18.5l2.1-2.1M16.4 7.6l2.1-2.1"
    ),
    "device": "M5 5h14v10H5zM2.5 19h19",
    "down": "m6 9.5 6 6 6-6",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4",
    "forward": "m9.5 5 7 7-7 7",
    "info": "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M12 11v5.5M12 7.6v.1",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "mail": "M3 6h18v13H3zM3 7.5l9 6.5 9-6.5",
    "note": "M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7M8.5 12.5h4",
    "people": (
        "M12.5 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0"
        "M2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6M16 5a3.3 3.3 0 0 1 0 6.3M18 14.5c2 .7 3.2 2.6 3.5 5.5"
    ),
    "person": "M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0M4.5 21c.5-4.6 3.3-7 7.5-7s7 2.4 7.5 7",
    "plus": "M12 5v14M5 12h14",
    "reply": "m9 6-6 6 6 6M3.5 12H15a6 6 0 0 1 6 6",
    "school": "M3 21V10l9-6 9 6v11zM9.5 21v-6h5v6M12 9.5v.1",
    "search": "M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0M15.5 15.5l5 5",
    "send": "m3 11 18-8-7 18-3-7.5z",
    "shield": "M12 3 4.5 6v5.5c0 4.5 3 7.8 7.5 9.5 4.5-1.7 7.5-5 7.5-9.5V6z",
    "tray": "m4 13 3-8h10l3 8v6H4zM4 13h4.5l1.5 2.5h4l1.5-2.5H20",
}

_DRAWN: Final = Markup(
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="%s"/></svg>'
)


@lru_cache(64)
def icon(name: str) -> Markup:
    """The drawing of that name; an empty one for a name that nobody drew."""
    return _DRAWN % DRAWINGS.get(name, "")
