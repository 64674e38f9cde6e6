"""Notices to families: those that wait, approved together or one by one; one with its letter; a student's."""

from datetime import datetime
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit, grounds
from app.core.db import db, uuid_or_none
from app.core.permissions import permits
from app.core.room import Doors
from app.notices.actions import (
    approving,
    choosing_english,
    collating,
    correcting,
    in_english,
    numbers,
    office,
    telling,
    withdrawing,
)
from app.notices.actions.collating import CannotPrint
from app.notices.actions.lettering import Words
from app.notices.actions.refused import Refused
from app.notices.forms.notices import CancelForm, CautionForm, NoticeForm
from app.notices.models.incident import Incident
from app.notices.models.message import Message
from app.notices.models.notice import CHANNELS, Notice, State
from app.notices.models.notice_setting import NoticeSetting
from app.notices.models.notice_template import NoticeTemplate
from app.notices.models.notice_text import NoticeText
from app.notices.models.text_message import TextMessage
from app.notices.permissions import RULES, May, schools_written_from
from app.roster.models.student import Student
from app.web.fields import options
from app.web.guard import allow, me
from app.web.page import done, go, page
from app.web.saved import as_pdf

doors = Doors()

ON_A_PAGE = 100
SHOWN = {
    "waiting": ("Waiting for approval", (State.WAITING,)),
    "blocked": ("Something is missing", (State.BLOCKED,)),
    "approved": ("Approved", (State.APPROVED, State.IN_PRINT)),
    "sent": ("Sent", (State.SENT, State.DELIVERED)),
    "lost": ("Did not arrive", (State.UNDELIVERED, State.RETURNED)),
    "stopped": ("Stopped", (State.CANCELLED, State.WITHDRAWN)),
}
PILLS = {
    State.BLOCKED: ("Incomplete", "bad"),
    State.WAITING: ("Waiting", "info"),
    State.APPROVED: ("Approved", "info"),
    State.IN_PRINT: ("In print", "info"),
    State.SENT: ("Sent", "info"),
    State.DELIVERED: ("Delivered", "good"),
    State.UNDELIVERED: ("Did not arrive", "bad"),
    State.CANCELLED: ("Cancelled", "neutral"),
    State.WITHDRAWN: ("Withdrawn", "warn"),
    State.RETURNED: ("Came back", "bad"),
}


@doors.get("/notices")
@allow(May.LIST_NOTICES, RULES)
def index() -> ResponseReturnValue:
    """Those of the reader's schools, by where they stand."""
    which = request.args.get("show", "waiting")
    which = which if which in SHOWN else "waiting"
    asked = Notice.in_states(SHOWN[which][1], schools_written_from(me()))
    after = uuid_or_none(request.args.get("after"))
    if after is not None:  # ids are ordered by time
        asked = asked.where(Notice.id > after)
    found = list(db.session.scalars(asked.limit(ON_A_PAGE + 1)))
    notices, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    return page(
        "notices/notices.html",
        notices=notices,
        which=which,
        pills=PILLS,
        channels=CHANNELS,
        tabs=[(label, _list(name), name == which) for name, (label, _) in SHOWN.items()],
        older=_list(which, after=notices[-1].id) if more else None,
        practises=NoticeSetting.of_this_district().practises,
        may_approve=which == "waiting" and permits(RULES, May.APPROVE_NOTICES, me()),
        may_choose=which == "blocked" and permits(RULES, May.APPROVE_NOTICES, me()),
    )


@doors.get("/notices/student")
@allow(May.LIST_NOTICES, RULES)
def find_student() -> ResponseReturnValue:
    """To the notices of the student with that number, where the reader may see them."""
    student = Student.numbered(request.args.get("number", "")[:60])
    if student is None or not permits(RULES, May.SEE_NOTICES_OF_STUDENT, me(), student):
        return done("No student of yours has this number.", _list("waiting"), tone="warn")
    return go(url_for("notices.notices_of_student", id=student.id))


@doors.post("/notices/approval")
@allow(May.APPROVE_NOTICES, RULES)
def approve_all() -> ResponseReturnValue:
    """Those that were ticked leave; of each it is asked once more whether it may."""
    allowed = _ticked()
    if not allowed:
        return done("Tick the notices that are to leave.", _list("waiting"), tone="warn")
    try:
        told = approving.approve_all(allowed, by=me())
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, _list("waiting"), tone="warn")
    said = [f"{told.leaving} {'notice is' if told.leaving == 1 else 'notices are'} approved."]
    if told.stopped:
        said.append(f"{told.stopped} could not leave: look under “Something is missing” and “Stopped”.")
    if told.one_by_one:
        said.append(f"{told.one_by_one} must be read and approved one by one.")
    return done(" ".join(said), _list("waiting"), tone="warn" if told.stopped or told.one_by_one else "good")


@doors.post("/notices/in-english")
@allow(May.APPROVE_NOTICES, RULES)
def choose_english_for_all() -> ResponseReturnValue:
    """Those that were ticked go in English, with lines in the family's language; each still waits for approval."""
    here, allowed = _list("blocked"), _ticked()
    if not allowed:
        return done("Tick the notices that are to go in English.", here, tone="warn")
    told = choosing_english.choose_all(allowed, by=me())
    said = [
        f"{told.waiting} {'notice waits' if told.waiting == 1 else 'notices wait'} for approval in English."
    ]
    if told.incomplete:
        said.append(f"{told.incomplete} still lack something else.")
    said += told.refused
    return done(" ".join(said), here, tone="warn" if told.incomplete or told.refused else "good")


@doors.get("/notices/<uuid:id>")
@allow(May.SEE_NOTICE, RULES, of=Notice)
def show(notice: Notice) -> ResponseReturnValue:
    """One, with what it says. Leaves an access record."""
    return _shown(notice)


@doors.post("/notices/<uuid:id>/approval")
@allow(May.APPROVE_NOTICE, RULES, of=Notice, paper=CautionForm)
def approve(notice: Notice) -> ResponseReturnValue:
    """It leaves."""
    form = CautionForm.filled()
    if not form.validate():
        return _shown(notice, caution=form, status=422)
    try:
        approving.approve(notice, caution_read=bool(form.caution_read.data), by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(notice, caution=form, status=422)
    return done("The notice is approved.", url_for("notices.notices_show", id=notice.id))


@doors.post("/notices/<uuid:id>/cancellation")
@allow(May.APPROVE_NOTICE, RULES, of=Notice, paper=CancelForm)
def cancel(notice: Notice) -> ResponseReturnValue:
    """It does not leave, or is taken out of its batch."""
    form = CancelForm.filled()
    if not form.validate():
        return _shown(notice, cancelling=form, status=422)
    try:
        withdrawing.cancel(notice, form.why.data or "", by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(notice, cancelling=form, status=422)
    said = (
        f"Take the letter with the code {notice.code} out of the pile: it is withdrawn."
        if notice.state == State.WITHDRAWN
        else "The notice is cancelled."
    )
    return done(said, url_for("notices.notices_show", id=notice.id))


@doors.post("/notices/<uuid:id>/again")
@allow(May.APPROVE_NOTICE, RULES, of=Notice)
def again(notice: Notice) -> ResponseReturnValue:
    """Written anew, once what was missing is there."""
    go_to = url_for("notices.notices_show", id=notice.id)
    if notice.state not in {State.BLOCKED, State.WAITING}:
        return done("Only a notice that has not been approved is written anew.", go_to, tone="warn")
    telling.try_again(notice)
    if notice.state == State.BLOCKED:
        return done(notice.reason, go_to, tone="warn")
    return done("The notice is written anew, and waits for approval.", go_to)


@doors.post("/notices/<uuid:id>/in-english")
@allow(May.APPROVE_NOTICE, RULES, of=Notice)
def choose_english(notice: Notice) -> ResponseReturnValue:
    """It goes in English, with lines in the family's language that say how to have it explained."""
    go_to = url_for("notices.notices_show", id=notice.id)
    try:
        choosing_english.choose(notice, by=me())
    except Refused as refused:
        return done(refused.sentence, go_to, tone="warn")
    if notice.state == State.BLOCKED:
        return done(notice.reason, go_to, tone="warn")
    said = f"The notice is written in English, with lines in {notice.speaks.english}, and waits for approval."
    return done(said, go_to)


@doors.post("/notices/<uuid:id>/in-english/withdrawal")
@allow(May.APPROVE_NOTICE, RULES, of=Notice)
def wait_for_translation(notice: Notice) -> ResponseReturnValue:
    """It waits for a translation after all."""
    go_to = url_for("notices.notices_show", id=notice.id)
    try:
        choosing_english.take_back(notice, by=me())
    except Refused as refused:
        return done(refused.sentence, go_to, tone="warn")
    return done(f"The notice waits for a translation into {notice.speaks.english}.", go_to)


@doors.get("/notices/<uuid:id>/letter.pdf")
@allow(May.SEE_NOTICE, RULES, of=Notice)
def letter(notice: Notice) -> ResponseReturnValue:
    """The letter as it is printed, marked as a copy."""
    audit.viewed(notice.student)
    try:
        pdf = collating.preview(notice)
    except CannotPrint as refused:
        return done(refused.sentence, url_for("notices.notices_show", id=notice.id), tone="warn")
    return as_pdf(pdf, f"letter-{notice.code}.pdf")


@doors.get("/students/<uuid:id>/notices")
@allow(May.SEE_NOTICES_OF_STUDENT, RULES, of=Student)
def of_student(student: Student) -> ResponseReturnValue:
    """What a student's family was told, and a form to tell them something now. Leaves an access record."""
    return _of_student(student, NoticeForm.filled(data=numbers.of(student)))


@doors.post("/students/<uuid:id>/notices")
@allow(May.WRITE_NOTICE, RULES, of=Student, paper=NoticeForm)
def create(student: Student) -> ResponseReturnValue:
    """Write to the family: a notice for each home."""
    form = NoticeForm.filled()
    _offer(form)
    if not form.validate():
        return _of_student(student, form, 422)
    template = NoticeTemplate.find(UUID(form.template.data))
    assert template is not None  # it was among the choices
    try:
        told = office.write_to_family(
            student, template, form.values(), form.channels, form.why_other.data or ""
        )
    except Refused as refused:
        form.refuse(refused.sentence)
        return _of_student(student, form, 422)
    blocked = sum(1 for one in told.notices if one.state == State.BLOCKED)
    said = f"{len(told.notices)} written" + (f", of which {blocked} cannot leave yet." if blocked else ".")
    return done(
        f"Notices: {said}",
        url_for("notices.notices_of_student", id=student.id),
        tone="warn" if blocked else "good",
    )


def _ticked() -> list[Notice]:
    """The notices whose boxes were ticked and which they may let leave."""
    chosen = [uuid_or_none(given) for given in request.form.getlist("notice")[: approving.MOST_AT_ONCE]]
    notices = [one for id in chosen if id is not None and (one := Notice.find(id)) is not None]
    return [one for one in notices if permits(RULES, May.APPROVE_NOTICE, me(), one)]


def _list(which: str, after: UUID | None = None) -> str:
    return url_for("notices.notices_index", show=None if which == "waiting" else which, after=after)


def _shown(
    notice: Notice,
    caution: CautionForm | None = None,
    cancelling: CancelForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    audit.viewed(notice.student)
    return page(
        "notices/notice.html",
        status=status,
        notice=notice,
        pill=PILLS[State(notice.state)],
        channel=CHANNELS[notice.channel],
        behind=grounds.shown_at(notice.grounds_kind, notice.grounds_id, me()),
        tells=_tells(notice),
        corrections=correcting.of_notice(notice.id),
        corrects=correcting.corrected_by(notice),
        said=[Words.of(one) for one in notice.words],
        mail=db.session.get(Message, notice.message_id) if notice.message_id else None,
        texted=TextMessage.find(notice.text_message_id) if notice.text_message_id else None,
        others=_others(notice),
        why_not_english=_why_not_english(notice),
        is_translated=notice.in_english_at is not None
        and notice.text.in_language(notice.language) is not None,
        incidents=[
            (one, permits(RULES, May.SEE_INCIDENT, me(), one)) for one in Incident.of_notice(notice.id)
        ],
        may_record=permits(RULES, May.RECORD_INCIDENT, me(), notice),
        pills=PILLS,
        channels=CHANNELS,
        after_it=[CHANNELS[one] for one in notice.ways if one != notice.channel],
        may_approve=permits(RULES, May.APPROVE_NOTICE, me(), notice),
        caution=caution or CautionForm.blank(),
        cancelling=cancelling or CancelForm.blank(),
        practises=NoticeSetting.of_this_district().practises,
    )


def _why_not_english(notice: Notice) -> str | None:
    """Of one that waits for a translation, why nobody may have it go in English; None of any other."""
    if not notice.lacks_a_translation:
        return None
    return in_english.why_not(notice, NoticeText.in_use(notice.text.template_id) or notice.text)


def _tells(notice: Notice) -> list[tuple[str, str, datetime | None]]:
    """All that it tells, where that is more than one thing: what, the page of what is behind it, and until when."""
    if not (along := notice.once_along):
        return []
    kind, found = notice.grounds_kind, []
    for id, ended_at in {notice.grounds_id: None, **along}.items():
        shown_at = grounds.shown_at(kind, id, me())
        address = url_for(shown_at, id=id) if shown_at else ""
        found.append((grounds.called(kind, id), address, ended_at))
    return found


def _others(notice: Notice) -> list[Notice]:
    """By what else somebody of these was told the same, or was to be."""
    theirs = set(notice.guardian_ids)
    asked = Notice.under_one_key(notice.grounds_kind, notice.grounds_id, notice.duty)
    return [
        one for one in db.session.scalars(asked) if one.id != notice.id and theirs & set(one.guardian_ids)
    ]


def _offer(form: NoticeForm) -> None:
    templates = db.session.scalars(NoticeTemplate.by_title()).all()
    usable = [one for one in templates if NoticeText.in_use(one.id) is not None]
    form.template.choices = options((str(one.id), one.title) for one in usable)


def _of_student(student: Student, form: NoticeForm, status: int = 200) -> ResponseReturnValue:
    audit.viewed(student)
    _offer(form)
    return page(
        "notices/notices_of_student.html",
        status=status,
        student=student,
        notices=db.session.scalars(Notice.of_student(student.id).limit(ON_A_PAGE)).all(),
        pills=PILLS,
        channels=CHANNELS,
        form=form,
        may_write=permits(RULES, May.WRITE_NOTICE, me(), student),
    )
