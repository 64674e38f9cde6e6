"""The token of our own pages: checked, and never twice the same."""

import pytest
from flask import Flask, g, session

from app.web import csrf


@pytest.fixture
def secret() -> str:
    return "a-secret-of-the-session"


def test_it_looks_different_on_every_page(secret: str) -> None:
    assert csrf.masked(secret) != csrf.masked(secret)


@pytest.mark.parametrize("how", ["form", "header"])
def test_it_opens_the_door_from_a_form_and_from_a_header(hall_app: Flask, secret: str, how: str) -> None:
    token = csrf.masked(secret)
    given = {"data": {"csrf_token": token}} if how == "form" else {"headers": {"X-CSRFToken": token}}

    with hall_app.test_request_context(method="POST", **given):
        session["csrf_token"] = secret
        assert csrf.came_from_us()


@pytest.mark.parametrize("given", ["", "x", "%%%", "é", csrf.masked("of-another-session!!!!!"), "A" * 64])
def test_it_refuses_any_other(hall_app: Flask, secret: str, given: str) -> None:
    with hall_app.test_request_context(method="POST", data={"csrf_token": given}):
        session["csrf_token"] = secret
        assert not csrf.came_from_us()


def test_nothing_opens_where_nobody_is_signed_in(hall_app: Flask) -> None:
    with hall_app.test_request_context(method="POST", data={"csrf_token": csrf.masked("")}):
        assert csrf.token() == ""
        assert not csrf.came_from_us()


def test_a_page_masks_it_once(hall_app: Flask, secret: str) -> None:
    with hall_app.test_request_context():
        session["csrf_token"] = secret
        assert csrf.token() == csrf.token() == g.csrf_masked
