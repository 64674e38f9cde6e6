"""Telling a family: from what a notice rests on to one notice for each home, in its language, waiting for approval.

To whom is decided by the roster, which denies whoever is not known to be allowed. Asked twice, nobody is told twice:
the key is what it rests on, the duty, the guardian and the channel, and the database holds it.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from app.core import clock, grounds
from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.family.actions.linking import About, link_for
from app.integrations.typesetting.letters import Letter, why_not
from app.notices.actions import checks, lettering
from app.notices.actions.refused import Refused
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.notice import EMAIL, LETTER, Notice, NoticeRecipient, State, new_code
from app.notices.models.notice_setting import NoticeSender
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.wording.placeholders import plain
from app.roster.models import contact
from app.roster.models.envelopes import envelopes
from app.roster.models.recipients import LeftOut, recipients
from app.roster.models.student import Student

NO_TEMPLATE: Final = (
    "There is no approved text for this notice yet. Approve one under “What families are told”."
)
OLD_LAW: Final = (
    "The law asks for more than the approved text says: {items}. Write and approve a new version of "
    "“{title}”."
)
NO_TRANSLATION: Final = (
    "There is no approved translation into {language} of version {number}. Approve one, then try again."
)
MISSING: Final = "Nobody said: {names}. Fill that in, then try again."
NO_WAY: Final = {
    LETTER: "There is no address to which a letter may go.",
    EMAIL: "There is no email address that they agreed to.",
}
#: The placeholder for a link to the family page; a text that does not ask for it makes none.
FAMILY_PAGE: Final = "family page"
NOBODY: Final = "Nobody may be written to about {name}."


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What a family is to be told."""

    #: Whom to ask whether it still stands: a kind of core/grounds.py, and an id.
    grounds_kind: str
    grounds_id: UUID
    duty: str
    #: For which template.
    wanted: str
    student_id: UUID
    values: Mapping[str, str]
    #: What the law asks for on the day that counts, by its own words.
    must_say: Collection[str] = ()
    #: Where whoever asks knows it and the roster does not.
    of_age: bool = False
    channels: Sequence[str] = (LETTER,)


@dataclass
class Told:
    """What was written, and who was left out, with why."""

    notices: list[Notice] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class _Home:
    """To whom one notice goes."""

    guardian_ids: tuple[UUID, ...]
    name: str
    language: str
    caution: str
    reached: bool


def tell(telling: Telling) -> Told:
    """Write the notices. Raises Refused where no text may be used, or what it rests on does not stand."""
    student = db.session.get_one(Student, telling.student_id)
    if why := grounds.why_not(telling.grounds_kind, telling.grounds_id):
        raise Refused(why)
    english = _text(telling)
    found = Told(left_out=recipients(student).left_out)
    LeftOutGuardian.write_down(telling.grounds_kind, telling.grounds_id, telling.duty, found.left_out)
    for channel in telling.channels:
        told = NoticeRecipient.told(telling.grounds_kind, telling.grounds_id, telling.duty, channel)
        for home in _homes(student, channel):
            if told.keys() & set(home.guardian_ids):
                found.notices += _again(told[id] for id in home.guardian_ids if id in told)
            elif (
                home.reached or channel == telling.channels[0]
            ):  # another channel is for those whom it reaches
                found.notices.append(_new(telling, student, english, channel, home))
    if not found.notices and not found.left_out:
        raise Refused(NOBODY.format(name=student.name))
    return found


def try_again(notice: Notice, values: Mapping[str, str] | None = None) -> None:
    """Write a blocked notice anew, with the text that is in use now. It waits, or is blocked with another reason."""
    in_use = NoticeText.in_use(notice.text.template_id)
    if in_use is None:
        notice.block(NO_TEMPLATE)
        return
    if values is not None:
        notice.values_text = _as_text({**notice.values, **values})
    notice.text_id = in_use.id
    homes = {home.guardian_ids: home for home in _homes(notice.student, notice.channel)}
    home = homes.get(notice.guardian_ids)
    if home is None:
        notice.block(
            "The guardians of this home, or what they may be told, have changed since this was written."
        )
        return
    notice.caution = _caution(notice.student, home, checks.OF_AGE in notice.caution)
    db.session.flush()
    _write(notice, in_use, home)


def _caution(student: Student, home: "_Home", of_age: bool) -> str:
    is_of_age = of_age or checks.is_of_age(student)
    return " ".join(filter(None, [checks.OF_AGE if is_of_age else "", home.caution]))


def _text(telling: Telling) -> NoticeText:
    template = NoticeTemplate.for_(telling.wanted)
    english = NoticeText.in_use(template.id) if template else None
    if template is None or english is None:
        raise Refused(NO_TEMPLATE)
    unsaid = [item for item in telling.must_say if not english.passages.get(item, "").strip()]
    if unsaid:
        named = ", ".join(one.replace("_", " ") for one in unsaid)
        raise Refused(OLD_LAW.format(items=named, title=template.title))
    return english


def _homes(student: Student, channel: str) -> list[_Home]:
    """For letters one each household, for all else one each guardian. Who may not be written to is not among them."""
    may = recipients(student).may
    if channel != LETTER:
        return [
            _Home(
                (one.guardian_id,),
                one.name,
                one.language,
                one.caution,
                any(way.kind == contact.EMAIL for way in one.ways),
            )
            for one in may
        ]
    homes = [
        _Home(one.guardian_ids, one.name, one.language, one.caution, True) for one in envelopes([student])
    ]
    by_post = {id for home in homes for id in home.guardian_ids}
    return homes + [
        _Home((one.guardian_id,), one.name, one.language, one.caution, False)
        for one in may
        if one.guardian_id not in by_post
    ]


def _new(telling: Telling, student: Student, english: NoticeText, channel: str, home: _Home) -> Notice:
    notice = Notice(
        id=uuid7(),
        code=new_code(),
        grounds_kind=telling.grounds_kind,
        grounds_id=telling.grounds_id,
        duty=telling.duty,
        student_id=student.id,
        school_id=student.school_id,
        channel=channel,
        language=home.language,
        text_id=english.id,
        state=State.WAITING,
        caution=_caution(student, home, telling.of_age),
        values_text=_as_text(telling.values),
    )
    db.session.add(notice)
    db.session.flush()
    for guardian_id in home.guardian_ids:
        db.session.add(
            NoticeRecipient(
                notice_id=notice.id,
                guardian_id=guardian_id,
                grounds_kind=telling.grounds_kind,
                grounds_id=telling.grounds_id,
                duty=telling.duty,
                channel=channel,
            )
        )
    db.session.flush()
    _write(notice, english, home)
    return notice


def _write(notice: Notice, english: NoticeText, home: _Home) -> None:
    """Fill the text in, and say whether it is complete."""
    notice.addressee = home.name
    texts = lettering.home_then_english(english, notice.language)
    notice.home_text_id = texts[0].id if texts and texts[0] is not english else None
    written = lettering.write(texts or [english], _all_values(notice, home, texts or [english]))
    notice.say([words.told() for words in written.words])
    reasons = []
    if not home.reached:
        reasons.append(NO_WAY[notice.channel])
    if not texts:
        reasons.append(NO_TRANSLATION.format(language=notice.speaks.english, number=english.number))
    if written.missing:
        reasons.append(MISSING.format(names=", ".join(written.missing)))
    if notice.channel == LETTER and (strange := why_not(_as_letter(notice, written))):
        reasons.append(strange)
    if reasons:
        notice.block(" ".join(reasons))
    else:
        notice.wait()
    db.session.flush()


def _again(ids: Iterable[UUID]) -> list[Notice]:
    """Those that are there: one that was cancelled because it did not stand, and stands again, waits anew."""
    found = []
    for id in dict.fromkeys(ids):
        notice = db.session.get_one(Notice, id)
        if notice.state == State.CANCELLED and notice.ended_by_id is None:
            notice.wait()
            try_again(notice)
        found.append(notice)
    return found


def _all_values(notice: Notice, home: _Home, texts: Iterable[NoticeText]) -> dict[str, str]:
    sender = NoticeSender.for_school(notice.school_id)
    card = district_by_id(current_district_id())
    zone = notice.school.zone_name if notice.school else card.zone if card else "UTC"
    today = clock.local(clock.now(), zone).date()
    house = {
        "student": notice.student.name,
        "guardian": home.name,
        "school": notice.school.name if notice.school else card.name if card else "",
        "contact": sender.contact_name if sender else "",
        "phone": sender.contact_phone if sender else "",
        "date": lettering.day_in_words(today),
    }
    if any(plain(FAMILY_PAGE) in map(plain, text.placeholders) for text in texts):
        house[FAMILY_PAGE] = _family_page(notice, home)
    return {**house, **notice.values}


def _family_page(notice: Notice, home: _Home) -> str:
    """A link of the first who reads it, for as long as they may be told; the same one when it is written again."""
    kind = {LETTER: contact.POST, EMAIL: contact.EMAIL}.get(notice.channel, contact.MOBILE)
    guardian_id = home.guardian_ids[0]
    ways = [
        way for one in recipients(notice.student).may if one.guardian_id == guardian_id for way in one.ways
    ]
    sent_to = next((way.index for way in ways if way.kind == kind), None)
    about = About("notice", notice.id)
    return link_for(notice.student, guardian_id, by=SYSTEM, about=about, way_index=sent_to).address


def _as_letter(notice: Notice, written: lettering.Written) -> Letter:
    name = notice.addressee or ""
    return Letter(notice.code, "", (), (name,), tuple(one.part() for one in written.words))


def _as_text(values: Mapping[str, str]) -> str:
    kept = {str(name)[:60]: str(value)[:500] for name, value in list(values.items())[:40]}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
