"""The card on the door of the mail room."""

from app.core.room import MenuItem, Room
from app.notices.actions.correcting import CORRECTIONS
from app.notices.actions.measures import MEASURES
from app.notices.actions.office import STUDENTS
from app.notices.actions.showing import NOTICES
from app.notices.permissions import RULES, May
from app.notices.views import (
    demo_mail,
    heard_texts,
    incident_settings,
    incidents,
    mail_events,
    mail_log,
    mail_setting,
    muted_addresses,
    notice_settings,
    notice_templates,
    notice_texts,
    notices,
    print_batches,
    returned_letters,
)

ROOM = Room(
    "notices",
    "Mail",
    doors=[
        mail_log,
        muted_addresses,
        mail_setting,
        demo_mail,
        heard_texts,
        mail_events,
        notices,
        print_batches,
        returned_letters,
        notice_settings,
        notice_templates,
        notice_texts,
        incidents,
        incident_settings,
    ],
    menu=[
        MenuItem("Notices", "notices.notices_index", May.LIST_NOTICES, RULES, 56, "Families"),
        MenuItem(
            "What families are told",
            "notices.notice_templates_index",
            May.SEE_TEMPLATES,
            RULES,
            57,
            "Families",
        ),
        MenuItem("Letters to print", "notices.print_batches_index", May.SEE_BATCHES, RULES, 58, "Families"),
        MenuItem(
            "Letters that came back",
            "notices.returned_letters_index",
            May.TAKE_IN_RETURNED,
            RULES,
            59,
            "Families",
        ),
        MenuItem("Incidents", "notices.incidents_index", May.LIST_INCIDENTS, RULES, 61, "Families"),
        MenuItem(
            "How families are written to",
            "notices.notice_settings_show",
            May.SET_UP_NOTICES,
            RULES,
            60,
            "Families",
        ),
        MenuItem("Mail log", "notices.mail_log_index", May.SEE_MAIL_LOG, RULES, 70, "Admin"),
        MenuItem("Demo mail", "notices.demo_mail_index", May.LIST_DEMO_MAIL, RULES, position=90),
    ],
    measures=MEASURES,
    grounds=[STUDENTS, CORRECTIONS],
    shown=[NOTICES],
)
