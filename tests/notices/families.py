"""Maple, ready to write to families: an approved text in English and Spanish, somebody to call, no practice."""

from datetime import time
from typing import Any

from app.core.db import db
from app.notices.actions import senders, telling, templating
from app.notices.actions.senders import Sender
from app.notices.actions.telling import Telling, Told
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.roster.models.student import Student
from tests.roster import families
from tests.world import World

WANTED = "absences.total"
VALUES = {"days": "9", "unexcused": "4"}


def ready(world: World, *, practises: bool = False) -> NoticeTemplate:
    """What stands before a notice can leave."""
    template = templating.begin(WANTED)
    for text in reversed(NoticeText.of(template.id)):
        templating.approve(text, reads_it=True, by=world.adams.account())
    senders.set_up(envelope="us-10", cut_off=time(15, 0), practises=practises)
    said = Sender(
        return_address="1 School Street\nMaple, IL 60601", contact_name="Nora Bell", contact_phone="312"
    )
    senders.say_sender(None, said)
    db.session.commit()
    return template


def maria(world: World, *, number: str = "77") -> Student:
    """A student of North, of whom nobody is known yet."""
    return families.student("Maria", "Salas", number=number, school=world.maple.schools["North"])


def tell(student: Student, duty: str = "notice", **more: Any) -> Told:
    """Tell the family, as the office would."""
    told = {"values": VALUES, "grounds_kind": "student", "grounds_id": student.id, **more}
    return telling.tell(Telling(duty=duty, wanted=WANTED, student_id=student.id, **told))
