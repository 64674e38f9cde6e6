"""Records of earlier schools: entered from their paper, confirmed by a second person, withdrawn with a reason."""

from io import BytesIO
from typing import Final

from flask import Response, abort, send_file, url_for
from flask.typing import ResponseReturnValue

from app.core import audit, storage
from app.core.db import db
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.core.storage import FileMissing
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.roster.models.student import Student
from app.truancy.actions import attesting
from app.truancy.actions.attesting import Paper
from app.truancy.forms import OpenCaseForm, PriorRecordForm, WithdrawalForm
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.prior_record import CONFIRMED, STATES, WAITING, WITHDRAWN, PriorRecord
from app.truancy.permissions import RULES, May, schools_read_by
from app.web.guard import allow, me
from app.web.page import done, go, page

doors = Doors()

SANDBOX: Final = "sandbox; default-src 'none'"


@doors.get("/attendance/earlier-schools")
@allow(May.SEE_RECORDS, RULES)
def index() -> ResponseReturnValue:
    """What waits for a second person, and what was decided lately."""
    return _listed(OpenCaseForm.blank())


@doors.post("/attendance/earlier-schools")
@allow(May.SEE_RECORDS, RULES, paper=OpenCaseForm)
def begin() -> ResponseReturnValue:
    """To the form for a student of the reader's schools, by their number."""
    form = OpenCaseForm.filled()
    if not form.validate():
        return _listed(form, 422)
    student, schools = Student.numbered(form.number.data), schools_read_by(me())
    if student is None or not (schools is None or student.school_id in schools):
        form.refuse("No student of your schools has this number.")
        return _listed(form, 422)
    case = AttendanceCase.of(student.id, today())
    return go(url_for("truancy.prior_records_new", id=case.id))


@doors.get("/attendance/cases/<uuid:id>/earlier-schools")
@allow(May.ENTER_RECORD, RULES, of=AttendanceCase)
def new(case: AttendanceCase) -> ResponseReturnValue:
    """What the paper says. Leaves an access record at the student."""
    return _entering(case, PriorRecordForm.blank())


@doors.post("/attendance/cases/<uuid:id>/earlier-schools")
@allow(May.ENTER_RECORD, RULES, of=AttendanceCase, paper=PriorRecordForm)
def create(case: AttendanceCase) -> ResponseReturnValue:
    """Write it down; it waits for a second person."""
    form = PriorRecordForm.filled()
    if not form.validate():
        return _entering(case, form, 422)
    (chosen,) = form.files.data
    paper = Paper(chosen.filename or "", chosen.read())
    try:
        made = attesting.enter(case.student, form.said(), paper, by=me(), once=form.key)
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _entering(case, form, 422)
    return done("It is written down. Somebody else must confirm it before it counts.", _address(made))


@doors.get("/attendance/earlier-schools/<uuid:id>")
@allow(May.SEE_RECORD, RULES, of=PriorRecord)
def show(record: PriorRecord) -> ResponseReturnValue:
    """One record. Leaves an access record at the student."""
    return _shown(record)


@doors.get("/attendance/earlier-schools/<uuid:id>/paper")
@allow(May.SEE_RECORD, RULES, of=PriorRecord)
def paper(record: PriorRecord) -> ResponseReturnValue:
    """The paper, to be saved. Leaves an access record at the student."""
    audit.viewed(record.student)
    try:
        with storage.open(record.storage_key) as stream:
            held = BytesIO(stream.read())
    except FileMissing as missing:
        abort(404, str(missing))
    answer = send_file(
        held, mimetype=record.content_type, as_attachment=True, download_name=record.name, etag=False
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@doors.post("/attendance/earlier-schools/<uuid:id>/confirmation")
@allow(May.CONFIRM_RECORD, RULES, of=PriorRecord)
def confirm(record: PriorRecord) -> ResponseReturnValue:
    """The paper says so: a second person has read it."""
    try:
        attesting.confirm(record, by=me())
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, _address(record), tone="bad")
    return done(
        "It is confirmed. The rules that count such records count it within minutes.", _address(record)
    )


@doors.post("/attendance/earlier-schools/<uuid:id>/withdrawal")
@allow(May.WITHDRAW_RECORD, RULES, of=PriorRecord, paper=WithdrawalForm)
def withdraw(record: PriorRecord) -> ResponseReturnValue:
    """It was wrong."""
    form = WithdrawalForm.filled()
    if not form.validate():
        return _shown(record, form, 422)
    try:
        attesting.withdraw(record, form.why.data or "", by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(record, form, 422)
    return done("It is withdrawn. What rested on it is taken back within minutes.", _address(record))


def _listed(form: OpenCaseForm, status: int = 200) -> Response:
    schools = schools_read_by(me())
    return page(
        "truancy/prior_records.html",
        status=status,
        form=form,
        waiting=PriorRecord.waiting(schools),
        decided=PriorRecord.decided(schools),
        states=STATES,
        tones=TONES,
    )


def _entering(case: AttendanceCase, form: PriorRecordForm, status: int = 200) -> Response:
    audit.viewed(case.student)
    return page("truancy/prior_record_new.html", status=status, case=case, student=case.student, form=form)


def _shown(record: PriorRecord, form: WithdrawalForm | None = None, status: int = 200) -> Response:
    student = record.student
    audit.viewed(student)
    waits, is_mine = record.state == WAITING, record.entered_by_id == me().id
    may_withdraw = record.state != WITHDRAWN and permits(RULES, May.WITHDRAW_RECORD, me(), record)
    return page(
        "truancy/prior_record.html",
        status=status,
        record=record,
        student=student,
        case=AttendanceCase.newest_of(student.id),
        school=School.find(student.school_id) if student.school_id else None,
        speaks_here=attesting.speaks_here(student.id, record.first, record.last),
        states=STATES,
        tones=TONES,
        is_mine=is_mine,
        may_confirm=waits and not is_mine and permits(RULES, May.CONFIRM_RECORD, me(), record),
        form=(form or WithdrawalForm.blank()) if may_withdraw else None,
    )


#: How a state looks.
TONES: Final = {WAITING: "warn", CONFIRMED: "good", WITHDRAWN: "neutral"}


def _address(record: PriorRecord) -> str:
    return url_for("truancy.prior_records_show", id=record.id)
