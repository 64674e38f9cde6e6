"""Between queued and delivered: what no bell, no callback and no person has brought on is found here and goes on.

Five sweepers look after what leaves. What was left half-way, and what nobody was told of, is taken up by
`delivery.send_what_is_due` and `text_delivery.send_what_is_due`; the other three stand here. Each does a handful at a
time, may be run twice at once, and finds nothing where all is well.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, or_, select

from app.core import clock
from app.core.db import db
from app.family.models.family_link import FamilyLink
from app.notices.actions import along, checks, leaving, outcomes, passing_on
from app.notices.actions.refused import Refused
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import EMAIL, FAILED, LETTER, SMS, Notice, State
from app.notices.models.print_batch import PrintBatch
from app.notices.models.text_message import TextMessage, TextState

MOST_AT_ONCE: Final = 200
#: Whoever approved it has long ended by then.
LOST_AFTER: Final = timedelta(minutes=10)
#: After this nobody waits for a word any more (GOV.UK Notify: 72 hours).
SILENT_AFTER: Final = timedelta(days=3)
#: How long a link lies unopened before a notice that the law asks for goes another way.
UNREAD_AFTER: Final = timedelta(days=7)
#: A letter that was approved, or printed, leaves within so long; a weekend lies between.
LIES_AFTER: Final = timedelta(days=4)

NO_WORD: Final = "In three days nobody could say whether it arrived."
UNREAD: Final = "Nobody has opened the link in seven days."
NOT_PRINTED: Final = "Its letter was approved on {day} and has not been printed."
NOT_POSTED: Final = (
    "Its letter has been printed since {day} and is not posted. Post it, or take it out of the pile."
)


def bring_on_what_was_lost() -> int:
    """Approved notices that nothing carries, those that do not know what became of their mail or text, and what did
    not arrive and went no further. How many.
    """
    return _carry() + _catch_up() + _go_on()


def give_up_waiting() -> int:
    """What nobody said anything of for days, and links that the law asks to be read and nobody opens. How many."""
    return _silent_texts() + _doubtful_mails() + _unread_links()


def tell_of_letters_that_lie() -> int:
    """Letters that are not printed or not posted in time are put to a person. How many."""
    since = clock.now() - LIES_AFTER
    due = _some(
        select(Notice).where(
            Notice.channel == LETTER,
            Notice.state == State.APPROVED,
            Notice.approved_at < since,
            ~Notice.practice,
        )
    )
    printed = _some(
        select(Notice)
        .join(PrintBatch, PrintBatch.id == Notice.batch_id)
        .where(Notice.state == State.IN_PRINT, PrintBatch.made_at < since, ~PrintBatch.practice)
    )
    for notice in due:
        assert notice.approved_at is not None  # it was asked for
        _lies(notice, NOT_PRINTED.format(day=f"{notice.approved_at:%Y-%m-%d}"))
    for notice in printed:
        assert notice.batch is not None  # it is in print
        _lies(notice, NOT_POSTED.format(day=notice.batch.day.isoformat()))
    return len(due) + len(printed)


def _carry() -> int:
    is_lost = or_(
        and_(Notice.channel == EMAIL, Notice.message_id.is_(None)),
        and_(Notice.channel == SMS, Notice.text_message_id.is_(None)),
    )
    lost = _some(
        select(Notice).where(
            Notice.state == State.APPROVED, is_lost, Notice.approved_at < clock.now() - LOST_AFTER
        )
    )
    for notice in lost:
        answer = checks.ask(notice)
        if not answer.may_leave:
            leaving.stop(notice, answer)
            continue
        try:
            passing_on.hand_over(notice, answer)
        except Refused as refused:
            notice.block(refused.sentence)
    return len(lost)


def _catch_up() -> int:
    on_their_way = Notice.state.in_([State.APPROVED, State.SENT])
    mails = (
        select(Message)
        .join(Notice, Notice.message_id == Message.id)
        .where(
            on_their_way,
            _says_otherwise(Message.state, [MailState.FAILED, MailState.BOUNCED], [MailState.SENT]),
        )
    )
    ended = [TextState.FAILED, TextState.STOPPED, TextState.DELIVERED]
    texts = (
        select(TextMessage)
        .join(Notice, Notice.text_message_id == TextMessage.id)
        .where(on_their_way, _says_otherwise(TextMessage.state, ended, [TextState.SENT]))
    )
    found = _some(mails), _some(texts)
    for message in found[0]:
        outcomes.of_mail(message)
    for text in found[1]:
        outcomes.of_text(text)
    return len(found[0]) + len(found[1])


def _says_otherwise(state: Any, ended: Sequence[str], taken: Sequence[str]) -> ColumnElement[bool]:
    return or_(state.in_(ended), and_(state.in_(taken), Notice.state == State.APPROVED))


def _go_on() -> int:
    failed = _some(select(Notice).where(Notice.state.in_(FAILED), Notice.went_on_at.is_(None)))
    for notice in failed:
        passing_on.go_on(notice)
    return len(failed)


def _silent_texts() -> int:
    """Twilio has been asked for the last time: no next time is set."""
    silent = _some(
        select(TextMessage).where(
            TextMessage.state == TextState.SENT,
            TextMessage.next_try_at.is_(None),
            TextMessage.sent_at < clock.now() - SILENT_AFTER,
        )
    )
    for text in silent:
        text.fail(NO_WORD)
        outcomes.of_text(text)
    return len(silent)


def _doubtful_mails() -> int:
    """A person had three days to send it again."""
    doubtful = _some(
        select(Notice)
        .join(Message, Message.id == Notice.message_id)
        .where(
            Notice.state == State.APPROVED,
            Message.state == MailState.UNSURE,
            Message.made_at < clock.now() - SILENT_AFTER,
        )
    )
    for notice in doubtful:
        passing_on.fail(notice, NO_WORD)
    return len(doubtful)


def _unread_links() -> int:
    """A text message says nothing but its link. That one was opened proves no reading; that none was, proves that."""
    now = clock.now()
    was_opened = (
        select(FamilyLink.id)
        .where(
            FamilyLink.about_kind == "notice",
            FamilyLink.about_id == Notice.id,
            FamilyLink.student_id == Notice.student_id,
            FamilyLink.opened_at.is_not(None),
        )
        .exists()
    )
    unread = _some(
        select(Notice).where(
            Notice.channel == SMS,
            Notice.is_required,
            ~Notice.practice,
            Notice.state.in_([State.SENT, State.DELIVERED]),
            Notice.left_at < now - UNREAD_AFTER,
            Notice.left_at > now - 4 * UNREAD_AFTER,
            ~was_opened,
        )
    )
    for notice in unread:
        passing_on.fail(notice, UNREAD)
    return len(unread)


def _lies(notice: Notice, sentence: str) -> None:
    along.trouble(notice, sentence)


def _some(asked: Select[Any]) -> Sequence[Any]:
    """A handful, held until the transaction ends; what another holds is left to that one."""
    table = asked.column_descriptions[0]["entity"]
    return db.session.scalars(
        asked.order_by(table.id).limit(MOST_AT_ONCE).with_for_update(of=table, skip_locked=True)
    ).all()
