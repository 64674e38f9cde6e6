"""Every pair of colours that carries words can be read, by day and by night (WCAG 2.2 AA)."""

import re

import pytest

from app.web.assets import STATIC

SOURCE = (STATIC / "css" / "tokens.css").read_text()

WORDS = [("ink", on) for on in ("paper", "surface", "sunken")]
WORDS += [("ink-soft", on) for on in ("paper", "surface", "sunken", "accent-wash")]
WORDS += [("accent", on) for on in ("paper", "surface", "sunken", "accent-wash")]
WORDS += [("accent-firm", on) for on in ("paper", "surface", "accent-wash")]
WORDS += [("on-accent", "accent"), ("on-accent", "accent-firm")]
WORDS += [(tone, f"{tone}-wash") for tone in ("good", "warn", "bad", "info", "neutral")]
WORDS += [(tone, "surface") for tone in ("good", "warn", "bad", "info", "neutral")]
WORDS += [("ink", f"{tone}-wash") for tone in ("good", "warn", "bad", "info", "neutral", "accent")]
#: What shows where a control ends, and where the focus is.
EDGES = [("line-strong", on) for on in ("surface", "paper")] + [("accent", on) for on in ("surface", "paper")]


def block(opening: str) -> dict[str, str]:
    start = SOURCE.index(opening)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", SOURCE[start : SOURCE.index("}", start)]))


DAY = block(":root {")
NIGHT = block(':root:not([data-theme="light"])')


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("front", "back"), WORDS)
def test_words_can_be_read(colours: dict[str, str], front: str, back: str) -> None:
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("colours", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("front", "back"), EDGES)
def test_edges_can_be_seen(colours: dict[str, str], front: str, back: str) -> None:
    assert contrast(colours[front], colours[back]) >= 3


def test_the_night_by_choice_is_the_night_by_clock() -> None:
    assert block(':root[data-theme="dark"]') == NIGHT
