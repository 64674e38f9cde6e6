"""Every template parses, and none carries script, style or unescaped text."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "app" / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_it_parses(app, path):
    app.jinja_env.parse(path.read_text())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_it_carries_no_script_style_or_unescaped_text(path):
    source = path.read_text()
    if "mail" not in path.parts:
        assert not re.search(r"\sstyle\s*=", source), "inline style"
    assert not re.search(r"<script(?![^>]*\ssrc=)", source), "inline script"
    assert not re.search(r"<style", source), "inline style sheet"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "event attribute"
    assert not re.search(r"hx-on|hx-vals\s*=\s*[\"']js:", source), "needs eval"
    assert not re.search(r"\|\s*safe\b", source), "unescaped"
