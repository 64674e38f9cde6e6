"""Whom a request is from: as the operator's proxies say it, never as the browser does."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask, Response, jsonify, request

from app.core.settings import Settings, use_settings
from app.web import proxies
from app.web.sessions import can_be_kept, cookie_name

FORGED = {
    "X-Forwarded-For": "1.1.1.1, 9.9.9.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.org",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=1.1.1.1;host=evil.example.org;proto=https",
}


@pytest.fixture(autouse=True)
def _settings_of_before(settings: Settings) -> Iterator[None]:
    yield
    use_settings(settings)


def heard(settings: Settings, count: int, **headers: str) -> dict[str, object]:
    """What a view learns of a request that came over that many proxies."""
    use_settings(dataclasses.replace(settings, proxies=count))
    app = Flask("behind")
    proxies.install(app)

    @app.get("/")
    def who() -> Response:
        return jsonify(
            address=request.remote_addr,
            host=request.host,
            url=request.base_url,
            cookie=cookie_name("maple") if can_be_kept() else None,
        )

    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = app.test_client().get(
        "/", base_url="http://desk.example.org", headers=given, environ_base={"REMOTE_ADDR": "10.0.0.1"}
    )
    found: dict[str, object] = answer.get_json()
    return found


def test_without_proxies_no_header_is_believed(settings: Settings) -> None:
    found = heard(settings, 0, **FORGED)

    assert found["address"] == "10.0.0.1"
    assert found["url"] == "http://desk.example.org/"
    assert found["cookie"] is None


def test_one_proxy_says_whom_it_heard_and_over_what(settings: Settings) -> None:
    found = heard(settings, 1, **{**FORGED, "X-Forwarded-For": "1.1.1.1, 203.0.113.7"})

    assert found["address"] == "203.0.113.7"
    assert found["url"] == "https://desk.example.org/"
    assert found["cookie"] == "__Host-fo_maple"


def test_what_a_browser_wrote_before_two_proxies_is_not_read(settings: Settings) -> None:
    found = heard(settings, 2, **{**FORGED, "X-Forwarded-For": "1.1.1.1, 203.0.113.7, 10.0.0.9"})

    assert found["address"] == "203.0.113.7"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_host_is_the_one_the_browser_named(settings: Settings, count: int) -> None:
    found = heard(settings, count, **FORGED)

    assert found["host"] == "desk.example.org"
    assert "evil" not in str(found)


def test_a_proxy_that_says_nothing_adds_nothing(settings: Settings) -> None:
    found = heard(settings, 1)

    assert (found["address"], found["url"]) == ("10.0.0.1", "http://desk.example.org/")


def test_the_whole_application_has_it_outermost(settings: Settings) -> None:
    from app.factory import create_app

    app = create_app(dataclasses.replace(settings, proxies=1, base_url="https://desk.example.org"))

    @app.before_request
    def tell() -> None:
        request.environ["test.seen"] = (request.remote_addr, request.is_secure)

    with app.test_client() as browser:
        browser.get("/healthz", headers={"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"})
        assert request.environ["test.seen"] == ("203.0.113.7", True)
