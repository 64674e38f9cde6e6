"""Maple's texts: its account at Twilio, a family that may be texted, and a text to it."""

from typing import Any

from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.core.services import TWILIO
from app.notices.actions import setting_up_texts, texts
from app.notices.models.text_message import TextMessage
from app.notices.models.text_setting import TextChoice
from app.roster.models.contact import Contact
from app.roster.models.student import Student
from tests.roster import families
from tests.twilio_fake import ACCOUNT, KEY, NUMBER, SECRET, TOKEN
from tests.world import Place

MOTHER = "+13125550143"
STAFF = "+13125550100"
WORDS = "Leo was not in school today. Please call North School."


def set_up(**changes: Any) -> None:
    """Maple texts families, at any hour. Needs the district to be open."""
    choice: dict[str, Any] = {
        "account_sid": ACCOUNT,
        "key_sid": KEY,
        "key_secret": SECRET,
        "auth_token": TOKEN,
        "sender": NUMBER,
        "staff_numbers": (STAFF,),
        "is_live": True,
        "first_hour": 0,
        "last_hour": 24,
    }
    setting_up_texts.set_up(TextChoice(**(choice | changes)))
    services.turn(TWILIO, True, SYSTEM)
    db.session.commit()


def a_family(maple: Place, number: str = MOTHER, of: str = "S77") -> tuple[Student, Contact]:
    """Leo and his mother, who agreed to texts."""
    leo = families.student("Leo", "Ortiz", number=of, school=maple.schools["North"])
    contact = families.mobile(families.guardian(leo, "Ana", "Ortiz"), number)
    db.session.commit()
    return leo, contact


def a_text(leo: Student, contact: Contact, **changes: Any) -> TextMessage:
    """Written and committed, not sent."""
    given: dict[str, Any] = {"words": WORDS, "key": f"test {uuid7()}", "purpose": "absence"}
    given |= changes
    text = texts.write(contact, leo, given.pop("words"), **given)
    db.session.commit()
    return text
