"""The card on the door of the room for attendance: the rules, and what follows from them."""

from app.core.room import MenuItem, Room
from app.truancy.actions.telling import FIRINGS
from app.truancy.permissions import RULES, May
from app.truancy.views import activations, rules

ROOM = Room(
    "truancy",
    "Attendance",
    doors=[rules, activations],
    menu=[MenuItem("Attendance rules", "truancy.rules_index", May.SEE_RULES, RULES, 55, "Attendance")],
    grounds=[FIRINGS],
)
