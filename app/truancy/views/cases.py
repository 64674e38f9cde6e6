"""The case of a student: what is to be done, what was done and found out, how much help, who looks after it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.models.account import Account
from app.core import audit
from app.core.actor import Role
from app.core.db import db, uuid_or_none
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions.refused import Refused
from app.roster.models.school import School
from app.roster.models.student import Student
from app.truancy.actions import holding_back, penalties, settling
from app.truancy.forms import (
    AttestationForm,
    BarrierForm,
    CaseContactForm,
    CaseForm,
    CommitteeForm,
    ConferenceForm,
    DeliveryForm,
    DutyForm,
    FlagForm,
    OpenCaseForm,
    PenaltyForm,
    PlanForm,
    ReferralForm,
)
from app.truancy.law import words
from app.truancy.law.packets import kind_for
from app.truancy.law.packs import shipped
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import TIERS, AttendanceCase, school_year
from app.truancy.models.case_duty import HELD_BACK, OPEN, CaseDuty
from app.truancy.models.case_entry import KINDS, CaseEntry
from app.truancy.models.case_list import cases_found
from app.truancy.models.case_packet import CasePacket
from app.truancy.models.firing import Firing
from app.truancy.models.prior_record import STATES, PriorRecord
from app.truancy.models.rule_activation import active_rules
from app.truancy.models.student_flag import StudentFlag
from app.truancy.permissions import RULES, May, schools_read_by, schools_worked_by
from app.web.fields import KeyedPaper
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/cases")
@allow(May.SEE_WORK, RULES)
def index() -> ResponseReturnValue:
    """Cases by name, of the schools that the reader works with; a counselor's caseload alone."""
    return _listed(OpenCaseForm.blank())


@doors.post("/attendance/cases")
@allow(May.WORK, RULES, paper=OpenCaseForm)
def create() -> ResponseReturnValue:
    """Open the case of a student by hand, or find the one there is."""
    form = OpenCaseForm.filled()
    if not form.validate():
        return _listed(form, 422)
    student, schools = Student.numbered(form.number.data), schools_worked_by(me())
    if student is None or not (schools is None or student.school_id in schools):
        form.refuse("No student of your schools has this number.")
        return _listed(form, 422)
    case = AttendanceCase.of(student.id, today())
    return done("Here is the case.", url_for("truancy.cases_show", id=case.id))


@doors.get("/attendance/cases/<uuid:id>")
@allow(May.SEE_CASE, RULES, of=AttendanceCase)
def show(case: AttendanceCase) -> ResponseReturnValue:
    """One case. Leaves an access record at the student."""
    return _shown(case)


@doors.post("/attendance/cases/<uuid:id>/contacts")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=CaseContactForm)
def contact(case: AttendanceCase) -> ResponseReturnValue:
    """Somebody was called, written to or visited."""
    form = CaseContactForm.filled()
    return _entered(
        case,
        "contact",
        form,
        lambda: _enter(
            case,
            form,
            case_entry.CONTACT,
            on=form.on.data,
            name=form.means.data,
            outcome=form.outcome.data,
            note=form.note.data,
        ),
    )


@doors.post("/attendance/cases/<uuid:id>/conferences")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=ConferenceForm)
def conference(case: AttendanceCase) -> ResponseReturnValue:
    """A conference is to be, or was."""
    form = ConferenceForm.filled()
    return _entered(
        case,
        "conference",
        form,
        lambda: _enter(case, form, form.what.data, on=form.on.data, note=form.note.data),
    )


@doors.post("/attendance/cases/<uuid:id>/plans")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=PlanForm)
def plan(case: AttendanceCase) -> ResponseReturnValue:
    """A plan was made, or failed."""
    form = PlanForm.filled()

    def write() -> None:
        failed = form.plan.data == case_entry.PLAN_FAILED
        kind, name = (case_entry.PLAN_FAILED, "") if failed else (case_entry.PLAN, form.plan.data)
        _enter(case, form, kind, on=form.on.data, name=name, note=form.note.data)

    return _entered(case, "plan", form, write)


@doors.post("/attendance/cases/<uuid:id>/deliveries")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=DeliveryForm)
def deliver(case: AttendanceCase) -> ResponseReturnValue:
    """A notice of the law arrived."""
    form = DeliveryForm.filled()
    form.about(_notices(CaseDuty.of_case(case.id)))
    return _entered(
        case,
        "delivery",
        form,
        lambda: _enter(
            case,
            form,
            case_entry.DELIVERED,
            on=form.on.data,
            rule_id=form.rule.data,
            note=form.note.data,
        ),
    )


@doors.post("/attendance/cases/<uuid:id>/barriers")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=BarrierForm)
def barrier(case: AttendanceCase) -> ResponseReturnValue:
    """What keeps the student from coming."""
    form = BarrierForm.filled()
    return _entered(
        case,
        "barrier",
        form,
        lambda: _enter(case, form, case_entry.BARRIER, name=form.barrier.data, note=form.note.data),
    )


@doors.post("/attendance/cases/<uuid:id>/referrals")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=ReferralForm)
def referral(case: AttendanceCase) -> ResponseReturnValue:
    """The student is referred. To a board or a court only by who decides that."""
    form = ReferralForm.filled()

    def write() -> None:
        if form.to.data in case_entry.FOR_WHO_DECIDES and not permits(RULES, May.DECIDE, me(), case):
            raise Refused("A counselor or the principal refers to a board or a court. Ask one of them.")
        _enter(case, form, case_entry.REFERRAL, on=form.on.data, name=form.to.data, note=form.note.data)

    return _entered(case, "referral", form, write)


@doors.post("/attendance/cases/<uuid:id>/committees")
@allow(May.KEEP_CASE, RULES, of=AttendanceCase, paper=CommitteeForm)
def committee(case: AttendanceCase) -> ResponseReturnValue:
    """A committee was told of the student. A board that decides about a family, only by who decides that."""
    form = CommitteeForm.filled()

    def write() -> None:
        if form.committee.data in case_entry.FOR_WHO_DECIDES and not permits(RULES, May.DECIDE, me(), case):
            raise Refused("A counselor or the principal goes to this board. Ask one of them.")
        _enter(
            case,
            form,
            case_entry.COMMITTEE,
            on=form.on.data,
            name=form.committee.data,
            told=form.told.data.strip(),
            means=form.means.data,
            note=form.note.data,
        )

    return _entered(case, "committee", form, write)


@doors.post("/attendance/cases/<uuid:id>/penalties")
@allow(May.DECIDE, RULES, of=AttendanceCase, paper=PenaltyForm)
def penalty(case: AttendanceCase) -> ResponseReturnValue:
    """A penalty notice was issued to a parent."""
    form = PenaltyForm.filled()
    form.about(_parents(case))

    def write() -> None:
        assert form.on.data is not None
        penalties.issued(
            case, UUID(form.parent.data), form.on.data, form.note.data or "", by=me(), batch=form.key
        )

    return _entered(case, "penalty", form, write)


@doors.post("/attendance/cases/<uuid:id>/attestations")
@allow(May.DECIDE, RULES, of=AttendanceCase, paper=AttestationForm)
def attest(case: AttendanceCase) -> ResponseReturnValue:
    """What a rule asks for besides the count was so."""
    form = AttestationForm.filled()
    form.about(_claims())
    return _entered(
        case,
        "attestation",
        form,
        lambda: _enter(case, form, case_entry.ATTESTED, name=form.claim.data, note=form.note.data),
    )


@doors.post("/attendance/cases/<uuid:id>/keeping")
@allow(May.DECIDE, RULES, of=AttendanceCase, paper=CaseForm)
def change(case: AttendanceCase) -> ResponseReturnValue:
    """Another tier, another counselor."""
    form = CaseForm.filled()
    form.offer(_counselors(case))

    def write() -> None:
        case.tier, case.counselor_id = int(form.tier.data), uuid_or_none(form.counselor.data)
        db.session.flush()

    return _entered(case, "keeping", form, write, "The case is changed.")


@doors.post("/attendance/cases/<uuid:id>/flags")
@allow(May.DECIDE, RULES, of=AttendanceCase, paper=FlagForm)
def flag(case: AttendanceCase) -> ResponseReturnValue:
    """From a day on a person decides about the student, and no machine."""
    form = FlagForm.filled()

    def write() -> None:
        who = me().id
        assert who is not None, "A person knows this."
        db.session.add(
            StudentFlag(
                student_id=case.student_id,
                name=form.name.data,
                first=form.first.data,
                last=form.last.data,
                entered_by_id=who,
            )
        )
        db.session.flush()

    return _entered(case, "flag", form, write, "It is written down. From then on a person decides.")


@doors.post("/attendance/flags/<uuid:id>/removal")
@allow(May.KEEP_FLAG, RULES, of=StudentFlag)
def unflag(flag: StudentFlag) -> ResponseReturnValue:
    """It was written down in error."""
    case = AttendanceCase.of(flag.student_id, today())
    db.session.delete(flag)
    db.session.flush()
    return done("It is taken away.", url_for("truancy.cases_show", id=case.id))


@doors.post("/attendance/duties/<uuid:id>")
@allow(May.SETTLE_DUTY, RULES, of=CaseDuty, paper=DutyForm)
def settle(duty: CaseDuty) -> ResponseReturnValue:
    """One duty is done, or dismissed for a reason."""
    form, note = DutyForm.filled(), request.form.get("note", "").strip()
    case = duty.case

    def write() -> None:
        if request.form.get("do") == "dismiss":
            settling.dismiss([duty.id], note, by=me(), batch=form.key, at_once=False)
        else:
            settling.finish([duty.id], by=me(), batch=form.key, at_once=False, note=note)

    return _entered(case, f"duty-{duty.id}", form, write, "It is settled.")


@doors.post("/attendance/duties/<uuid:id>/release")
@allow(May.SETTLE_DUTY, RULES, of=CaseDuty)
def release(duty: CaseDuty) -> ResponseReturnValue:
    """A notice that was held back by lot is written all the same."""
    address = url_for("truancy.cases_show", id=duty.case_id)
    try:
        holding_back.release(duty, by=me())
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, address, tone="bad")
    return done("It is on the list again. The comparison counts it as it was drawn.", address)


def _enter(case: AttendanceCase, form: KeyedPaper, kind: str, **more: Any) -> None:
    settling.enter(case, kind, by=me(), batch=form.key, **{**more, "note": more.get("note") or ""})


def _entered(
    case: AttendanceCase,
    what: str,
    form: KeyedPaper,
    write: Callable[[], None],
    sentence: str = "It is written down.",
) -> ResponseReturnValue:
    if not form.validate():
        return _shown(case, 422, (what, form))
    try:
        write()
    except Refused as refused:
        db.session.rollback()
        form.refuse(refused.sentence)
        return _shown(case, 422, (what, form))
    return done(sentence, url_for("truancy.cases_show", id=case.id))


def _shown(
    case: AttendanceCase, status: int = 200, refused: tuple[str, KeyedPaper] | None = None
) -> Response:
    student = case.student
    audit.viewed(student)
    day = today()
    may_keep, decides = (permits(RULES, may, me(), case) for may in (May.KEEP_CASE, May.DECIDE))
    duties = CaseDuty.of_case(case.id)
    papers = _papers(case, duties, day, may_keep, decides)
    papers |= {
        f"duty-{one.id}": DutyForm.blank()
        for one in duties
        if one.state == OPEN and permits(RULES, May.SETTLE_DUTY, me(), one)
    }
    if refused:
        papers[refused[0]] = refused[1]
    return page(
        "truancy/case.html",
        status=status,
        case=case,
        student=student,
        school=School.find(student.school_id) if student.school_id else None,
        duties=[one for one in duties if one.state == OPEN],
        held_back=[one for one in duties if one.state == HELD_BACK],
        settled=[one for one in duties if one.state not in (OPEN, HELD_BACK)],
        entries=CaseEntry.of_case(case.id),
        fired=_fired(case),
        records=PriorRecord.of_student(case.student_id),
        states=STATES,
        may_enter_record=permits(RULES, May.ENTER_RECORD, me(), case),
        may_keep=may_keep,
        packet_lines={one.id for one in duties if decides and kind_for(one.do)},
        packets=CasePacket.of_student(case.student_id) if decides else [],
        flags=StudentFlag.of_student(case.student_id) if decides else [],
        papers=papers,
        refused=refused[0] if refused else "",
        names={rule.id: rule.title for rule in (*shipped(), *active_rules(day))},
        kinds=KINDS,
        tiers=TIERS,
        words=words,
    )


def _fired(case: AttendanceCase) -> list[Firing]:
    """The rules that fired in the year of the case, the newest first."""
    all_years = Firing.of_student(case.student_id)
    in_it = {day for day in {one.trigger_day for one in all_years} if school_year(day) == case.year}
    return [one for one in all_years if one.trigger_day in in_it]


def _papers(
    case: AttendanceCase, duties: Sequence[CaseDuty], day: date, may_keep: bool, decides: bool
) -> dict[str, KeyedPaper]:
    papers: dict[str, KeyedPaper] = {}
    if may_keep:
        papers = {
            "contact": CaseContactForm.blank(data={"on": day}),
            "conference": ConferenceForm.blank(data={"on": day}),
            "plan": PlanForm.blank(data={"on": day}),
            "barrier": BarrierForm.blank(),
            "referral": ReferralForm.blank(data={"on": day}),
            "committee": CommitteeForm.blank(data={"on": day}),
        }
    notices = _notices(duties)
    if may_keep and notices:
        delivery = DeliveryForm.blank(data={"on": day})
        delivery.about(notices)
        papers["delivery"] = delivery
    if decides:
        keeping = CaseForm.blank(data={"tier": str(case.tier), "counselor": str(case.counselor_id or "")})
        keeping.offer(_counselors(case))
        papers |= {"keeping": keeping, "flag": FlagForm.blank(data={"first": day})}
        if penalties.asked_about() and (theirs := _parents(case)):
            penalty = PenaltyForm.blank(data={"on": day})
            penalty.about(theirs)
            papers["penalty"] = penalty
        claims = _claims()
        if claims:
            attestation = AttestationForm.blank()
            attestation.about(claims)
            papers["attestation"] = attestation
    return papers


def _notices(duties: Sequence[CaseDuty]) -> list[tuple[str, str]]:
    """The rules of this case that owe a notice."""
    titles = {rule.id: rule.title for rule in (*shipped(), *active_rules(today()))}
    return sorted(
        {(one.rule_id, titles.get(one.rule_id, one.rule_id)) for one in duties if one.do == "notice"}
    )


def _parents(case: AttendanceCase) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in penalties.parents(case)]


def _claims() -> list[tuple[str, str]]:
    """What the rules in use ask somebody to confirm."""
    asked = {
        one.about[0]: f"{rule.title}: {one.about[0].replace('_', ' ')}"
        for rule in active_rules(today())
        for one in rule.when
        if one.name in ("attested", "not_attested")
    }
    return sorted(asked.items())


def _counselors(case: AttendanceCase) -> list[tuple[str, str]]:
    """Those of the student's school, and whoever has the case already."""
    school_id = case.student.school_id
    accounts = db.session.scalars(Account.holding(Role.COUNSELOR))
    return [
        (str(one.id), one.name)
        for one in accounts
        if one.id == case.counselor_id or (school_id is not None and one.has(Role.COUNSELOR, school_id))
    ]


def _listed(form: OpenCaseForm, status: int = 200) -> Response:
    seen = schools_read_by(me())
    schools = {
        one.id: one.name for one in db.session.scalars(School.by_name()) if seen is None or one.id in seen
    }
    school = uuid_or_none(request.args.get("school"))
    school = school if school in schools else None
    is_counselor = me().has(Role.COUNSELOR)
    on_mine = is_counselor and request.args.get("whose") == "mine"
    found, after = cases_found(
        schools={school} if school else seen,
        counselor_id=me().id if on_mine else None,
        day=today(),
        after=uuid_or_none(request.args.get("after")),
    )
    return page(
        "truancy/cases.html",
        block="results",
        status=status,
        found=found,
        after=after,
        schools=schools,
        school=school,
        is_counselor=is_counselor,
        on_mine=on_mine,
        form=form if permits(RULES, May.WORK, me()) else None,
    )
