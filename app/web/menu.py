"""The menu at the top of every page: the lines that somebody may open, and what stands under the line of this page."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import current_app, request

from app.core.actor import Actor
from app.core.room import MenuItem
from app.web.guard import opens


class Link(NamedTuple):
    """A line: what it says, where it leads, and whether this page belongs to it."""

    label: str
    href: str
    current: bool


class Menu(NamedTuple):
    """The lines that somebody sees; and, where this page stands under one with others, that line and the others."""

    lines: Sequence[Link] = ()
    under: str = ""
    beside: Sequence[Link] = ()


def menu_of(who: Actor) -> Menu:
    """Of what the rooms offer, that which opens to them. A line with one thing under it has that one's name."""
    offered = [item for room in current_app.extensions.get("rooms", ()) for item in room.menu]
    seen = [item for item in offered if opens(item.endpoint, item.may, item.rules, who)]
    seen.sort(key=lambda item: item.position)
    # A page that no item names belongs to the first of its room.
    here = next(filter(_is_here, seen), None) or next(filter(_is_of_this_room, seen), None)
    lines: dict[str, list[MenuItem]] = {}
    for item in seen:
        lines.setdefault(item.within or item.label, []).append(item)
    beside = lines[here.within] if here and here.within else []
    return Menu(
        [
            Link(
                name if len(items) > 1 else items[0].label,
                _address_of(items[0].endpoint),
                any(item is here for item in items),
            )
            for name, items in lines.items()
        ],
        here.within if here and len(beside) > 1 else "",
        [Link(item.label, _address_of(item.endpoint), _is_here(item)) for item in beside]
        if len(beside) > 1
        else (),
    )


def _address_of(endpoint: str) -> str:
    """What url_for() says of a door that takes nothing: asked for every item on every page, so built once."""
    built: dict[str, str] = current_app.extensions.setdefault("menu_addresses", {})
    if endpoint not in built:
        built[endpoint] = current_app.url_map.bind("").build(endpoint)
    return f"{request.script_root}{built[endpoint]}"


def _is_here(item: MenuItem) -> bool:
    """This very page, or one of the same noun: a ticket belongs to the tickets."""
    noun, _, _ = item.endpoint.rpartition("_")
    return (request.endpoint or "").rpartition("_")[0] == noun


def _is_of_this_room(item: MenuItem) -> bool:
    return item.endpoint.partition(".")[0] == request.blueprint
