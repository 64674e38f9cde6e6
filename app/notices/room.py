"""The card on the door of the mail room."""

from app.core.room import MenuItem, Room
from app.notices.actions.measures import MEASURES
from app.notices.permissions import RULES, May
from app.notices.views import (
    demo_mail,
    mail_log,
    mail_setting,
    muted_addresses,
    notice_templates,
    notice_texts,
)

ROOM = Room(
    "notices",
    "Mail",
    doors=[mail_log, muted_addresses, mail_setting, demo_mail, notice_templates, notice_texts],
    menu=[
        MenuItem(
            "What families are told",
            "notices.notice_templates_index",
            May.SEE_TEMPLATES,
            RULES,
            58,
            "Families",
        ),
        MenuItem("Mail log", "notices.mail_log_index", May.SEE_MAIL_LOG, RULES, 70, "Admin"),
        MenuItem("Demo mail", "notices.demo_mail_index", May.LIST_DEMO_MAIL, RULES, position=90),
    ],
    measures=MEASURES,
)
