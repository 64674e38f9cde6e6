"""How a made-up district writes to families: whose letters they are, what they say, and the page that they lead to."""

from datetime import time
from typing import Final
from uuid import UUID

from app.auth.models.account import Account
from app.core.actor import acting_as
from app.core.db import db
from app.family.models.catalogue import CATALOGUES
from app.family.models.family_office import FamilyOffice
from app.family.models.tagline import TAGLINES
from app.family.models.words_approval import WordsApproval
from app.notices.actions import senders, templating
from app.notices.actions.senders import Sender
from app.notices.models.notice_text import NoticeText

DISTRICT_SENDER: Final = Sender(
    return_address="1 School Lane\nMaple, TX 75001",
    contact_name="Carmen Vega",
    contact_phone="(512) 555-0100",
)
NORTH_SENDER: Final = Sender(
    return_address="20 Orchard Lane\nMaple, TX 75001",
    contact_name="Olive Marsh",
    contact_phone="(512) 555-0120",
)
DISTRICT_OFFICE: Final = (
    "(512) 555-0100",
    "Monday to Friday, 7:30 to 4:00",
    "Breakfast is free for every student from 7:15.\n"
    "Bus times and the number of your bus: ask us.\n"
    "A nurse is at each school all day.\n"
    "Counselors speak English and Spanish.",
)
NORTH_OFFICE: Final = (
    "(512) 555-0120",
    "Monday to Friday, 7:15 to 3:45",
    "Breakfast club from 7:00, no sign-up.\n"
    "A walking group comes along Orchard Lane at 7:20.\n"
    "Clothes and coats in all sizes: ask at the front office.",
)
#: In each of our drafts: what the district wrote otherwise, so that the letter leads to the family's page.
REWRITTEN: Final = (
    (
        "en",
        "Send it to us, and we will correct the number.",
        "Send it by your own page, and we will correct the number: ((family page))",
    ),
    (
        "es",
        "Mándela y vamos a corregir el número.",
        "Mándela por su página y vamos a corregir el número: ((family page))",
    ),
)


def set_up(rule_id: str, north: UUID, *, admin: Account, principal: Account) -> None:
    """Practice is over; the notice of a rule has texts in English and Spanish; the family page says whom to call.
    To a family that reads Vietnamese a notice may go in English.
    """
    with acting_as(admin):
        senders.set_up(envelope="us-10", cut_off=time(15, 0), practises=False)
        senders.say_sender(None, DISTRICT_SENDER)
        senders.say_sender(north, NORTH_SENDER)
        FamilyOffice.own(None).change(*DISTRICT_OFFICE, link_days=60)
        FamilyOffice.own(north).change(*NORTH_OFFICE)
        WordsApproval.give(CATALOGUES["es"], principal.name, by=admin)
        WordsApproval.give(TAGLINES["vi"], principal.name, by=admin)
    template = templating.begin(rule_id)
    for tag, before, instead in REWRITTEN:
        ours = NoticeText.newest(template.id, tag)
        assert ours is not None, "The template comes with our drafts."
        draft = templating.Draft(
            tag, ours.heading, ours.body.replace(before, instead), ours.passages, line=ours.line
        )
        by = admin if tag == "en" else principal
        with acting_as(by):
            templating.approve(templating.write(template, draft, by=by), reads_it=True, by=by)
    db.session.flush()
