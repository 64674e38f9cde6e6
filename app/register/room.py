"""The card on the door of the attendance register: school days, codes, marks, and how they come in."""

from app.core.room import MenuItem, Room
from app.register.permissions import RULES, May
from app.register.views import calendars, codes, imports, marks, registers

ROOM = Room(
    "register",
    "Attendance register",
    doors=[registers, imports, codes, calendars, marks],
    menu=[MenuItem("Register", "register.registers_index", May.SEE_REGISTER, RULES, 52, "Attendance")],
)
