"""What a notice tells along with what it was written for: several things that a family is owed, in one letter.

The notice is in the words of what it was written for, so it leaves only while that stands. Once it has left, it stands
as long as anything of it does. Where it is stopped or has not arrived, the room of each hears of it.
"""

from collections.abc import Iterable
from itertools import product
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from app.core import clock, grounds
from app.core.db import db
from app.notices.models.notice import Notice, NoticeRecipient

STOPPED: Final = (
    "The notice that told this along with something else was stopped. {why} So this is to be told by itself."
)
OTHER_WORDS: Final = "The text of the notice was written anew since this was told along with it."


def take_up(notice: Notice, ids: Iterable[UUID]) -> None:
    """From now on it tells these along."""
    of_notice = select(NoticeRecipient).where(NoticeRecipient.notice_id == notice.id, NoticeRecipient.along)
    known = db.session.scalars(of_notice.execution_options(populate_existing=True))
    before = {(one.guardian_id, one.grounds_id): one for one in known}
    for id, guardian_id in product(ids, notice.guardian_ids):
        if (one := before.get((guardian_id, id))) is not None:
            one.ended_at, one.live = None, True
        else:
            db.session.add(NoticeRecipient.of(notice, guardian_id, along=id))
    db.session.flush()


def another_stands(notice: Notice) -> bool:
    """Whether something stands that it tells along. It stays so until the transaction ends."""
    return any(not grounds.why_not(notice.grounds_kind, id) for id in notice.along)


def cancel(notice: Notice, why: str, by_id: UUID | None) -> None:
    """It does not leave, and what it would have told along is open again."""
    ids = notice.along
    notice.cancel(why, by_id)
    db.session.flush()
    _say(notice, ids, STOPPED.format(why=why))


def withdraw(notice: Notice, why: str, by_id: UUID | None) -> None:
    """It had left, or was in print; the same."""
    ids = notice.along
    notice.withdraw(why, by_id)
    db.session.flush()
    _say(notice, ids, STOPPED.format(why=why))


def part(notice: Notice, why: str) -> None:
    """It goes on, and tells nothing else any more."""
    if not (ids := notice.along):
        return
    db.session.execute(
        update(NoticeRecipient)
        .where(
            NoticeRecipient.notice_id == notice.id, NoticeRecipient.along, NoticeRecipient.ended_at.is_(None)
        )
        .values(ended_at=clock.now(), live=False)
    )
    _say(notice, ids, STOPPED.format(why=why))


def trouble(notice: Notice, sentence: str) -> None:
    """Tell whoever stands for any of it that a person is needed; "" if none is any more."""
    _say(notice, (notice.grounds_id, *notice.along), sentence)


def _say(notice: Notice, ids: Iterable[UUID], sentence: str) -> None:
    for id in ids:
        grounds.trouble(notice.grounds_kind, id, sentence)
