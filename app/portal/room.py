"""The card on the door of the operator's room."""

from app.core.room import Room
from app.portal.views import activity, setups, sign_in, visits
from app.portal.views.at_the_door import AtTheDoor
from app.web import operators

ROOM = Room("portal", "Operator", doors=[sign_in, setups, visits, activity])

operators.comes_from(AtTheDoor())
