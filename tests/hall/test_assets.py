"""Our own files: one of each kind, small, named by what is in them."""

import gzip
import re

import pytest
from flask import Flask

from app.web import assets

#: Bytes on the wire.
MOST = {"app.css": 12_000, "app.js": 5_000, "htmx.js": 17_500, "favicon.svg": 500}


@pytest.mark.parametrize("name", MOST)
def test_it_is_kept_for_a_year_and_small(hall_app: Flask, name: str) -> None:
    asset = hall_app.extensions["assets"][name]

    answer = hall_app.test_client().get(asset.url, headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert len(answer.data) <= MOST[name]
    assert gzip.decompress(answer.data) == asset.body
    assert "Cookie" not in answer.headers["Vary"]


def test_a_page_of_the_last_release_gets_todays_file_but_does_not_keep_it(hall_app: Flask) -> None:
    answer = hall_app.test_client().get("/static/app.000000000000.css")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["app.css", "x", "..", "loader.js", "layout.000000000000.html"])
def test_there_is_nothing_else(hall_app: Flask, path: str) -> None:
    assert hall_app.test_client().get(f"/static/{path}").status_code == 404


def test_an_unchanged_file_is_not_sent_again(hall_app: Flask) -> None:
    asset = hall_app.extensions["assets"]["app.css"]

    answer = hall_app.test_client().get(asset.url, headers={"If-None-Match": f'"{asset.stamp}"'})

    assert answer.status_code == 304


def test_the_layers_come_first_and_nothing_comes_from_elsewhere(hall_app: Flask) -> None:
    css = hall_app.extensions["assets"]["app.css"].body.decode()

    assert css.startswith("@layer tokens, base, components, rooms, utilities;")
    assert not re.search(r"url\(|@import|@font-face", css)
    assert css.count("{") == css.count("}")


def test_every_style_sheet_is_in_it(hall_app: Flask) -> None:
    css = hall_app.extensions["assets"]["app.css"].body.decode()

    for path in sorted((assets.STATIC / "css").rglob("*.css")):
        first = re.search(r"\.[a-z][\w-]+|:root|body", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S))
        assert first is None or first.group() in css, path


def test_our_script_needs_no_eval_and_keeps_nothing() -> None:
    for path in (assets.STATIC / "js").glob("*.js"):
        source = path.read_text()
        assert not re.search(
            r"\beval\(|new Function|innerHTML|sessionStorage|localStorage|document\.write", source
        )
