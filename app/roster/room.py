"""The roster's card. It has no doors of its own: the admin room keeps it, the others read it."""

from app.core.room import Room

ROOM = Room("roster", "Roster", doors=[])
