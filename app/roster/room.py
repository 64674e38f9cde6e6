"""The card on the door of the roster. Staff, schools and rooms have their doors in the admin room."""

from app.core.room import MenuItem, Room
from app.roster.permissions import IN_THE_MENU, RULES, May
from app.roster.views import classes, contacts, guardians, households, rights, students

ROOM = Room(
    "roster",
    "Roster",
    doors=[students, guardians, rights, contacts, households, classes],
    menu=[
        MenuItem("Students", "roster.students_index", May.FIND_STUDENTS, RULES, position=40),
        MenuItem("Classes", "roster.classes_index", May.FIND_CLASSES, IN_THE_MENU, position=41),
    ],
)
