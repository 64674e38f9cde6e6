"""Every language says what English says, with the same things filled in."""

import re
from datetime import date
from string import Formatter

import pytest

from app.family.models.catalogue import CATALOGUES, FOLDER, read
from app.roster.models.language import LANGUAGES

ENGLISH = CATALOGUES["en"]
OTHERS = [one for one in CATALOGUES.values() if one is not ENGLISH]


def filled_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("catalogue", OTHERS, ids=lambda one: one.tag)
def test_it_is_whole(catalogue) -> None:
    assert list(catalogue.words) == list(ENGLISH.words)
    for key, sentence in ENGLISH.words.items():
        assert filled_in(catalogue.words[key]) == filled_in(sentence), key
    assert catalogue.tag in LANGUAGES
    assert len(set(catalogue.months)) == 12


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=lambda one: one.tag)
def test_a_date_says_day_and_year_in_its_digits(catalogue) -> None:
    said = catalogue.date(date(2026, 10, 9))

    assert catalogue.number(9) in said
    assert catalogue.number(2026) in said
    assert catalogue.months[9] in said


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=lambda one: one.tag)
def test_it_carries_no_markup_and_no_mark_that_turns_the_text(catalogue) -> None:
    for sentence in catalogue.words.values():
        assert not re.search(r"[<>\u200e\u200f\u202a-\u202e\u2066-\u2069]", sentence)


def test_another_letter_is_another_digest() -> None:
    source = (FOLDER / "es.toml").read_text(encoding="utf-8")

    assert read("es", source).digest == CATALOGUES["es"].digest
    assert read("es", source.replace("Enviar", "Enviár")).digest != CATALOGUES["es"].digest


@pytest.mark.parametrize("broken", ['send = ""', 'months = ["one"]', ""])
def test_what_is_not_whole_is_refused(broken) -> None:
    with pytest.raises(ValueError, match="es: "):
        read("es", broken)
