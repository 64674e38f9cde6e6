"""A correction: to those whom a notice reached that does not stand any more, who may still be written to.

It is a notice like any other, of a template of its own, and waits for a named person. What it rests on is the notice
that it corrects; so there is one for each of them, and none once that stands again. It names no day, and counts none.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.core import clock, grounds
from app.core.db import db, one_of
from app.core.directory import district_by_id
from app.core.grounds import Grounds
from app.core.tenancy import current_district_id
from app.notices.actions import lettering, telling, templating
from app.notices.actions.telling import Telling
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.notice import CORRECTION, SMS, Notice, NoticeRecipient, State
from app.notices.models.notice_text import NoticeText
from app.roster.models.recipients import recipients

NO_TEXT: Final = (
    "There is no approved text for corrections yet. Approve one under “What families are told”, "
    "then try again."
)
STANDS_AGAIN: Final = "The notice that this corrects stands again, so there is nothing to correct."
NEVER_THERE: Final = "The notice that this corrects never reached them, so there is nothing to correct."


def correct(notice: Notice) -> list[Notice]:
    """Write the corrections of a notice that had left and is withdrawn. Asked again, nobody is told twice."""
    if _why_not(notice.id) or not grounds.corrects(notice.grounds_kind, notice.grounds_id):
        return []
    template = templating.begin(templating.CORRECTION.key)
    in_use = NoticeText.in_use(template.id)
    english = in_use or NoticeText.newest(template.id, "en")
    assert english is not None  # a template begins with our drafts
    asked = _telling(notice, english)
    left_out = [one for one in recipients(notice.student).left_out if one.guardian_id in notice.guardian_ids]
    LeftOutGuardian.write_down(CORRECTION, notice.id, CORRECTION, left_out)
    told = NoticeRecipient.of_key(CORRECTION, notice.id, CORRECTION)
    found = []
    for home in telling.homes(notice.student, asked.channels, {}, only=notice.guardian_ids):
        if told.keys().isdisjoint(home.guardian_ids):
            one = telling.write_one(asked, notice.student, english, asked.values, home)
            if in_use is None:
                one.block(NO_TEXT)
            found.append(one)
    db.session.flush()
    return found


def take_up_again(students: Collection[UUID]) -> int:
    """Corrections that were stopped since their notice stood again, where it does not any more. How many."""
    stopped = select(Notice).where(
        one_of(Notice.student_id, students),
        Notice.grounds_kind == CORRECTION,
        Notice.state == State.CANCELLED,
        Notice.ended_by_id.is_(None),
    )
    found = [one for one in db.session.scalars(stopped).all() if not _why_not(one.grounds_id)]
    for one in found:
        one.wait()
        telling.try_again(one)
    return len(found)


def of_notice(notice_id: UUID) -> list[Notice]:
    """Those that correct this one."""
    return list(db.session.scalars(Notice.resting_on(CORRECTION, notice_id)))


def corrected_by(notice: Notice) -> Notice | None:
    """What this one corrects; None where it is no correction."""
    return db.session.get(Notice, notice.grounds_id) if notice.grounds_kind == CORRECTION else None


def _telling(notice: Notice, english: NoticeText) -> Telling:
    """By the way that reached them, and if that fails by the others."""
    ways = dict.fromkeys((notice.channel, *notice.ways))
    channels = [one for one in ways if one != SMS or english.line] or [notice.channel]
    assert notice.left_at is not None  # what never left is not corrected
    card = district_by_id(current_district_id())
    zone = notice.school.zone_name if notice.school else card.zone_name if card else "UTC"
    sent_on = lettering.day_in_words(clock.local(notice.left_at, zone).date())
    return Telling(
        grounds_kind=CORRECTION,
        grounds_id=notice.id,
        duty=CORRECTION,
        wanted=templating.CORRECTION.key,
        student_id=notice.student_id,
        values={"notice date": sent_on},
        channels=channels,
    )


def _why_not(notice_id: UUID) -> str:
    notice = db.session.get(Notice, notice_id)
    if notice is None or notice.left_at is None or notice.practice or notice.returned_at is not None:
        return NEVER_THERE
    stands = not grounds.why_not(notice.grounds_kind, notice.grounds_id)
    return STANDS_AGAIN if stands or notice.state != State.WITHDRAWN else ""


#: The card of this room: a notice as what its correction rests on.
CORRECTIONS: Final = Grounds(kind=CORRECTION, wanted=lambda: (), why_not=_why_not)
