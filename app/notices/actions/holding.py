"""After a restore: what may have been sent since the backup was made is not sent again by itself."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import changed_rows
from app.notices.models.message import Message, State
from app.notices.models.notice import Notice
from app.notices.models.notice import State as NoticeState
from app.notices.models.text_message import TextMessage, TextState

HALF_WAY: Final = "This was being sent when the backup was made, so nobody knows whether it arrived."
PERHAPS_SENT_SINCE: Final = (
    "This waited to be sent when the backup was made. It may have been sent before the backup was restored."
)
PERHAPS_POSTED_SINCE: Final = (
    "This was approved when the backup was made. It may have been posted before the backup was restored."
)


def hold_until_somebody_looks(
    across: Session, district_id: UUID, *, send: bool = False, columns: Collection[str]
) -> int:
    """Make restored mail unsure: a person sends it again or leaves it. How many were held.

    `send` lets what was only queued go; what was half-way is held in any case. `columns` are those that the
    table has by now: while it is being restored, the database may be older than the model.
    """
    held = _doubt(across, district_id, columns, State.SENDING, HALF_WAY)
    if not send:
        held += _doubt(across, district_id, columns, State.QUEUED, PERHAPS_SENT_SINCE)
    return held


def hold_notices(across: Session, district_id: UUID) -> int:
    """Letters that were approved, or in print, may have left since: a person approves them anew. How many were held."""
    held = (
        update(Notice)
        .where(
            Notice.district_id == district_id, Notice.state.in_([NoticeState.APPROVED, NoticeState.IN_PRINT])
        )
        .values(state=NoticeState.BLOCKED, reason=PERHAPS_POSTED_SINCE)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(across.execute(held))


def hold_texts(across: Session, district_id: UUID, *, send: bool = False) -> int:
    """The same of texts: held ones have failed, so that whoever had them written decides on another way."""
    held = _fail_texts(across, district_id, (TextState.SENDING, TextState.UNSURE), HALF_WAY)
    if not send:
        held += _fail_texts(across, district_id, (TextState.QUEUED,), PERHAPS_SENT_SINCE)
    return held


def _fail_texts(across: Session, district_id: UUID, states: Collection[TextState], reason: str) -> int:
    failed = (
        update(TextMessage)
        .where(TextMessage.district_id == district_id, TextMessage.state.in_(states))
        .values(
            state=TextState.FAILED,
            reason=reason,
            claimed_until=None,
            holder=None,
            next_try_at=None,
            settled_at=clock.now(),
        )
        .execution_options(synchronize_session=False)
    )
    return changed_rows(across.execute(failed))


def _doubt(across: Session, district_id: UUID, columns: Collection[str], state: State, reason: str) -> int:
    freed = {name: None for name in ("claimed_until", "holder", "next_try_at") if name in columns}
    doubted = (
        update(Message)
        .where(Message.district_id == district_id, Message.state == state)
        .values(state=State.UNSURE, reason=reason, **freed)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(across.execute(doubted))
