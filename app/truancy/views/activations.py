"""Switching a shipped rule on: counsel's confirmation, a proposal, a second person's approval, its end."""

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.expiring import today
from app.core.permissions import permits
from app.core.room import Doors
from app.roster.actions.refused import Refused
from app.truancy.actions import activating, trying_out
from app.truancy.forms import ConfirmationForm, EndingForm, ProposalForm
from app.truancy.law import words
from app.truancy.law.overlay import text_sha256
from app.truancy.law.packs import NAMES
from app.truancy.law.rule import Rule
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.rule_activation import (
    ACTIVE,
    PROPOSED,
    RuleActivation,
    place_of,
    versions_of,
)
from app.truancy.models.trial import Trial, trial_of
from app.truancy.permissions import RULES, May, schools_read_by
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/rule/<rule_id>")
@allow(May.SEE_RULES, RULES)
def show(rule_id: str) -> ResponseReturnValue:
    """One rule: what it says, who confirmed it, whether and since when it is in use."""
    return _shown(_version(rule_id))


@doors.post("/attendance/rule/<rule_id>/confirmation")
@allow(May.CONFIRM_RULE, RULES, paper=ConfirmationForm)
def confirm(rule_id: str) -> ResponseReturnValue:
    """Write down that counsel confirmed it as it reads today."""
    rule, form = _version(rule_id), ConfirmationForm.filled()
    if not form.validate():
        return _shown(rule, 422, confirmation=form)
    try:
        activating.confirm(
            rule, form.counsel.data.strip(), form.confirmed_on.data, form.note.data or "", by=me()
        )
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(rule, 422, confirmation=form)
    return done("The confirmation is written down.", _address(rule_id))


@doors.post("/attendance/confirmations/<uuid:id>/withdrawal")
@allow(May.CONFIRM_RULE, RULES, of=CounselConfirmation)
def withdraw(confirmation: CounselConfirmation) -> ResponseReturnValue:
    """The rule is unconfirmed again."""
    address = _address(confirmation.rule_id)
    activating.withdraw(confirmation)
    return done("The confirmation is taken back. The rule is not confirmed by your counsel.", address)


@doors.post("/attendance/rule/<rule_id>/proposal")
@allow(May.PROPOSE_RULE, RULES, paper=ProposalForm)
def propose(rule_id: str) -> ResponseReturnValue:
    """Propose to use it from a day on, with what is laid over it. Asked for one more row it proposes nothing yet."""
    rule, form = _version(rule_id), ProposalForm.filled()
    form.about(rule)
    if request.form.get("do") == "grow":
        form.grow()
        return _shown(rule, proposal=form)
    if not form.validate():
        return _shown(rule, 422, proposal=form)
    try:
        activating.propose(
            rule_id, form.first_day.data, form.overlay(), form.note.data or "", by=me(), once=form.key
        )
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(rule, 422, proposal=form)
    return done("It is proposed. Somebody else must approve it before it is used.", _address(rule_id))


@doors.post("/attendance/activations/<uuid:id>/dry-run")
@allow(May.PROPOSE_RULE, RULES, of=RuleActivation)
def try_out(activation: RuleActivation) -> ResponseReturnValue:
    """Once more, by the register as it is in now."""
    trying_out.begin(activation)
    return done("The dry run begins anew.", _address(activation.rule_id))


@doors.post("/attendance/activations/<uuid:id>/approval")
@allow(May.APPROVE_RULE, RULES, of=RuleActivation)
def approve(activation: RuleActivation) -> ResponseReturnValue:
    """Switch it on."""
    address = _address(activation.rule_id)
    try:
        activating.approve(activation, by=me())
    except Refused as refused:
        return _refused(refused, address)
    return done("The rule is switched on.", address)


@doors.post("/attendance/activations/<uuid:id>/decline")
@allow(May.APPROVE_RULE, RULES, of=RuleActivation)
def decline(activation: RuleActivation) -> ResponseReturnValue:
    """Leave it off."""
    address = _address(activation.rule_id)
    try:
        activating.decline(activation, by=me())
    except Refused as refused:
        return _refused(refused, address)
    return done("The proposal is declined. Nothing is switched on.", address)


@doors.post("/attendance/activations/<uuid:id>/ending")
@allow(May.APPROVE_RULE, RULES, of=RuleActivation, paper=EndingForm)
def end(activation: RuleActivation) -> ResponseReturnValue:
    """Say the last day on which it fires."""
    rule, form = _version(activation.rule_id), EndingForm.filled()
    if not form.validate():
        return _shown(rule, 422, ending=form)
    try:
        activating.end(activation, form.last_day.data, by=me())
    except Refused as refused:
        form.refuse(refused.sentence)
        return _shown(rule, 422, ending=form)
    return done("Its last day is written down. What has fired stands.", _address(rule.id))


def _shown(
    rule: Rule,
    status: int = 200,
    *,
    confirmation: ConfirmationForm | None = None,
    proposal: ProposalForm | None = None,
    ending: EndingForm | None = None,
) -> Response:
    uses = list(db.session.scalars(RuleActivation.of_rule(rule.id).limit(50)))
    proposed = next((one for one in uses if one.state == PROPOSED), None)
    active = next((one for one in uses if one.state == ACTIVE), None)
    may_confirm, may_propose, may_approve = (
        permits(RULES, may, me()) for may in (May.CONFIRM_RULE, May.PROPOSE_RULE, May.APPROVE_RULE)
    )
    confirmed = CounselConfirmation.by_text()
    of_now = confirmed.get(text_sha256(rule))
    return page(
        "truancy/rule.html",
        status=status,
        rule=rule,
        versions=[(one, confirmed.get(text_sha256(one))) for one in versions_of(rule.id)],
        place=(place_of(rule.id), NAMES[place_of(rule.id)]),
        words=words,
        today=today(),
        confirmed=of_now,
        proposed=proposed,
        trial=_trial(proposed),
        active=active,
        before=[one for one in uses if one not in (proposed, active)],
        mine=proposed is not None and proposed.proposed_by_id == me().id,
        may_approve=may_approve,
        may_confirm=may_confirm,
        confirmation=(confirmation or ConfirmationForm.blank(data={"confirmed_on": today()}))
        if may_confirm and of_now is None
        else None,
        proposal=(proposal or _blank_proposal(rule)) if may_propose and (proposal or not proposed) else None,
        ending=(ending or EndingForm.blank(data={"last_day": today()})) if may_approve and active else None,
    )


def _trial(proposed: RuleActivation | None) -> Trial | None:
    return trial_of(proposed.id, schools_read_by(me())) if proposed is not None else None


def _blank_proposal(rule: Rule) -> ProposalForm:
    form = ProposalForm.blank()
    form.about(rule)
    return form


def _version(rule_id: str) -> Rule:
    """The version that speaks today; the last one where none does any more, the first where none does yet."""
    versions = versions_of(rule_id)
    if not versions:
        abort(404)
    day = today()
    begun = [one for one in versions if one.effective <= day]
    return next((one for one in versions if one.in_force(day)), (begun or versions)[-1 if begun else 0])


def _address(rule_id: str) -> str:
    return url_for("truancy.activations_show", rule_id=rule_id)


def _refused(refused: Refused, address: str) -> ResponseReturnValue:
    db.session.rollback()
    return done(refused.sentence, address, tone="bad")
