"""The lines before a notice in English: whole in each language, and said to nobody before a person has checked them."""

import re

import pytest

from app.core.tenancy import as_district
from app.family.models.tagline import FOLDER, LINES, TAGLINES, read
from app.integrations.typesetting import fonts
from app.notices.wording import placeholders
from app.roster.models.language import LANGUAGES

PAGE = "/maple/attendance/family-page"
OTHERS = [one for tag, one in TAGLINES.items() if tag != "en"]


@pytest.mark.parametrize("tagline", TAGLINES.values(), ids=lambda one: one.tag)
def test_it_says_whom_to_call_and_can_be_printed(tagline) -> None:
    assert tagline.tag in LANGUAGES
    assert sorted(placeholders.names_in(tagline.words["call"])) == ["contact", "phone"]
    said = "\n".join(tagline.words.values())
    assert not re.search(r"[<>{}\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)
    assert not fonts.not_printable(said)


def test_another_letter_is_another_digest() -> None:
    source = (FOLDER / "es.toml").read_text(encoding="utf-8")

    assert read("es", source).digest == TAGLINES["es"].digest
    assert read("es", source.replace("importante", "Importante")).digest != TAGLINES["es"].digest


@pytest.mark.parametrize("broken", ['title = "x"', "", *(f'{line} = ""' for line in LINES)])
def test_what_is_not_whole_is_refused(broken) -> None:
    with pytest.raises(ValueError, match="es: "):
        read("es", broken)


@pytest.mark.parametrize("tag", [one.tag for one in OTHERS])
def test_a_draft_may_be_sent_once_somebody_named_has_checked_it(app, client, world, tag):
    client.sign_in(world.adams)
    page = client.get(f"{PAGE}/taglines/{tag}", status=200)
    assert "Made by a machine" in page.text
    assert client.submit(page, "/approval", checked_by="Rosa Vega").status == 422

    client.submit(page, "/approval", checked_by="Rosa Vega", is_right="y", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert [one.tag for one in OTHERS if one.is_approved] == [tag]
    with app.app_context(), as_district(world.birch.id):
        assert not any(one.is_approved for one in OTHERS)
    client.submit(client.get(f"{PAGE}/taglines/{tag}"), "/withdrawal", status=303)
    with app.app_context(), as_district(world.maple.id):
        assert not any(one.is_approved for one in OTHERS)


def test_that_the_page_was_checked_says_nothing_of_the_lines(app, client, world):
    client.sign_in(world.adams)
    page = client.get(f"{PAGE}/languages/es", status=200)
    client.submit(page, "/approval", checked_by="Rosa Vega", is_right="y", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert not TAGLINES["es"].is_approved


def test_whoever_only_reads_approves_nothing(client, world):
    client.sign_in(world.clark)

    assert not client.get(f"{PAGE}/taglines/es", status=200).all("form", method="post", action="/approval")
    client.post(f"{PAGE}/taglines/es/approval", {"checked_by": "Clark", "is_right": "y"}, status=404)


@pytest.mark.parametrize("tag", ["en", "pa", "xx"])
def test_there_is_no_page_of_a_language_without_lines(client, world, tag):
    client.sign_in(world.adams)

    client.get(f"{PAGE}/taglines/{tag}", status=404)
