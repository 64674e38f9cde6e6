"""The hall without rooms and without a database: enough to try how pages are made."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, abort, render_template_string, request

from app.core.directory import DistrictCard
from app.web import assets, components, district, errors, filters, headers, page
from app.web.page import done
from app.web.sessions import SessionLogin

MAPLE = DistrictCard(uuid4(), "maple", "Maple Unified School District", "open", "us", "America/Chicago", None)
TESS = SimpleNamespace(id=None, name="Tess Okafor", kind="account", person_id=None, has=lambda _: False)

PAGE = """
{% extends "layout.html" %}
{% block title %}Try{% endblock %}
{% block main %}
<h1>Try</h1>
<div id="there"><button type="button" hx-get="/answer" hx-target="#there">Ask</button></div>
{% endblock %}
"""


def build(monkeypatch: pytest.MonkeyPatch, *, signed_in: bool = True) -> Flask:
    """One page with a button that asks for a part, and doors that fail in every way."""
    monkeypatch.setattr(page, "visitor", lambda: TESS if signed_in else None)
    monkeypatch.setattr(district, "here", lambda: MAPLE)
    app = Flask("app", static_folder=None)
    app.secret_key = "x" * 32
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    SessionLogin(app).user_loader(lambda _: None)
    for module in (errors, headers, assets, filters, components, page):
        module.install(app)
    app.jinja_env.globals["csrf_token"] = lambda: "masked"
    doors: dict[str, Callable[..., Any]] = {
        "/": lambda: render_template_string(PAGE),
        "/answer": lambda: "<p>It works</p>",
        "/fail/<int:status>": lambda status: abort(status),
        "/refuse": lambda: abort(409, "Tess closed this ticket. Load it again."),
        "/break": lambda: 1 / 0,
        "/do": lambda: done("Ticket <closed>.", "/tickets"),
    }
    for rule, door in doors.items():
        app.add_url_rule(rule, rule, door, methods=["GET", "POST"])
    app.add_url_rule("/echo", "echo", lambda: request.get_data(), methods=["POST"])
    return app
