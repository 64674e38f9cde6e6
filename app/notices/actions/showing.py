"""What a family reads of a notice behind its link: of a text message all of it, since the phone shows one line."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.core.db import db
from app.core.shown import Passage, Shown
from app.notices.actions import correcting
from app.notices.actions.lettering import Words
from app.notices.models.notice import FAILED, OUT, Notice, State

#: What was stopped, or was never let go, says nothing there.
SAYS: Final = (State.APPROVED, State.IN_PRINT, *OUT, *FAILED)


def _passages(notice_id: UUID) -> Sequence[Passage]:
    notice = db.session.get(Notice, notice_id)
    if notice is not None and notice.state == State.WITHDRAWN:
        # Whoever opens the old link reads that it does not count any more, once somebody has let that go.
        notice = next((one for one in correcting.of_notice(notice.id) if one.state in SAYS), None)
    if notice is None or notice.state not in SAYS:
        return ()
    said = [Words.of(one) for one in notice.words]
    return [
        Passage(one.language, one.rtl, one.heading, tuple((block.kind, block.lines) for block in one.blocks))
        for one in said
    ]


NOTICES: Final = Shown(kind="notice", passages=_passages)
