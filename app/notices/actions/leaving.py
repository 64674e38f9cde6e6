"""As something leaves: the notice that a mail or a text carries is asked once more, and stopped if it may not."""

from typing import Final

from app.notices.actions import along, checks, passing_on
from app.notices.actions.checks import Answer
from app.notices.models.message import Message
from app.notices.models.notice import Notice, State
from app.notices.models.text_message import TextMessage

STOPPED: Final = "Held back: the notice was stopped before it left."
HELD_BACK: Final = "Held back: {why}"


def stop(notice: Notice, answer: Answer) -> None:
    """Write down that it does not leave as it stands."""
    if answer.gone:
        along.cancel(notice, answer.reason, None)
    elif answer.out_of_reach:
        passing_on.fail(notice, answer.reason)
    else:
        notice.block(answer.reason)


def refuse_mail(message: Message) -> str:
    """Why a mail that carries a notice may not be sent at this moment; "" if it may, or carries none."""
    if message.about_table != Notice.__tablename__ or message.about_id is None:
        return ""
    return _refuse(Notice.carried_by(Notice.message_id, message.id), message.to_address)


def refuse_text(text: TextMessage) -> str:
    """The same for a text."""
    if text.about_table != Notice.__tablename__ or text.about_id is None:
        return ""
    return _refuse(Notice.carried_by(Notice.text_message_id, text.id), text.number or "")


def _refuse(notice: Notice | None, to: str) -> str:
    if notice is None or notice.state not in {State.APPROVED, State.SENT}:
        return STOPPED
    answer = checks.ask(notice)
    if not answer.may_leave:
        stop(notice, answer)
        return HELD_BACK.format(why=answer.reason)
    if not notice.practice and to != answer.address[0]:
        notice.block(checks.CHANGED)
        return HELD_BACK.format(why=checks.CHANGED)
    return ""
