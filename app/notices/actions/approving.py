"""A named person lets notices leave: many at once, and one by one those that carry a caution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.core.actor import Actor
from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.notices.actions import checks, message_ids
from app.notices.actions.checks import Answer
from app.notices.actions.compose import NO_ADDRESS
from app.notices.actions.lettering import Words
from app.notices.actions.refused import Refused
from app.notices.models.mail_setting import desk
from app.notices.models.message import Message
from app.notices.models.notice import EMAIL, Notice, State
from app.notices.models.notice_setting import NoticeSetting
from app.roster.models.person import Person

#: What one press of the button may let go.
MOST_AT_ONCE: Final = 500
NOBODY: Final = "Only a person of the district can approve a notice."
NOT_WAITING: Final = "This notice does not wait for approval any more."
READ_IT_FIRST: Final = "Say that you have read what is to be kept in mind, or this notice is not approved."
NO_MAIL_OF_YOURS: Final = (
    "In practice an email goes to whoever approves it, and you have no email address here."
)


@dataclass(frozen=True)
class Approved:
    """How many leave, how many were stopped by a check, and how many must be approved one by one."""

    leaving: int
    stopped: int
    one_by_one: int


def approve_all(notices: Sequence[Notice], *, by: Actor) -> Approved:
    """Let them leave. Those with a caution stay where they are. Raises Refused."""
    counted = {"leaving": 0, "stopped": 0, "one_by_one": 0}
    for notice in notices[:MOST_AT_ONCE]:
        db.session.refresh(notice, with_for_update=True)
        if notice.state != State.WAITING:
            continue
        if notice.caution:
            counted["one_by_one"] += 1
        elif _approve(notice, by):
            counted["leaving"] += 1
        else:
            counted["stopped"] += 1
    return Approved(**counted)


def approve(notice: Notice, *, caution_read: bool, by: Actor) -> None:
    """Let one leave. Raises Refused, also where a check has stopped it just now."""
    db.session.refresh(notice, with_for_update=True)
    if notice.state != State.WAITING:
        raise Refused(NOT_WAITING)
    if notice.caution and not caution_read:
        raise Refused(READ_IT_FIRST)
    if not _approve(notice, by):
        raise Refused(notice.reason)


def _approve(notice: Notice, by: Actor) -> bool:
    if by.person_id is None:
        raise Refused(NOBODY)
    answer = checks.ask(notice)
    if not answer.may_leave:
        checks.stop(notice, answer)
        return False
    notice.approve(by.person_id, practice=NoticeSetting.of_this_district().practises)
    if notice.channel == EMAIL:
        _mail(notice, answer, by)
    return True


def _mail(notice: Notice, answer: Answer, by: Actor) -> None:
    """Hand it to the mail: to the family, or in practice to whoever approves it."""
    ours, card = desk(), district_by_id(current_district_id())
    assert card is not None
    approver = Person.find(by.person_id) if by.person_id else None
    to = (approver.email or "" if approver else "") if notice.practice else answer.address[0]
    if not to:
        raise Refused(NO_MAIL_OF_YOURS)
    if not ours.address:
        raise Refused(NO_ADDRESS)
    words = [Words.of(one) for one in notice.words]
    subject = words[0].heading if not notice.practice else f"Practice: {words[0].heading}"
    message = Message(
        kind="family_notice",
        to_address=to,
        subject=subject,
        text="\n\n———\n\n".join(one.as_text() for one in words) + "\n",
        html="".join(one.as_html() for one in words),
        about_table=Notice.__tablename__,
        about_id=notice.id,
    )
    message_ids.sign(message, ours)
    message.from_name = notice.school.name if notice.school else card.name
    db.session.add(message)
    db.session.flush()
    notice.message_id = message.id
    notice.addressee, notice.address = notice.addressee, to
    notice.leave()
    message.ring()
