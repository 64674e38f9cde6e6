"""A named person chooses that notices without a translation go in English, or takes that back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.notices.actions import in_english, telling
from app.notices.actions.approving import MOST_AT_ONCE
from app.notices.actions.refused import Refused
from app.notices.models.notice import OPEN, Notice, State
from app.notices.models.notice_text import NoticeText

NOBODY: Final = "Only a person of the district can choose that a notice goes in English."
NOT_BLOCKED: Final = "This notice does not wait for a translation any more."
NOT_CHOSEN: Final = "This notice does not wait for approval in English any more."


@dataclass(frozen=True)
class Chosen:
    """How many wait for approval now, how many still lack something else, and why others may not go in English."""

    waiting: int
    incomplete: int
    refused: Sequence[str]


def choose(notice: Notice, *, by: Actor) -> None:
    """It is written anew in English, with lines in the family's language before it, and waits for approval; or it still
    lacks something else. Raises Refused.
    """
    if by.person_id is None:
        raise Refused(NOBODY)
    db.session.refresh(notice, with_for_update=True)
    if not notice.lacks_a_translation:
        raise Refused(NOT_BLOCKED)
    in_use = NoticeText.in_use(notice.text.template_id)
    if why := telling.NO_TEMPLATE if in_use is None else in_english.why_not(notice, in_use):
        raise Refused(why)
    notice.go_in_english(by.person_id, clock.now())
    telling.try_again(notice)


def choose_all(notices: Iterable[Notice], *, by: Actor) -> Chosen:
    """The same for many. Those that may not are left as they are."""
    waiting, incomplete, refused = 0, 0, dict[str, None]()
    for notice in list(notices)[:MOST_AT_ONCE]:
        try:
            choose(notice, by=by)
        except Refused as why:
            refused.setdefault(why.sentence)
            continue
        if notice.state == State.WAITING:
            waiting += 1
        else:
            incomplete += 1
    return Chosen(waiting, incomplete, list(refused))


def translated(text: NoticeText) -> int:
    """A translation was approved: what waits for it, or was to go in English and has not left, is written anew in the
    family's language, and waits for approval; at most so many at once. How many.
    """
    waiting = select(Notice).where(
        Notice.text_id == text.translates_id,
        Notice.language == text.language,
        Notice.home_text_id.is_(None),
        Notice.state.in_(OPEN),
    )
    found = db.session.scalars(waiting.order_by(Notice.id).limit(MOST_AT_ONCE).with_for_update()).all()
    for notice in found:
        telling.try_again(notice)
    return sum(1 for notice in found if notice.state == State.WAITING)


def take_back(notice: Notice, *, by: Actor) -> None:
    """It waits for a translation after all. Raises Refused."""
    if by.person_id is None:
        raise Refused(NOBODY)
    db.session.refresh(notice, with_for_update=True)
    if notice.in_english_at is None or notice.state not in (State.BLOCKED, State.WAITING):
        raise Refused(NOT_CHOSEN)
    notice.go_in_their_language()
    telling.try_again(notice)
