"""An approved notice goes to what carries it: the mail, or the texts. Letters wait for the cut-off."""

from typing import Final

from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.directory import district_by_id
from app.core.settings import get_settings
from app.core.tenancy import current_district_id
from app.family.actions.linking import About, link_for
from app.family.models.family_link import UNSUBSCRIBE, FamilyLink
from app.notices.actions import message_ids, texts
from app.notices.actions.checks import Answer
from app.notices.actions.compose import NO_ADDRESS
from app.notices.actions.lettering import Words
from app.notices.actions.refused import Refused
from app.notices.actions.texts import CannotText
from app.notices.models.mail_setting import desk
from app.notices.models.message import Message
from app.notices.models.notice import EMAIL, SMS, Notice
from app.notices.models.text_message import TextMessage
from app.roster.models.contact import Contact
from app.roster.models.person import Person

NO_MAIL_OF_YOURS: Final = (
    "In practice an email goes to whoever approves it, and you have no email address here."
)
#: RFC 8058 asks for it.
OVER_TLS: Final = "https://"
#: A text of practice goes to a phone of staff, which is nobody's who may read about this student.
NO_LINK: Final = "(link)"


def hand_over(notice: Notice, answer: Answer) -> TextMessage | None:
    """Have it carried to where `answer` says. The text, where it is one. Raises Refused."""
    if notice.channel == EMAIL:
        _mail(notice, answer)
    elif notice.channel == SMS:
        return _text(notice, answer)
    return None


def _mail(notice: Notice, answer: Answer) -> None:
    """To the family, or in practice to whoever approved it."""
    ours, card = desk(), district_by_id(current_district_id())
    assert card is not None
    approver = Person.find(notice.approved_by_id) if notice.approved_by_id else None
    to = (approver.email or "" if approver else "") if notice.practice else answer.address[0]
    if not to:
        raise Refused(NO_MAIL_OF_YOURS)
    if not ours.address:
        raise Refused(NO_ADDRESS)
    if answer.contact_id is not None and _may_be_ended(notice):
        way = db.session.get_one(Contact, answer.contact_id).value_index
        about = About("notice", notice.id)
        link_for(notice.student, notice.guardian_ids[0], by=SYSTEM, about=about, way_index=way)
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
    notice.message_id, notice.address = message.id, to
    message.ring()


def unsubscribe_at(message: Message) -> str:
    """Where one click ends such mail; "" for all but what the office tells a family without a law behind it."""
    if message.about_table != Notice.__tablename__ or not get_settings().base_url.startswith(OVER_TLS):
        return ""
    notice = db.session.scalar(select(Notice).where(Notice.message_id == message.id))
    if notice is None or not _may_be_ended(notice):
        return ""
    link = FamilyLink.working_about(notice.student_id, notice.guardian_ids[0], "notice", notice.id)
    return f"{link.address}/{UNSUBSCRIBE}" if link is not None else ""


def _may_be_ended(notice: Notice) -> bool:
    """What a law has them told is nothing that they subscribed to."""
    return not notice.is_required and not notice.practice


def _text(notice: Notice, answer: Answer) -> TextMessage:
    """To the family, or in practice to a number of staff, without the link."""
    about = (Notice.__tablename__, notice.id)
    # Approved anew, it is another text: the one before did not leave.
    key = f"notice {notice.id} {notice.approved_at:%Y-%m-%dT%H:%M:%S.%f}"
    try:
        if notice.practice:
            text = texts.practise(_without_link(notice), key=key, about=about)
        else:
            assert answer.contact_id is not None
            contact = db.session.get_one(Contact, answer.contact_id)
            purpose = "absence" if notice.is_required else "school"
            text = texts.write(
                contact, notice.student, notice.line or "", key=key, purpose=purpose, about=about
            )
    except CannotText as refused:
        raise Refused(refused.sentence) from refused
    notice.text_message_id, notice.address = text.id, text.number
    return text


def _without_link(notice: Notice) -> str:
    line = notice.line or ""
    for id in notice.guardian_ids:
        link = FamilyLink.working_about(notice.student_id, id, "notice", notice.id)
        if link is not None:
            line = line.replace(link.address, NO_LINK)
    return f"Practice: {line}"
