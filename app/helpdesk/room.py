"""The card on the help desk's door."""

from app.core.room import MenuItem, Room
from app.helpdesk.actions.measures import MEASURES
from app.helpdesk.actions.school_year import open_tickets
from app.helpdesk.permissions import RULES, May
from app.helpdesk.views import (
    answers,
    assignments,
    attachments,
    closures,
    details,
    filings,
    inbound,
    mutes,
    replies,
    requests,
    solutions,
    tickets,
)

ROOM = Room(
    "helpdesk",
    "Help desk",
    doors=[
        requests,
        answers,
        solutions,
        tickets,
        replies,
        assignments,
        closures,
        details,
        attachments,
        mutes,
        inbound,
        filings,
    ],
    menu=[
        MenuItem("Queue", "helpdesk.tickets_index", May.SEE_QUEUE, RULES, 10),
        MenuItem("My requests", "helpdesk.requests_index", May.ASK_FOR_HELP, RULES, 20),
        MenuItem("Mail not filed", "helpdesk.inbound_index", May.SEE_MAIL_NOT_FILED, RULES, 30),
    ],
    measures=MEASURES,
    follows=[open_tickets],
)
