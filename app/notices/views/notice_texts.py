"""One version of a text: its words, what the law asks, how it reads, its letter, and who approved it."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.permissions import permits
from app.core.room import Doors
from app.notices.actions import lettering, templating
from app.notices.actions.lettering import CannotPrint
from app.notices.actions.refused import Refused
from app.notices.actions.templating import Draft
from app.notices.forms.texts import ApprovalForm, NoticeTextForm
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.permissions import RULES, May
from app.notices.wording import lines, readability, shipped
from app.notices.wording.contents import Item
from app.roster.models.language import ENGLISH, LANGUAGES
from app.web.guard import allow, me
from app.web.page import done, page
from app.web.saved import as_pdf

doors = Doors()


@doors.get("/notice-templates/<uuid:id>/texts/new")
@allow(May.WRITE_TEMPLATES, RULES, of=NoticeTemplate)
def new(template: NoticeTemplate) -> ResponseReturnValue:
    """A new version, begun with the newest in that language."""
    asked = request.args.get("language", ENGLISH)
    tag = asked if asked in LANGUAGES else ENGLISH
    before = NoticeText.newest(template.id, tag)
    told = {"language": tag}
    if before:
        told |= {"heading": before.heading, "body": before.body, "line": before.line}
    form = NoticeTextForm.filled(data=told)
    form.ask_for(_items(template), before.passages if before else {})
    return _new(template, form)


@doors.post("/notice-templates/<uuid:id>/texts")
@allow(May.WRITE_TEMPLATES, RULES, of=NoticeTemplate, paper=NoticeTextForm)
def create(template: NoticeTemplate) -> ResponseReturnValue:
    """Save it."""
    form, items = NoticeTextForm.filled(), _items(template)
    form.ask_for(items, {})
    if not form.validate():
        return _new(template, form, 422)
    draft = Draft(
        language=form.language.data,
        heading=form.heading.data or "",
        body=form.body.data or "",
        passages=form.written(items),
        line=form.line.data or "",
        by_machine=bool(form.by_machine.data),
    )
    try:
        text = templating.write(template, draft, by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _new(template, form, 422)
    return done(
        f"{text.called} is saved. It is said in no letter until it is approved.",
        url_for("notices.notice_texts_show", id=text.id),
    )


@doors.get("/notice-texts/<uuid:id>")
@allow(May.SEE_TEMPLATES, RULES, of=NoticeText)
def show(text: NoticeText) -> ResponseReturnValue:
    """One version."""
    return _shown(text, ApprovalForm.filled())


@doors.post("/notice-texts/<uuid:id>/approval")
@allow(May.APPROVE_TEXTS, RULES, of=NoticeText, paper=ApprovalForm)
def approve(text: NoticeText) -> ResponseReturnValue:
    """Letters may say it from now on."""
    form = ApprovalForm.filled()
    if not form.validate():
        return _shown(text, form, 422)
    try:
        freed = templating.approve(text, reads_it=bool(form.reads_it.data), by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(text, form, 422)
    said = f"{text.called} is approved."
    if freed:
        waits = (
            "notice is written anew in it, and waits"
            if freed == 1
            else "notices are written anew in it, and wait"
        )
        said = f"{said} {freed} {waits} for approval."
    return done(said, url_for("notices.notice_templates_show", id=text.template_id))


@doors.post("/notice-texts/<uuid:id>/retirement")
@allow(May.APPROVE_TEXTS, RULES, of=NoticeText)
def retire(text: NoticeText) -> ResponseReturnValue:
    """Nothing is written with it any more."""
    text.retire()
    return done(
        f"{text.called} is out of use. What was written with it and has not left waits for another.",
        url_for("notices.notice_templates_show", id=text.template_id),
    )


@doors.get("/notice-texts/<uuid:id>/letter.pdf")
@allow(May.SEE_TEMPLATES, RULES, of=NoticeText)
def letter(text: NoticeText) -> ResponseReturnValue:
    """How it looks as a letter, with made-up values."""
    try:
        pdf = lettering.sample(text)
    except CannotPrint as refused:
        return done(refused.sentence, url_for("notices.notice_texts_show", id=text.id), tone="warn")
    return as_pdf(pdf, "sample.pdf")


def _items(template: NoticeTemplate) -> list[Item]:
    """What the law asks for today, or asked for last where no room knows the rule any more."""
    wanted = templating.wanted_of(template.wanted)
    if wanted is not None:
        return [Item(key, says) for key, says in wanted.contents]
    before = NoticeText.newest(template.id, ENGLISH)
    return before.items if before else []


def _new(template: NoticeTemplate, form: NoticeTextForm, status: int = 200) -> ResponseReturnValue:
    english = NoticeText.in_use(template.id) or NoticeText.newest(template.id, ENGLISH)
    return page(
        "notices/notice_text_new.html",
        status=status,
        of=template,
        form=form,
        english=english,
        values=shipped.VALUES,
    )


def _shown(text: NoticeText, form: ApprovalForm, status: int = 200) -> ResponseReturnValue:
    whole = "\n\n".join([text.heading, text.body, *text.passages.values()])
    return page(
        "notices/notice_text.html",
        status=status,
        text=text,
        form=form,
        own=readability.read(text.body, text.language),
        whole=readability.read(whole, text.language),
        most_words=readability.MOST_WORDS,
        highest=readability.HIGHEST_GRADE,
        line=lines.as_sent(text.line) if text.line else None,
        most_parts=lines.MOST_PARTS,
        items=text.items,
        reasons=text.why_not(),
        law_changed=templating.law_changed(text.template, text),
        may_write=permits(RULES, May.WRITE_TEMPLATES, me()),
        may_approve=permits(RULES, May.APPROVE_TEXTS, me()),
    )
