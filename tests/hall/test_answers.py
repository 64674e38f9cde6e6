"""How a page answers: whole or in part, with headers that keep it where it belongs."""

import gzip

import pytest
from flask import Flask
from werkzeug.test import Client

from app.web.page import wants_part

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visit(hall_app: Flask) -> Client:
    hall_app.testing = False
    hall_app.config["PROPAGATE_EXCEPTIONS"] = False
    return hall_app.test_client()


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        (HTMX, True),
        ({**HTMX, "HX-Boosted": "true"}, False),
        ({**HTMX, "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_htmx_that_wants_a_piece_gets_a_piece(
    hall_app: Flask, headers: dict[str, str], part: bool
) -> None:
    with hall_app.test_request_context(headers=headers):
        assert wants_part() is part


def test_a_browser_is_sent_on_and_finds_the_message_there(visit: Client) -> None:
    answer = visit.post("/do")

    assert answer.status_code == 303
    assert answer.location == "/tickets"
    assert "Ticket &lt;closed&gt;." in visit.get("/").text
    assert "Ticket" not in visit.get("/").text


def test_htmx_is_sent_on_without_a_redirect_it_would_follow(visit: Client) -> None:
    answer = visit.post("/do", headers=HTMX)

    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/tickets"


def test_a_page_stays_nowhere_and_may_do_nothing_else(visit: Client) -> None:
    headers = visit.get("/").headers

    assert headers["Cache-Control"] == "no-store"
    assert {"HX-Request", "Cookie"} <= set(headers["Vary"].split(", "))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self' https://cdn.jsdelivr.net"
    assert policy["style-src"] == policy["img-src"] == policy["form-action"] == "'self'"


def test_the_cdn_is_named_only_where_it_is_used(public_hall_app: Flask) -> None:
    answer = public_hall_app.test_client().get("/")

    assert "https://" not in answer.headers["Content-Security-Policy"]
    assert "jsdelivr" not in answer.text


def test_pages_are_compressed_for_whoever_can_read_it(visit: Client) -> None:
    packed = visit.get("/", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).decode() == visit.get("/").text
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 418, 429, 503])
def test_every_refusal_is_a_page_and_a_sentence(visit: Client, status: int) -> None:
    whole, part = visit.get(f"/fail/{status}"), visit.get(f"/fail/{status}", headers=HTMX)

    assert whole.status_code == part.status_code == status
    assert whole.text.count("<h1") == whole.text.count("<main") == 1
    assert part.text.startswith("<p data-sentence>")
    assert "<h1" not in part.text


def test_a_door_may_say_it_in_its_own_words(visit: Client) -> None:
    said = "Tess closed this ticket. Load it again."

    assert said in visit.get("/refuse").text
    assert visit.get("/refuse", headers=HTMX).text == f"<p data-sentence>{said}</p>"


def test_htmx_without_a_session_is_led_to_sign_in(visit: Client) -> None:
    answer = visit.get("/fail/401", headers={**HTMX, "HX-Current-URL": "http://elsewhere.example/x"})

    assert answer.headers["HX-Redirect"].endswith("/sign-in")


def test_our_own_fault_has_a_code_and_needs_neither_session_nor_database(visit: Client) -> None:
    whole, part = visit.get("/break"), visit.get("/break", headers=HTMX)

    assert whole.status_code == part.status_code == 500
    assert "this code:" in whole.text
    assert "Tess" not in whole.text
    assert "Code " in part.text
    assert "ZeroDivision" not in whole.text + part.text
