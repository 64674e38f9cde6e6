"""The rooms of the house, from the hall upwards. A new room is one line."""

from importlib import import_module
from importlib.util import find_spec

from app.core.room import Room

NAMES = ("roster", "auth", "notices", "helpdesk", "legal", "admin")

ROOMS: list[Room] = [import_module(f"app.{name}.room").ROOM for name in NAMES if find_spec(f"app.{name}") and find_spec(f"app.{name}.room")]


def every_model_is_known() -> None:
    """Import the foundation's own tables; the rooms' came with their cards."""
    for name in ("audit", "directory", "egress", "queue", "sessions", "timetable"):
        if find_spec(f"app.core.{name}"):
            import_module(f"app.core.{name}")
    for name in NAMES:
        if find_spec(f"app.{name}.models"):
            import_module(f"app.{name}.models")
