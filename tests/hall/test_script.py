"""What our own script adds to a page: it says, it waits, it leads; and never sends twice."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, make_response, render_template_string, request
from playwright.sync_api import BrowserContext, Page, expect

from tests.real_browser import Watched, serving, until_htmx_is_alive

pytestmark = pytest.mark.browser

FORMS = """
{% extends "layout.html" %}
{% block title %}Forms{% endblock %}
{% block main %}
<h1>Forms</h1>
<form id="sent" method="post" action="/send" hx-post="/send" hx-target="this" hx-swap="outerHTML">
  <label>Text <textarea name="text"></textarea></label><button name="how" value="htmx">Send it</button>
</form>
<form method="post" action="/plain"><button name="how" value="plain">Send plainly</button></form>
<form method="post" action="/plain" enctype="multipart/form-data">
  <label>Files <input type="file" name="files" multiple data-max-files="1" data-max-bytes="1048576"></label>
  <button>Send files</button>
</form>
<button type="button" hx-get="/fail/409" hx-target="#nowhere">Conflict</button>
<button type="button" hx-get="/refuse" hx-target="#nowhere">Refuse</button>
<button type="button" hx-get="/list" hx-target="#nowhere">List</button>
<p id="nowhere"></p>
<div class="tall">{% for line in range(200) %}<p>{{ line }}</p>{% endfor %}</div>
<button type="button" hx-get="/told" hx-target="#nowhere">Tell</button>
<div id="polled"></div><div hx-get="/poll" hx-trigger="every 200ms" hx-target="#polled"></div>
{% endblock %}
"""

SUMMARY = '<form id="sent"><div class="error-summary" data-focus>Write it.</div><button>Again</button></form>'


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def page(public_hall_app: Flask, context: BrowserContext, sent: list[str]) -> Iterator[Page]:
    app = public_hall_app

    def send() -> Response:
        sent.append(request.form["how"])
        if not request.form["text"]:
            return make_response(SUMMARY, 422)
        return make_response('<section id="sent"><h2>It is sent</h2></section>')

    def plain() -> Response:
        sent.append(request.form.get("how", "files"))
        return make_response("", 204)

    def poll() -> str:
        sent.append("poll")
        return "polled"

    app.add_url_rule("/forms", "forms", lambda: render_template_string(FORMS))
    app.add_url_rule("/send", "send", send, methods=["POST"])
    app.add_url_rule("/plain", "plain", plain, methods=["POST"])
    app.add_url_rule("/poll", "poll", poll)
    told = '<div class="flashes" id="flashes" role="status" hx-swap-oob="true"><p>Reply sent.</p></div>'
    app.add_url_rule("/told", "told", lambda: told)
    app.add_url_rule("/list", "list", lambda: "<table><caption>12 tickets</caption></table>")
    with serving(app) as address:
        one = Watched(context).page
        one.goto(f"{address}/forms")
        until_htmx_is_alive(one)
        yield one
        one.close()


def test_a_refused_form_takes_the_focus_to_what_is_wrong(page: Page) -> None:
    page.get_by_role("button", name="Send it").click()

    expect(page.locator(".error-summary")).to_be_focused()


def test_after_sending_the_focus_is_on_what_came(page: Page) -> None:
    page.get_by_label("Text").fill("Lamp")
    page.get_by_role("button", name="Send it").click()

    expect(page.get_by_role("heading", name="It is sent")).to_be_focused()


def test_a_refusal_is_said_in_its_own_sentence(page: Page) -> None:
    page.get_by_role("button", name="Refuse").click()

    expect(page.get_by_role("alert")).to_have_text("Tess closed this ticket. Load it again.")


def test_a_lost_line_is_said_and_what_was_typed_stays(page: Page, context: BrowserContext) -> None:
    page.get_by_label("Text").fill("Lamp is dead")
    context.set_offline(True)
    page.get_by_role("button", name="Send it").click()

    expect(page.get_by_role("alert")).to_contain_text("could not be reached")
    expect(page.get_by_label("Text")).to_have_value("Lamp is dead")
    context.set_offline(False)
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", name="It is sent")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()


@pytest.mark.parametrize(("button", "value"), [("Send it", "htmx"), ("Send plainly", "plain")])
def test_an_impatient_finger_sends_once(page: Page, sent: list[str], button: str, value: str) -> None:
    page.get_by_label("Text").fill("Lamp")
    page.get_by_role("button", name=button).evaluate(
        "one => { one.click(); setTimeout(() => one.click(), 1) }"
    )
    page.wait_for_timeout(500)

    assert [one for one in sent if one != "poll"] == [value]


def test_too_much_is_said_before_it_travels(page: Page, sent: list[str]) -> None:
    files = [{"name": name, "mimeType": "image/png", "buffer": b"x"} for name in ("a.png", "b.png")]
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Send files").click()

    expect(page.get_by_role("alert")).to_have_text("Choose at most 1 files. You chose 2.")
    expect(page.get_by_label("Files")).to_be_focused()
    assert "files" not in sent


def test_a_page_that_nobody_looks_at_asks_nothing(page: Page, sent: list[str]) -> None:
    page.wait_for_timeout(400)
    assert "poll" in sent
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.wait_for_timeout(300)
    sent.clear()
    page.wait_for_timeout(600)

    assert sent == []


def test_a_new_count_is_spoken(page: Page) -> None:
    page.get_by_role("button", name="List").click()

    expect(page.locator("#heard")).to_have_text("12 tickets")


def test_a_message_comes_to_where_one_reads(page: Page) -> None:
    page.get_by_role("button", name="Tell").click()

    expect(page.get_by_text("Reply sent.")).to_be_in_viewport()
    page.wait_for_timeout(1100)
    page.keyboard.press("Shift")
    expect(page.get_by_text("Reply sent.")).not_to_be_in_viewport()
