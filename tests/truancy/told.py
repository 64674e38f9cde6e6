"""Notices that a rule owes, written and left, for tests. Needs the district to be open."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.family.models.tagline import TAGLINES
from app.family.models.words_approval import WordsApproval
from app.notices.actions import approving, senders, templating
from app.notices.actions.senders import Sender
from app.notices.models.notice import Notice
from app.notices.models.notice_text import NoticeText
from app.truancy.actions import following
from app.truancy.actions.following import Asked
from app.truancy.actions.telling import tell
from app.truancy.models.case_duty import CaseDuty
from tests.roster import families

RULE = "us-ca.truant.1"
TRIGGER = date(2026, 9, 18)


def ready(world) -> None:
    """A text that may be used, somebody to call, and no practice."""
    template = templating.begin(RULE)
    templating.approve(NoticeText.newest(template.id, "en"), reads_it=True, by=world.adams.account())
    senders.set_up(envelope="us-10", cut_off=time(15, 0), practises=False)
    sender = Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
    senders.say_sender(None, sender)
    db.session.flush()


def untranslated(world, number: int, school) -> Notice:
    """A notice to a mother who reads Vietnamese, which waits for a translation. Its lines are checked."""
    WordsApproval.give(TAGLINES["vi"], "Linh Tran", by=world.adams.account())
    return written(number, school, language="vi")


def written(number: int, school, *, language: str = "en") -> Notice:
    """A notice to the mother of somebody new."""
    student = families.student("Ana", f"Salas{number}", number=f"S-{number}", school=school)
    mother = families.guardian(student, "Eva", f"Salas{number}", language=language)
    families.lives_at(mother, f"{number} Maple Street")
    asked = {"window": "2026-27", "ordinal": 1, "trigger": TRIGGER, "do": "notice", "to": "parent"}
    one = Asked(student_id=student.id, rule_id=RULE, due=None, blocked=[], for_person=False, **asked)
    following.follow([student.id], [one])
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == student.id)).one()
    told = tell(duty, {"days": "3", "unexcused": "3"}, "letter", by=SYSTEM)
    return told.notices[0]


def left(notice: Notice, days: int, by) -> None:
    approving.approve(notice, caution_read=False, by=by)
    with clock.frozen(datetime(2026, 9, 18, 17, tzinfo=UTC) + timedelta(days=days)):
        notice.leave()
    db.session.flush()
