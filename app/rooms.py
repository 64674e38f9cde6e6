"""The rooms of the house, from the hall upwards. A new room is one line."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import app
import app.core
from app.core.room import Room

NAMES = ("roster", "auth", "register", "family", "notices", "helpdesk", "truancy", "legal", "admin", "portal")


def _has(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


ROOMS: list[Room] = [import_module(f"app.{name}.room").ROOM for name in NAMES if _has(f"app.{name}.room")]


def every_model_is_known() -> None:
    """Import every file that may hold a table, so that the metadata is whole."""
    for module in iter_modules(app.core.__path__, "app.core."):
        import_module(module.name)
    for name in NAMES:
        if _has(f"app.{name}.models"):
            models = import_module(f"app.{name}.models")
            for module in iter_modules(models.__path__, f"{models.__name__}."):
                import_module(module.name)
