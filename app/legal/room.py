"""The legal room's card."""

from app.core.room import Room
from app.legal.views import documents, retention, subprocessors, trust, well_known

ROOM = Room("legal", "Legal", doors=[documents, subprocessors, retention, trust, well_known])
