"""The card on the door of the roster. Staff, schools and rooms have their doors in the admin room."""

from app.core.room import MenuItem, Room
from app.roster.permissions import RULES, May
from app.roster.views import contacts, guardians, households, rights, students

ROOM = Room(
    "roster",
    "Roster",
    doors=[students, guardians, rights, contacts, households],
    menu=[MenuItem("Students", "roster.students_index", May.FIND_STUDENTS, RULES, position=40)],
)
