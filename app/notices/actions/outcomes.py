"""What became of the mail or the text is what became of the notice that it carries.

Accepted is not delivered: of an email nobody says more than that a server took it. Told twice, it counts once.
"""

from typing import Final

from app.notices.actions import passing_on
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import Notice, State
from app.notices.models.text_message import TextMessage, TextState

MARKED_AS_SPAM: Final = "Its reader marked our mail as spam, where nobody reads it."


def of_mail(message: Message) -> None:
    """Follow a mail, if it carries a notice."""
    if message.about_table != Notice.__tablename__:
        return
    notice = Notice.carried_by(Notice.message_id, message.id)
    if notice is None:
        return
    if message.state == MailState.SENT:
        _left(notice)
    elif message.state in {MailState.FAILED, MailState.BOUNCED}:
        passing_on.fail(notice, message.reason)


def complained_of(message: Message) -> None:
    """It arrived where spam lies: whoever must be told is told otherwise."""
    notice = Notice.carried_by(Notice.message_id, message.id)
    if notice is not None:
        passing_on.fail(notice, MARKED_AS_SPAM)


def of_text(text: TextMessage) -> None:
    """Follow a text, if it carries a notice."""
    if text.about_table != Notice.__tablename__:
        return
    notice = Notice.carried_by(Notice.text_message_id, text.id)
    if notice is None:
        return
    if text.state in {TextState.SENT, TextState.DELIVERED}:
        _left(notice)
    if text.state == TextState.DELIVERED and notice.state == State.SENT:
        notice.arrive()
    elif text.needs_another_way:
        passing_on.fail(notice, text.reason)


def _left(notice: Notice) -> None:
    if notice.state == State.APPROVED:
        notice.leave()
