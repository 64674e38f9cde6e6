"""A notice that did not arrive goes on: to the next channel that reaches them, and where none is left to a person.

Of a family told once, by whatever way, one notice counts: what did not arrive ceases to count in the transaction that
writes the next, and the database holds that. The approval is of what a family is told, so it is carried along where the
very same version says it; else the next notice waits for a person.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.core import grounds
from app.core.db import db
from app.notices.actions import along, checks, handing_over, telling
from app.notices.actions.checks import Answer
from app.notices.actions.refused import Refused
from app.notices.actions.telling import Telling
from app.notices.models.notice import FAILED, OUT, SMS, Notice, NoticeRecipient, State
from app.notices.models.notice_text import NoticeText
from app.notices.models.text_message import TextMessage

NOBODY_LEFT: Final = (
    "{reason} No other way is left to tell them. Call, or visit, and write that into the case."
)
#: From these it may turn out that it did not arrive.
ON_THEIR_WAY: Final = (State.WAITING, State.APPROVED, *OUT)


def hand_over(notice: Notice, answer: Answer) -> None:
    """Have an approved notice carried; where that cannot even begin, it goes on. Raises Refused."""
    text = handing_over.hand_over(notice, answer)
    if isinstance(text, TextMessage) and text.needs_another_way:
        fail(notice, text.reason)


def fail(notice: Notice, reason: str) -> None:
    """It did not arrive, and goes on. What has been stopped meanwhile stays as it is."""
    if notice.state in ON_THEIR_WAY:
        notice.miss(reason)
        go_on(notice)


def go_on(notice: Notice) -> None:
    """Have everybody to whom it went told by another way, or a person know that nobody could. Once."""
    if notice.state not in FAILED or notice.went_on_at is not None:
        return
    notice.went_on()
    db.session.flush()
    if notice.practice:
        return
    if why := grounds.why_not(notice.grounds_kind, notice.grounds_id):
        along.part(notice, f"{notice.reason} {why}")
        return
    before = NoticeRecipient.of_key(notice.grounds_kind, notice.grounds_id, notice.duty)
    for guardian_id in notice.guardian_ids:
        if telling.that_counts(before[guardian_id]) is None:
            _tell_otherwise(notice, guardian_id, before[guardian_id])


def _tell_otherwise(notice: Notice, guardian_id: UUID, before: Sequence[Notice]) -> None:
    home = in_use = None
    if (found := NoticeText.in_use(notice.text.template_id)) is not None:
        in_use = found
        channels = [one for one in notice.ways if one != SMS or found.line]
        not_by = telling.tried({guardian_id: before})
        reached = telling.homes(notice.student, channels, not_by, only={guardian_id}) if channels else []
        home = next((one for one in reached if not one.why_not), None)
    if home is None or in_use is None:
        along.trouble(notice, NOBODY_LEFT.format(reason=notice.reason))
        return
    if in_use.id != notice.text_id:
        along.part(notice, along.OTHER_WORDS)
    values = notice.values
    following = telling.write_one(_the_same(notice), notice.student, in_use, values, home, follows=notice)
    _approve_along(notice, following)
    if following.state == State.BLOCKED:
        along.trouble(following, following.reason)


def _the_same(notice: Notice) -> Telling:
    return Telling(
        grounds_kind=notice.grounds_kind,
        grounds_id=notice.grounds_id,
        duty=notice.duty,
        wanted=notice.text.template.wanted,
        student_id=notice.student_id,
        values=notice.values,
        of_age=checks.OF_AGE in notice.caution,
        channels=notice.ways,
        is_required=notice.is_required,
        certified=notice.certified,
        along=notice.along,
    )


def _approve_along(before: Notice, following: Notice) -> None:
    """What a person let this family be told, they are told; with a caution, or in other words, it waits."""
    are_the_same = (before.text_id, before.home_text_id) == (following.text_id, following.home_text_id)
    if (
        before.approved_by_id is None
        or following.state != State.WAITING
        or following.caution
        or not are_the_same
    ):
        return
    answer = checks.ask(following)
    if not answer.may_leave:
        return
    following.approve(before.approved_by_id, practice=False)
    try:
        hand_over(following, answer)
    except Refused:
        following.wait()  # the desk has no address by now: whoever approves it reads why
