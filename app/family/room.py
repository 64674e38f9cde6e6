"""The card on the door of the family page, and of the office behind it."""

from app.core.room import MenuItem, Room
from app.family.permissions import RULES, May
from app.family.views import answers, files, languages, links, offices, pages, taglines

ROOM = Room(
    "family",
    "Families",
    doors=[pages, answers, files, links, offices, languages, taglines],
    menu=[
        MenuItem("From families", "family.answers_index", May.SEE_ANSWERS, RULES, 57, "Families"),
        MenuItem("Family page", "family.offices_index", May.SEE_FAMILY_PAGE, RULES, 60, "Families"),
    ],
)
