"""Room: what a room offers the house. A room's card lists its doors, and makes its one Flask blueprint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from flask import Blueprint

from app.core.following import Follows
from app.core.foreseen import Foreseen
from app.core.grounds import Grounds
from app.core.readings import Measure
from app.core.shown import Shown

View = Callable[..., Any]


class Doors:
    """The doors of one noun: `doors = Doors()` at the top of a view file, then `@doors.get("/tickets")`."""

    def __init__(self) -> None:
        self.rules: list[tuple[str, str, View]] = []

    def get(self, rule: str) -> Callable[[View], View]:
        """A door that only shows. GET never changes anything."""
        return self._door(rule, "GET")

    def post(self, rule: str) -> Callable[[View], View]:
        """A door through which something is done."""
        return self._door(rule, "POST")

    def _door(self, rule: str, method: str) -> Callable[[View], View]:
        def hang(view: View) -> View:
            self.rules.append((rule, method, view))
            return view

        return hang


@dataclass(frozen=True)
class MenuItem:
    """A line of the menu, shown to those who may open its door.

    `within`: the line that it stands under, with whatever other rooms put there; it opens the first of them.
    """

    label: str
    endpoint: str
    may: Any
    rules: Mapping[Any, Sequence[Callable[..., bool]]]
    position: int = 50
    within: str = ""


@dataclass(frozen=True)
class Room:
    """The card on a room's door."""

    name: str
    label: str
    doors: Sequence[ModuleType]
    menu: Sequence[MenuItem] = field(default_factory=tuple)
    #: What the timetable reads of it each minute, over all districts.
    measures: Sequence[Measure] = field(default_factory=tuple)
    #: What it has of students who change school or leave, for the preview of a school year.
    follows: Sequence[Follows] = field(default_factory=tuple)
    #: What it has families told, and whether that still stands.
    grounds: Sequence[Grounds] = field(default_factory=tuple)
    #: Whether the district that is open uses something that hangs on an age.
    wants_births: Callable[[], bool] = lambda: False
    #: What it says of an import of attendance before that is applied.
    foreseen: Sequence[Foreseen] = field(default_factory=tuple)
    #: What families read behind its links.
    shown: Sequence[Shown] = field(default_factory=tuple)

    def blueprint(self) -> Blueprint:
        """The room's blueprint: views/closures.py:create becomes the endpoint `helpdesk.closures_create`."""
        blueprint = Blueprint(self.name, f"app.{self.name}")
        for module in self.doors:
            noun = module.__name__.rpartition(".")[2]
            for rule, method, view in module.doors.rules:
                blueprint.add_url_rule(rule, f"{noun}_{view.__name__}", view, methods=[method])
        return blueprint
