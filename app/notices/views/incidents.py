"""Notices that reached the wrong person: written down from the notice, listed, seen with their clock, and closed."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core import audit, clock
from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.notices.actions import disclosing, incident_report, recalling
from app.notices.actions.incident_report import CannotPrint
from app.notices.actions.recalling import Happened
from app.notices.actions.refused import Refused
from app.notices.forms.incidents import IncidentClosingForm, IncidentForm, IncidentStepForm, moment_now
from app.notices.models.incident import Incident
from app.notices.models.incident_setting import IncidentSetting
from app.notices.models.notice import CHANNELS, Notice, State
from app.notices.permissions import RULES, May, schools_approved_at
from app.web.guard import allow, me
from app.web.page import done, page
from app.web.saved import as_pdf

doors = Doors()

ON_A_PAGE = 100


@doors.get("/notices/<uuid:id>/incident")
@allow(May.RECORD_INCIDENT, RULES, of=Notice)
def new(notice: Notice) -> ResponseReturnValue:
    """What is asked. Leaves an access record."""
    on, at = moment_now()
    form = IncidentForm.blank(data={"noticed_on": on, "noticed_time": at})
    return _asked(notice, form)


@doors.post("/notices/<uuid:id>/incident")
@allow(May.RECORD_INCIDENT, RULES, of=Notice, paper=IncidentForm)
def create(notice: Notice) -> ResponseReturnValue:
    """Write it down, and stop what can be stopped."""
    form = IncidentForm.filled()
    form.offer(disclosing.disclosed_by(notice))
    if not form.validate():
        return _asked(notice, form, 422)
    happened = Happened(
        key=form.key,
        cause=form.cause.data,
        reached=form.reached.data or "",
        noticed_at=form.noticed_at,
        disclosed=form.disclosed.data or [],
        note=form.note.data or "",
    )
    try:
        incident = recalling.record(notice, happened, by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _asked(notice, form, 422)
    if not permits(RULES, May.SEE_INCIDENT, me(), incident):
        said = "It is written down. The office of the school and the admins go on with it."
        return done(said, url_for("notices.notices_show", id=notice.id))
    said = "It is written down."
    if incident.was_stopped:
        out = notice.state == State.WITHDRAWN
        said += f" Take the letter {notice.code} out of the pile." if out else " The notice is stopped."
    return done(said, url_for("notices.incidents_show", id=incident.id))


@doors.get("/incidents")
@allow(May.LIST_INCIDENTS, RULES)
def index() -> ResponseReturnValue:
    """Those of the reader's schools: the open ones, or the closed ones."""
    closed = request.args.get("show") == "closed"
    asked = Incident.at_schools(schools_approved_at(me()), closed=closed).limit(ON_A_PAGE)
    found = db.session.scalars(asked).all()
    here = "notices.incidents_index"
    return page(
        "notices/incidents.html",
        incidents=[(one, [due for due in recalling.clock_of(one) if due.at]) for one in found],
        closed=closed,
        most=ON_A_PAGE,
        tabs=[("Open", url_for(here), not closed), ("Closed", url_for(here, show="closed"), closed)],
        setting=IncidentSetting.of_this_district(),
        may_set_up=permits(RULES, May.SET_UP_NOTICES, me()),
    )


@doors.get("/incidents/<uuid:id>")
@allow(May.SEE_INCIDENT, RULES, of=Incident)
def show(incident: Incident) -> ResponseReturnValue:
    """One, with its clock and its steps. Leaves an access record."""
    return _shown(incident)


@doors.post("/incidents/<uuid:id>/steps")
@allow(May.SEE_INCIDENT, RULES, of=Incident, paper=IncidentStepForm)
def step(incident: Incident) -> ResponseReturnValue:
    """Something was done about it."""
    form = IncidentStepForm.filled()
    if not form.validate():
        return _shown(incident, form, status=422)
    note = form.step_note.data or ""
    try:
        recalling.take_step(incident, form.kind.data, form.done_at, note, key=form.key, by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(incident, form, status=422)
    return done("It is written down.", url_for("notices.incidents_show", id=incident.id))


@doors.post("/incidents/<uuid:id>/closing")
@allow(May.CLOSE_INCIDENT, RULES, of=Incident, paper=IncidentClosingForm)
def close(incident: Incident) -> ResponseReturnValue:
    """Nothing more is to be done."""
    form = IncidentClosingForm.filled()
    if not form.validate():
        return _shown(incident, closing=form, status=422)
    try:
        recalling.close(incident, form.reason.data or "", by=me())
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(incident, closing=form, status=422)
    return done("The incident is closed.", url_for("notices.incidents_show", id=incident.id))


@doors.get("/incidents/<uuid:id>/report.pdf")
@allow(May.SEE_INCIDENT, RULES, of=Incident)
def report(incident: Incident) -> ResponseReturnValue:
    """Facts, clock and steps, without a name of a student. That it was saved is recorded."""
    audit.viewed(incident.notice.student)
    try:
        pdf = incident_report.report_of(incident)
    except CannotPrint as refused:
        return done(refused.sentence, url_for("notices.incidents_show", id=incident.id), tone="warn")
    audit.noted("exported", Incident.__tablename__, incident.id)
    return as_pdf(pdf, f"incident-{incident.reference}.pdf")


def _asked(notice: Notice, form: IncidentForm, status: int = 200) -> ResponseReturnValue:
    audit.viewed(notice.student)
    form.offer(disclosing.disclosed_by(notice))
    return page(
        "notices/incident_new.html",
        status=status,
        notice=notice,
        channel=CHANNELS[notice.channel],
        form=form,
        stops=notice.is_open or notice.state == State.IN_PRINT,
        links=sum(one.withdrawn_at is None for one in disclosing.links_of(notice)),
    )


def _shown(
    incident: Incident,
    step: IncidentStepForm | None = None,
    closing: IncidentClosingForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    notice = incident.notice
    audit.viewed(notice.student)
    on, at = moment_now()
    return page(
        "notices/incident.html",
        status=status,
        incident=incident,
        notice=notice,
        channel=CHANNELS[notice.channel],
        channels=CHANNELS,
        opened=[one.opened_at for one in disclosing.links_of(notice) if one.opened_at is not None],
        due=recalling.clock_of(incident),
        setting=IncidentSetting.of_this_district(),
        may_set_up=permits(RULES, May.SET_UP_NOTICES, me()),
        beside=[
            # Of another school: its envelope and its code, and not whose it is.
            (one, permits(RULES, May.SEE_NOTICE, me(), one.notice))
            for one in recalling.beside(notice)
        ],
        may_close=permits(RULES, May.CLOSE_INCIDENT, me(), incident),
        step=step or IncidentStepForm.blank(data={"done_on": on, "done_time": at}),
        closing=closing or IncidentClosingForm.blank(),
        now=clock.now(),
    )
