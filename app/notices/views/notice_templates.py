"""What families are told, one template a reason: which texts there are, and which may be said."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.notices.actions import templating
from app.notices.actions.refused import Refused
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.permissions import RULES, May
from app.roster.models.language import LANGUAGES
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/notice-templates")
@allow(May.SEE_TEMPLATES, RULES)
def index() -> ResponseReturnValue:
    """The templates that there are, and the rules for which there is none yet."""
    begun = db.session.scalars(NoticeTemplate.by_title()).all()
    have = {one.wanted for one in begun}
    return page(
        "notices/notice_templates.html",
        begun=[(one, NoticeText.in_use(one.id), _languages_in_use(one)) for one in begun],
        offered=[one for one in templating.all_wanted() if one.key not in have],
        may_write=permits(RULES, May.WRITE_TEMPLATES, me()),
    )


@doors.post("/notice-templates")
@allow(May.WRITE_TEMPLATES, RULES)
def create() -> ResponseReturnValue:
    """Begin one, with our drafts."""
    try:
        template = templating.begin(request.form.get("wanted", "")[:200])
    except Refused as refused:
        return done(refused.sentence, url_for("notices.notice_templates_index"), tone="warn")
    return done(
        "Here are our drafts. No letter says them until a person of the district approves them.",
        url_for("notices.notice_templates_show", id=template.id),
    )


@doors.get("/notice-templates/<uuid:id>")
@allow(May.SEE_TEMPLATES, RULES, of=NoticeTemplate)
def show(template: NoticeTemplate) -> ResponseReturnValue:
    """Its languages, and every version of each."""
    texts = NoticeText.of(template.id)
    in_use = NoticeText.in_use(template.id)
    english = in_use or NoticeText.newest(template.id, "en")
    standing = [(one, _standing(one, english, texts)) for one in LANGUAGES.values()]
    return page(
        "notices/notice_template.html",
        of=template,
        wanted=templating.wanted_of(template.wanted),
        texts=texts,
        in_use=in_use,
        law_changed=in_use is not None and templating.law_changed(template, in_use),
        standing=standing,
        may_write=permits(RULES, May.WRITE_TEMPLATES, me()),
    )


def _languages_in_use(template: NoticeTemplate) -> list[str]:
    english = NoticeText.in_use(template.id)
    if english is None:
        return []
    return [one.english for one in LANGUAGES.values() if english.in_language(one.tag) is not None]


def _standing(
    one: object, english: NoticeText | None, texts: list[NoticeText]
) -> tuple[str, str, NoticeText | None]:
    """What there is in a language: words, tone, and the version meant."""
    tag = getattr(one, "tag", "")
    theirs = [text for text in texts if text.language == tag and text.retired_at is None]
    current = [text for text in theirs if english is not None and english.id in (text.id, text.translates_id)]
    approved = next((text for text in current if text.is_approved), None)
    if approved is not None:
        return "Approved", "good", approved
    if current:
        return "Waits for approval", "warn", current[0]
    if theirs:
        return "Translation of an older version", "warn", theirs[0]
    return "Translation needed", "neutral", None
