"""The menu: what somebody may open, in as few lines as there are places to work."""

import pytest
from flask import Flask

from app.admin.permissions import RULES, May
from app.core.room import MenuItem, Room
from tests.page_client import Page, PageClient
from tests.world import World


def lines(page: Page, name: str) -> list[str]:
    """What the navigation of that name offers; the line of this page in brackets."""
    found = page.all("nav", **{"aria-label": name})
    links = [link for nav in found for link in nav.all("a")]
    return [f"[{link.text}]" if link.get("aria-current") else link.text for link in links]


def test_what_belongs_together_stands_under_one_line(client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/admin/people")

    assert "[Admin]" in lines(page, "Main")
    assert not {"People", "Schools", "Mail log", "Audit log"} & set(lines(page, "Main"))
    assert lines(page, "Admin") == ["Overview", "[People]", "Schools", "Mail log", "Audit log"]


def test_another_room_stands_under_the_same_line(client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/mail-log")

    assert "[Admin]" in lines(page, "Main")
    assert "[Mail log]" in lines(page, "Admin")


def test_a_page_without_a_line_belongs_to_its_room(client: PageClient, world: World) -> None:
    page = client.sign_in(world.adams).get("/maple/admin/precedence")

    assert "[Admin]" in lines(page, "Main")
    assert lines(page, "Admin") == ["Overview", "People", "Schools", "Mail log", "Audit log"]


def test_one_thing_alone_is_called_by_its_own_name(
    app: Flask, client: PageClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = MenuItem("Audit log", "admin.audit_index", May.SEE_AUDIT, RULES, within="Admin")
    monkeypatch.setitem(app.extensions, "rooms", [Room("admin", "Admin", doors=[], menu=[alone])])

    page = client.sign_in(world.adams).get("/maple/admin/audit")

    assert lines(page, "Main") == ["[Audit log]"]
    assert lines(page, "Admin") == []


def test_nobody_is_offered_a_door_that_is_shut_to_them(client: PageClient, world: World) -> None:
    page = client.sign_in(world.bell).get("/maple/requests")

    assert "[My requests]" in lines(page, "Main")
    assert not {"Admin", "Overview", "Students"} & set(lines(page, "Main"))
    assert lines(page, "Admin") == []
