"""Telling a family: from what a notice rests on to one notice for each home, in its language, waiting for approval.

To whom is decided by the roster, which denies whoever is not known to be allowed. Each is told by the first channel
that reaches them. Asked twice, nobody is told twice: the key is what it rests on, the duty and the guardian, and the
database holds it.
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
from app.family.models.tagline import TAGLINES
from app.integrations.twilio.segments import counted, plainly
from app.integrations.typesetting.letters import Letter, why_not
from app.notices.actions import along, checks, in_english, lettering, ways
from app.notices.actions.refused import Refused
from app.notices.actions.texts import MOST_SEGMENTS
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.notice import FAILED, LETTER, LIVE, SMS, Notice, NoticeRecipient, State, new_code
from app.notices.models.notice_setting import NoticeSender, NoticeSetting
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.wording import placeholders, shipped
from app.notices.wording.placeholders import plain
from app.roster.models.envelopes import Envelope, envelope_to, envelopes
from app.roster.models.language import ENGLISH, language
from app.roster.models.recipients import LeftOut, Recipient, recipients
from app.roster.models.student import Student

NO_TEMPLATE: Final = (
    "There is no approved text for this notice yet. Approve one under “What families are told”."
)
OLD_LAW: Final = (
    "The law asks for more than the approved text says: {items}. Write and approve a new version of "
    "“{title}”."
)
MISSING: Final = "Nobody said: {names}. Fill that in, then try again."
NO_LINE: Final = (
    "Version {number} in {language} has no line for text messages. Approve one that has, then try again."
)
TOO_LONG: Final = "The text message would go out in {parts} parts: write a shorter line."
OTHER_NUMBERS: Final = "The register says: {names}. Say why you write another number, or write that one."
SAY_WHENCE: Final = (
    "Some of what is counted was at an earlier school, and version {number} in {language} does not say so. Add "
    "“((earlier school??Some of these days were at the school before ours. It wrote them down.))” to the text, and "
    "have it approved."
)
BY_HAND: Final = "These numbers are not the register’s ({names}): {why}"
TYPED: Final = "What was typed for this notice ({names}) stands in its {language} text as it was typed."
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
    #: The first that reaches somebody is used, and where it fails the next.
    channels: Sequence[str] = (LETTER,)
    #: The law asks for it, and where another way failed, for certified mail.
    is_required: bool = False
    certified: bool = False
    #: Why the numbers are not those that the room has.
    why_other: str = ""
    #: What else the same words tell, by references of the same kind: it is told, once only, under each of their keys.
    along: Collection[UUID] = ()


@dataclass
class Told:
    """What was written, and who was left out, with why."""

    notices: list[Notice] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Home:
    """To whom one notice goes, by which channel, and where. `why_not`: it does not reach them."""

    channel: str
    guardian_ids: tuple[UUID, ...]
    name: str
    language: str
    caution: str
    address: str = ""
    way_index: str | None = None
    why_not: str = ""


#: A channel and an address by which somebody was not reached: it is not tried again.
Tried = Mapping[UUID, Collection[tuple[str, str]]]


def tell(telling: Telling) -> Told:
    """Write the notices. Raises Refused where no text may be used, or what it rests on does not stand."""
    student = db.session.get_one(Student, telling.student_id)
    if why := grounds.why_not(telling.grounds_kind, telling.grounds_id):
        raise Refused(why)
    english = _text(telling)
    values = _values(telling)
    # Where the text has no line, nobody is texted; the next channel says it.
    channels = [one for one in telling.channels if one != SMS or english.line] or telling.channels
    found = Told(left_out=recipients(student).left_out)
    LeftOutGuardian.write_down(telling.grounds_kind, telling.grounds_id, telling.duty, found.left_out)
    before = NoticeRecipient.of_key(telling.grounds_kind, telling.grounds_id, telling.duty)
    told = {id: one for id, notices in before.items() if (one := that_counts(notices)) is not None}
    for home in homes(student, channels, tried(before)):
        theirs = {told[id].id: told[id] for id in home.guardian_ids if id in told}
        if theirs:
            found.notices += [
                _again(one, telling, home) for one in theirs.values() if one not in found.notices
            ]
        else:
            found.notices.append(write_one(telling, student, english, values, home))
    if not found.notices and not found.left_out:
        raise Refused(NOBODY.format(name=student.name))
    return found


def said_by(wanted: str) -> Collection[str]:
    """What the text in use says of what the law asks for, by the law's own words; nothing where there is no text."""
    template = NoticeTemplate.for_(wanted)
    english = NoticeText.in_use(template.id) if template else None
    return [item for item, words in english.passages.items() if words.strip()] if english else []


def asked(wanted: str) -> list[str]:
    """What the text in use names and nobody knows but whoever writes the notice, by those names."""
    template = NoticeTemplate.for_(wanted)
    english = NoticeText.in_use(template.id) if template else None
    known = {plain(name) for name in shipped.VALUES}
    return [name for name in english.placeholders if plain(name) not in known] if english else []


def that_counts(notices: Sequence[Notice]) -> Notice | None:
    """Of those that a guardian had under one key: the one that counts, or that a person or an excuse ended."""
    ended = [one for one in notices if one.state not in FAILED]
    return next((one for one in reversed(ended) if one.state in LIVE), ended[-1] if ended else None)


def tried(before: Mapping[UUID, Sequence[Notice]]) -> Tried:
    """By what each was not reached."""
    return {
        id: {(one.channel, _where(one)) for one in notices if one.state in FAILED}
        for id, notices in before.items()
    }


def homes(
    student: Student, channels: Sequence[str], not_by: Tried, *, only: Collection[UUID] | None = None
) -> list[Home]:
    """Each guardian who may be written to, by the first channel that reaches them: by letter those of one household
    together, else one by one. Whom none reaches is among them, with why. `only`: of these guardians.
    """
    may = recipients(student).may
    left = {one.guardian_id: one for one in may if only is None or one.guardian_id in only}
    practice = NoticeSetting.of_this_district().practises
    found: list[Home] = []
    why: dict[UUID, str] = {}
    for channel in channels:
        reached = _by_post(student, left) if channel == LETTER else _one_by_one(channel, left, practice, why)
        for home in reached:
            if not any((channel, home.address) in not_by.get(id, ()) for id in home.guardian_ids):
                found.append(home)
                for id in home.guardian_ids:
                    del left[id]
    for one in left.values():
        reason = why.get(one.guardian_id, ways.NO_WAY[channels[-1]])
        found.append(
            Home(channels[-1], (one.guardian_id,), one.name, one.language, one.caution, why_not=reason)
        )
    return found


def _by_post(student: Student, left: Mapping[UUID, Recipient]) -> list[Home]:
    found = []
    for envelope in envelopes([student]):
        ids = tuple(id for id in envelope.guardian_ids if id in left)
        letter = envelope if ids == envelope.guardian_ids else envelope_to(student, ids) if ids else None
        if letter is not None:
            found.append(_home_of(letter))
    return found


def _home_of(letter: Envelope) -> Home:
    address = "\n".join((letter.name, *letter.address))
    return Home(LETTER, letter.guardian_ids, letter.name, letter.language, letter.caution, address)


def _one_by_one(
    channel: str, left: Mapping[UUID, Recipient], practice: bool, why: dict[UUID, str]
) -> list[Home]:
    found = []
    for id, one in left.items():
        way, why_not = ways.by(channel, one, practice=practice)
        if way is None:
            why[id] = why_not
        else:
            to = ways.address_of(way)
            found.append(Home(channel, (id,), one.name, one.language, one.caution, to, way.index))
    return found


def _where(notice: Notice) -> str:
    """Where it went, as a home has it."""
    return notice.address or ""


def _again(notice: Notice, telling: Telling, home: Home) -> Notice:
    """It is there. Cancelled because it did not stand, and standing again, it waits anew, with all that it tells."""
    if notice.state == State.CANCELLED and notice.ended_by_id is None:
        notice.wait()
        try_again(notice)
        along.take_up(notice, [id for id in telling.along if not _is_told(telling, id, home)])
    return notice


def _values(telling: Telling) -> dict[str, str]:
    """Those of the room, and what was said beside them. Raises Refused for another number without a reason."""
    known = grounds.values(telling.grounds_kind, telling.grounds_id)
    other = {name: value for name, value in known.items() if telling.values.get(name, value) != value}
    said = {**known, **telling.values}
    if not other:
        return said
    names = ", ".join(f"{name} {value}" for name, value in other.items())
    if not telling.why_other.strip():
        raise Refused(OTHER_NUMBERS.format(names=names))
    return {**said, checks.CHANGED_BY_HAND: BY_HAND.format(names=names, why=telling.why_other.strip())}


def try_again(notice: Notice, values: Mapping[str, str] | None = None) -> None:
    """Write a blocked notice anew, with the text that is in use now. It waits, or is blocked with another reason."""
    in_use = NoticeText.in_use(notice.text.template_id)
    if in_use is None:
        notice.block(NO_TEMPLATE)
        return
    if in_use.id != notice.text_id:
        along.part(notice, along.OTHER_WORDS)
    if values is not None:
        notice.values_text = _as_text({**notice.values, **values})
    notice.text_id = in_use.id
    home = _home_again(notice)
    if home is None:
        notice.block(
            "The guardians of this home, or what they may be told, have changed since this was written."
        )
        return
    if not notice.values.get(checks.CHANGED_BY_HAND):
        known = grounds.values(notice.grounds_kind, notice.grounds_id)
        notice.values_text = _as_text({**notice.values, **known, **(values or {})})
    notice.caution = _caution(notice, home, checks.OF_AGE in notice.caution)
    db.session.flush()
    _write(notice, in_use, home)


def _home_again(notice: Notice) -> Home | None:
    """The same people by the same channel, as things stand now."""
    if notice.channel == LETTER and (letter := envelope_to(notice.student, notice.guardian_ids)):
        return _home_of(letter)
    if len(notice.guardian_ids) > 1:
        return None
    theirs = [
        one for one in homes(notice.student, [notice.channel], {}) if one.guardian_ids == notice.guardian_ids
    ]
    return theirs[0] if theirs else None


def _caution(notice: Notice, home: Home, of_age: bool) -> str:
    is_of_age = of_age or checks.is_of_age(notice.student)
    by_hand = notice.values.get(checks.CHANGED_BY_HAND, "")
    return " ".join(
        filter(None, [checks.OF_AGE if is_of_age else "", home.caution, by_hand, _typed(notice, home)])
    )


def _typed(notice: Notice, home: Home) -> str:
    """A letter in another language says in English what was typed for it."""
    known = {plain(name) for name in (*shipped.VALUES, checks.CHANGED_BY_HAND)}
    typed = [name for name in notice.values if plain(name) not in known]
    if not typed or home.language == ENGLISH:
        return ""
    return TYPED.format(names=", ".join(typed), language=language(home.language).english)


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


def write_one(
    telling: Telling,
    student: Student,
    english: NoticeText,
    values: Mapping[str, str],
    home: Home,
    *,
    follows: Notice | None = None,
) -> Notice:
    """One notice; `follows`: what did not arrive there before. It waits, or is blocked with a reason."""
    notice = Notice(
        id=uuid7(),
        code=new_code(),
        grounds_kind=telling.grounds_kind,
        grounds_id=telling.grounds_id,
        duty=telling.duty,
        student_id=student.id,
        school_id=student.school_id,
        channel=home.channel,
        ways=list(telling.channels),
        is_required=telling.is_required,
        certified=telling.certified,
        follows_id=follows.id if follows else None,
        language=home.language,
        text_id=english.id,
        state=State.WAITING,
        values_text=_as_text(values),
    )
    if follows is not None and follows.in_english_by_id is not None and follows.language == home.language:
        notice.go_in_english(follows.in_english_by_id, follows.in_english_at or clock.now())
    db.session.add(notice)
    db.session.flush()
    notice.caution = _caution(notice, home, telling.of_age)
    for guardian_id in home.guardian_ids:
        db.session.add(NoticeRecipient.of(notice, guardian_id))
    db.session.flush()
    along.take_up(notice, [id for id in telling.along if not _is_told(telling, id, home)])
    _write(notice, english, home)
    return notice


def _is_told(telling: Telling, grounds_id: UUID, home: Home) -> bool:
    """Whether somebody of this home has a notice of that already, or is to have one."""
    before = NoticeRecipient.of_key(telling.grounds_kind, grounds_id, telling.duty)
    return any(that_counts(before.get(id, [])) is not None for id in home.guardian_ids)


def _write(notice: Notice, english: NoticeText, home: Home) -> None:
    """Fill the text in, and say whether it is complete."""
    notice.addressee = home.name
    texts = lettering.home_then_english(english, notice.language)
    notice.home_text_id = texts[0].id if texts and texts[0] is not english else None
    if texts:
        notice.go_in_their_language()
    untranslated = "" if texts else in_english.what_is_missing(notice, english)
    texts = texts or [english]
    all_values = _all_values(notice, home, texts)
    lines = TAGLINES[notice.language] if notice.in_english_at is not None and not untranslated else None
    written = lettering.write(texts, all_values, lines)
    notice.say([words.told() for words in written.words])
    reasons = [one for one in (home.why_not, untranslated) if one]
    if notice.channel == SMS and not untranslated:
        reasons += _say_the_line(notice, texts[0], all_values)
    if written.missing:
        reasons.append(MISSING.format(names=", ".join(written.missing)))
    if all_values.get(shipped.EARLIER_SCHOOL) == "yes":
        reasons += [
            SAY_WHENCE.format(number=one.number, language=one.speaks.english)
            for one in texts
            if plain(shipped.EARLIER_SCHOOL) not in map(plain, one.placeholders)
        ]
    if notice.channel == LETTER and (strange := why_not(_as_letter(notice, written))):
        reasons.append(strange)
    if reasons:
        notice.block(" ".join(reasons))
    else:
        notice.wait()
    db.session.flush()


def _say_the_line(notice: Notice, text: NoticeText, values: Mapping[str, str]) -> list[str]:
    """What a phone shows; why that is not complete."""
    if not text.line:
        notice.line = None
        return [NO_LINE.format(number=text.number, language=text.speaks.english)]
    # No marks of direction: a phone that makes links of addresses takes them for a part of one.
    line = placeholders.fill(text.line, values)
    notice.line = plainly(line.text)
    parts = counted(notice.line).segments
    reasons = [TOO_LONG.format(parts=parts)] if parts > MOST_SEGMENTS else []
    return [*reasons, *([MISSING.format(names=", ".join(line.missing))] if line.missing else [])]


def _all_values(notice: Notice, home: Home, texts: Iterable[NoticeText]) -> dict[str, str]:
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
    asked = any(plain(FAMILY_PAGE) in map(plain, text.placeholders) for text in texts)
    if (asked or notice.channel == SMS) and not home.why_not:
        house[FAMILY_PAGE] = _family_page(notice, home)
    return {**shipped.UNLESS_SAID, **house, **notice.values}


def _family_page(notice: Notice, home: Home) -> str:
    """A link of the first who reads it, for as long as they may be told; the same one when it is written again."""
    guardian_id, index = home.guardian_ids[0], home.way_index
    if index is None:
        may = [one for one in recipients(notice.student).may if one.guardian_id == guardian_id]
        index = next(
            (way.index for one in may for way in one.ways if way.kind == ways.KIND[notice.channel]), None
        )
    about = About("notice", notice.id)
    return link_for(notice.student, guardian_id, by=SYSTEM, about=about, way_index=index).address


def _as_letter(notice: Notice, written: lettering.Written) -> Letter:
    name = notice.addressee or ""
    return Letter(notice.code, "", (), (name,), tuple(one.part() for one in written.words))


def _as_text(values: Mapping[str, str]) -> str:
    kept = {str(name)[:60]: str(value)[:500] for name, value in list(values.items())[:40]}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
