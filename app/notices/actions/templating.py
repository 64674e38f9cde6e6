"""Templates: begun from what a room has families told, written anew as versions, approved by a named person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import grounds
from app.core.actor import Actor
from app.core.db import db
from app.core.grounds import Wanted
from app.notices.actions import choosing_english
from app.notices.actions.refused import Refused
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import MACHINE, PERSON, SHIPPED, NoticeText
from app.notices.wording import shipped
from app.roster.models.language import ENGLISH

#: No law asks for it: a district that wants to tell families how much was missed.
TOTALS: Final = Wanted(key="absences.total", title="How many days a student has missed")
#: To whom a notice was sent that does not stand any more.
CORRECTION: Final = Wanted(key="notices.correction", title="A correction: a notice does not count any more")

NOT_WANTED: Final = "No rule asks for a notice of that name. Choose one of the list."
ENGLISH_FIRST: Final = "Write the English text first: a translation is of a version of it."
MACHINES: Final = (
    "A machine wrote this draft, so it cannot be approved. Read it, correct it, and save it as your own "
    "version."
)
SAY_THAT_YOU_READ_IT: Final = "Say that you read the language and have read this text. Then it is approved."
OUTDATED: Final = (
    "This translates an English version that is no longer in use. Translate the one that is in use, and "
    "approve that."
)
NOBODY: Final = "Only a person of the district can approve a text."
AT_ONCE: Final = (
    "Somebody else saved a version of this text at the same moment. Look at it, then save yours again."
)


@dataclass(frozen=True)
class Draft:
    """What was typed, or what a machine wrote."""

    language: str
    heading: str
    body: str
    passages: Mapping[str, str]
    by_machine: bool = False
    line: str = ""


def all_wanted() -> list[Wanted]:
    """Every notice that a template can be made for."""
    return [TOTALS, CORRECTION, *grounds.wanted()]


def wanted_of(key: str) -> Wanted | None:
    """What is asked for under that key, as of today."""
    return next((one for one in all_wanted() if one.key == key), None)


def begin(key: str) -> NoticeTemplate:
    """The template for it, with our drafts; the one that is there if there is one. Raises Refused."""
    found = NoticeTemplate.for_(key)
    if found is not None:
        return found
    wanted = wanted_of(key)
    if wanted is None:
        raise Refused(NOT_WANTED)
    template = NoticeTemplate(wanted=key, title=wanted.title)
    db.session.add(template)
    db.session.flush()
    english: NoticeText | None = None
    texts = shipped.CORRECTION if key == CORRECTION.key else shipped.LETTER
    for tag, letter in texts.items():
        known = shipped.PASSAGES[tag]
        text = NoticeText(
            template_id=template.id,
            language=tag,
            number=1,
            translates_id=english.id if english else None,
            origin=SHIPPED,
            heading=letter.heading,
            body=letter.body,
            line=letter.line,
            passages={key: known[key] for key, _ in wanted.contents if key in known},
            **_required(wanted),
        )
        db.session.add(text)
        db.session.flush()
        english = english or text
    return template


def write(template: NoticeTemplate, draft: Draft, *, by: Actor) -> NoticeText:
    """Save a new version. In another language than English it translates the newest English one. Raises Refused."""
    translates = None
    if draft.language != ENGLISH:
        translates = NoticeText.in_use(template.id) or NoticeText.newest(template.id, ENGLISH)
        if translates is None:
            raise Refused(ENGLISH_FIRST)
    wanted = wanted_of(template.wanted)
    text = NoticeText(
        template_id=template.id,
        language=draft.language,
        number=NoticeText.next_number(template.id, draft.language),
        translates_id=translates.id if translates else None,
        origin=MACHINE if draft.by_machine else PERSON,
        written_by_id=None if draft.by_machine else by.person_id,
        heading=" ".join(draft.heading.split()),
        body=draft.body.replace("\r\n", "\n").strip(),
        line=" ".join(draft.line.split()),
        passages={key: words.strip() for key, words in draft.passages.items() if words.strip()},
        **(_required(wanted) if wanted else _as_before(template.id)),
    )
    db.session.add(text)
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise Refused(AT_ONCE) from error
    return text


def approve(text: NoticeText, *, reads_it: bool, by: Actor) -> int:
    """Let letters say these very words. How many notices that waited for them, or were to go in English, are written
    anew and wait for approval. Raises Refused, with every reason.
    """
    if by.person_id is None:
        raise Refused(NOBODY)
    if text.origin == MACHINE:
        raise Refused(MACHINES)
    if reasons := text.why_not():
        raise Refused(" ".join(reasons))
    if text.translates_id is not None:
        in_use = NoticeText.in_use(text.template_id)
        if in_use is None or in_use.id != text.translates_id:
            raise Refused(OUTDATED)
    if not reads_it:
        raise Refused(SAY_THAT_YOU_READ_IT)
    text.approve(by.person_id)
    db.session.flush()
    return choosing_english.translated(text) if text.translates_id is not None else 0


def law_changed(template: NoticeTemplate, text: NoticeText) -> bool:
    """True where the law asks for something today that it did not ask of this version."""
    wanted = wanted_of(template.wanted)
    asked = {key for key, _ in text.required}
    return wanted is not None and not {key for key, _ in wanted.contents} <= asked


def _required(wanted: Wanted) -> dict[str, object]:
    return {"required": [list(item) for item in wanted.contents], "required_since": wanted.since}


def _as_before(template_id: UUID) -> dict[str, object]:
    before = NoticeText.newest(template_id, ENGLISH)
    return {
        "required": before.required if before else [],
        "required_since": before.required_since if before else None,
    }
