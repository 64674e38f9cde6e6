"""What became of each notice that rests on a firing, step by step, and of the families' page that it led to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from app.core.db import db
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_link import FamilyLink
from app.notices.models.incident import Incident
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.message import Message
from app.notices.models.notice import CHANNELS, CORRECTION, LETTER, OUT, Notice, State
from app.notices.models.text_message import TextMessage
from app.roster.models.guardian import Guardian
from app.roster.models.person import Person
from app.truancy.law.packs import shipped
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.firing import Firing

#: What a notice's reference says of a line of the morning list, and of a firing itself.
DUTY: Final = "case duty"
FIRING: Final = "firing"
OPENED: Final = (
    "The link to the family page was opened, by the family or by a program that looks at links in mail."
)
IN_ENGLISH: Final = (
    "No translation into {language} was approved. {by} chose that it goes in English, with lines in {language} that "
    "say how to have it explained."
)
WRONG_PERSON: Final = "It was written down that it reached the wrong person."
_MAIL: Final = {
    "queued": "The email waits to be sent",
    "sending": "The email is being sent",
    "sent": "The email was taken by a mail server",
    "failed": "The email could not be sent",
    "unsure": "The email may have arrived",
    "bounced": "The email came back",
}


@dataclass(frozen=True)
class Step:
    """Something that happened to a notice."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Told:
    """One of several things that a notice tells."""

    #: The title of its rule.
    title: str
    #: Whether its firing stands.
    stands: bool
    #: Since when the notice does not tell it any more.
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Trail:
    """One notice, to whom it went, and all that became of it, in its order."""

    notice: Notice
    #: The guardians, by name.
    to: tuple[str, ...]
    steps: tuple[Step, ...]
    #: The code of the notice that it corrects; "" of one that is no correction.
    corrects: str = ""
    #: All that it tells, where that is more than one thing; the first is what it was written for.
    tells: tuple[Told, ...] = ()

    @property
    def together(self) -> tuple[str, ...]:
        """In sentences what it tells, where that is more than one thing, and for which of them it stands."""
        if not self.tells:
            return ()
        first, *more = (f"“{one.title}”" for one in self.tells)
        said = [f"Written in the words of {first}; with it this notice tells {' and '.join(more)}."]
        ended = [one for one in self.tells if one.ended_at is not None]
        said += [f"It was stopped, and does not tell “{one.title}” any more." for one in ended]
        told = [one for one in self.tells if one not in ended]
        fallen = [f"“{one.title}”" for one in told if not one.stands]
        standing = [f"“{one.title}”" for one in told if one.stands]
        if fallen and standing and self.notice.state in OUT:
            verb = "does" if len(fallen) == 1 else "do"
            said.append(
                f"{' and '.join(fallen)} {verb} not hold any more; the notice stands for {' and '.join(standing)}."
            )
        return tuple(said)

    @property
    def channel(self) -> str:
        """Letter, email."""
        return CHANNELS[self.notice.channel]


def duties_of(firing: Firing) -> list[CaseDuty]:
    """The lines of the morning list that it asks for, or asked for."""
    asked = select(CaseDuty).where(
        CaseDuty.student_id == firing.student_id,
        CaseDuty.rule_id == firing.rule_id,
        CaseDuty.window == firing.window_name,
        CaseDuty.ordinal == firing.ordinal,
    )
    return list(db.session.scalars(asked.order_by(CaseDuty.id)))


def trails(firing: Firing, duties: Sequence[CaseDuty]) -> list[Trail]:
    """Of every notice that rests on the firing or on a line of it, or tells one along, the oldest first."""
    ids = [one.id for one in duties]
    asked = select(Notice).where(
        or_(
            (Notice.grounds_kind == FIRING) & (Notice.grounds_id == firing.id),
            (Notice.grounds_kind == DUTY) & Notice.grounds_id.in_(ids),
            Notice.id.in_(Notice.telling_along(DUTY, ids).with_only_columns(Notice.id).order_by(None)),
        )
    )
    found = []
    for one in db.session.scalars(asked.order_by(Notice.made_at, Notice.id)).all():
        corrections = db.session.scalars(Notice.resting_on(CORRECTION, one.id)).all()
        found += [trail(one), *(trail(correction, corrects=one.code) for correction in corrections)]
    return found


def trail(notice: Notice, corrects: str = "") -> Trail:
    """Of one notice."""
    to = tuple(db.session.get_one(Guardian, id).name for id in notice.guardian_ids)
    steps = sorted(_steps(notice), key=lambda one: one.at)
    return Trail(notice, to, tuple(steps), corrects, tuple(_tells(notice)))


def _tells(notice: Notice) -> Iterator[Told]:
    if notice.grounds_kind != DUTY or not (along := notice.once_along):
        return
    titles = {rule.id: rule.title for rule in shipped()}
    for id, ended_at in {notice.grounds_id: None, **along}.items():
        duty = db.session.get_one(CaseDuty, id)
        firing = Firing.behind(duty.student_id, duty.rule_id, duty.window, duty.ordinal)
        yield Told(titles.get(duty.rule_id, duty.rule_id), firing is None or firing.stands, ended_at)


def left_out(firing: Firing, duties: Sequence[CaseDuty], written: Sequence[Trail]) -> list[LeftOutGuardian]:
    """Who was not written to, and why, as it was decided then."""
    return [
        *LeftOutGuardian.of(FIRING, [firing.id]),
        *LeftOutGuardian.of(DUTY, [one.id for one in duties]),
        *LeftOutGuardian.of(CORRECTION, [one.notice.id for one in written if not one.corrects]),
    ]


def _steps(notice: Notice) -> Iterator[Step]:
    follows = ", since another way did not reach them" if notice.follows_id else ""
    yield Step(notice.made_at, f"Written{follows}")
    if notice.in_english_at is not None:
        by = notice.in_english_by.name if notice.in_english_by else "somebody"
        yield Step(notice.in_english_at, IN_ENGLISH.format(language=notice.speaks.english, by=by))
    if notice.approved_at is not None:
        by = notice.approved_by.name if notice.approved_by else "somebody"
        practice = ", in practice: it reaches no family" if notice.practice else ""
        yield Step(notice.approved_at, f"Approved by {by}{practice}")
    batch = notice.batch
    if batch is not None:
        yield Step(batch.made_at, f"Printed in the batch of {batch.day}, envelope {notice.envelope}")
    if batch is not None and batch.posted_at is not None and notice.left_at is not None:
        by = batch.posted_by.name if batch.posted_by else "somebody"
        yield Step(batch.posted_at, f"Posted by {by}")
    elif notice.left_at is not None and notice.channel == LETTER:
        yield Step(notice.left_at, "Left")
    if notice.arrived_at is not None:
        yield Step(notice.arrived_at, "Delivered, as the phone network says")
    if notice.state == State.UNDELIVERED and notice.went_on_at is not None:
        yield Step(notice.went_on_at, f"Did not arrive. {notice.reason}")
    yield from _mail(notice)
    yield from _text(notice)
    if notice.arrived_at is not None:
        yield Step(notice.arrived_at, "Arrived")
    if notice.state == State.UNDELIVERED:
        at = notice.went_on_at or notice.left_at or notice.made_at
        yield Step(at, f"Did not arrive. {notice.reason}".strip())
    if notice.returned_at is not None:
        yield Step(notice.returned_at, f"Came back by post. {notice.reason}".strip())
    if notice.ended_at is not None:
        what = "Withdrawn" if notice.state == State.WITHDRAWN else "Cancelled"
        by = f" by {_name(notice.ended_by_id)}" if notice.ended_by_id else ""
        yield Step(notice.ended_at, f"{what}{by}. {notice.reason}")
    for incident in Incident.of_notice(notice.id):
        yield Step(incident.recorded_at, WRONG_PERSON)
    yield from _family(notice)


def _mail(notice: Notice) -> Iterator[Step]:
    mail = db.session.get(Message, notice.message_id) if notice.message_id else None
    if mail is None:
        return
    tries = f", attempt {mail.attempts}" if mail.attempts > 1 else ""
    if mail.sent_at is not None:
        yield Step(mail.sent_at, _MAIL["sent"] + tries)
    if mail.state != "sent":
        at = mail.bounced_at or mail.handed_over_at or mail.next_try_at or mail.made_at
        yield Step(at, f"{_MAIL[mail.state]}{tries}. {mail.reason}".strip())


def _text(notice: Notice) -> Iterator[Step]:
    text = db.session.get(TextMessage, notice.text_message_id) if notice.text_message_id else None
    if text is None:
        return
    tries = f", attempt {text.attempts}" if text.attempts > 1 else ""
    if text.sent_at is not None:
        yield Step(text.sent_at, f"The text message was handed over{tries}")
    if text.settled_at is not None or text.reason:
        at = text.settled_at or text.handed_over_at or text.made_at
        yield Step(at, f"The text message: {text.called.lower()}. {text.reason}".strip())


def _family(notice: Notice) -> Iterator[Step]:
    asked = select(FamilyLink).where(
        FamilyLink.student_id == notice.student_id,
        FamilyLink.about_kind == "notice",
        FamilyLink.about_id == notice.id,
    )
    for link in db.session.scalars(asked.order_by(FamilyLink.made_at, FamilyLink.id)):
        if link.opened_at is not None:
            yield Step(link.opened_at, OPENED)
        answers = select(FamilyAnswer).where(FamilyAnswer.link_id == link.id)
        for answer in db.session.scalars(answers.order_by(FamilyAnswer.sent_at)):
            yield Step(answer.sent_at, f"{link.guardian.name}, on the family page: {answer.what}")


def _name(person_id: UUID) -> str:
    person = db.session.get(Person, person_id)
    return person.name if person else "somebody"
