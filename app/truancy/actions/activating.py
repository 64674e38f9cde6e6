"""Shipped rules are switched on: one person proposes, another approves, and any of them ends it again.

Each raises Refused with a sentence for whoever asked.
"""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import Actor
from app.core.db import db, refused_by
from app.core.expiring import today
from app.roster.actions.refused import Refused
from app.truancy.actions import trying_out
from app.truancy.law.overlay import Looser, Overlay, laid_over, text_sha256
from app.truancy.law.rule import Rule
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.dry_run import DryRun
from app.truancy.models.rule_activation import (
    ACTIVE,
    DECLINED,
    ENDED,
    PROPOSED,
    RuleActivation,
    beside,
    versions_of,
)

#: A rule may be switched on for a school year that has begun, or for the next one.
FURTHEST: Final = timedelta(days=400)

YOU_PROPOSED_IT: Final = "You proposed this yourself. Somebody else must approve it."
NO_COUNSEL: Final = (
    "Your counsel has not confirmed this rule as it reads now. Record the confirmation first, then approve."
)
NO_DRY_RUN: Final = "The dry run is not over yet. Look at what it shows first, then approve."
IT_IS_OVER: Final = "Somebody decided about this in the meantime. Nothing was changed."


def confirm(rule: Rule, counsel: str, on: date, note: str, *, by: Actor) -> CounselConfirmation:
    """Write down that counsel confirmed this version of the rule."""
    assert by.id is not None, "A person writes this down."
    if on > today():
        raise Refused("The day of the confirmation is still to come. Write the day on which it was given.")
    if CounselConfirmation.of(rule) is not None:
        raise Refused("A confirmation of this version is written down already.")
    made = CounselConfirmation(
        rule_id=rule.id,
        digest=text_sha256(rule),
        counsel=counsel,
        confirmed_on=on,
        note=note,
        recorded_by_id=by.id,
    )
    db.session.add(made)
    db.session.flush()
    return made


def withdraw(confirmation: CounselConfirmation) -> None:
    """It was written down in error, or counsel no longer stands by it. The rule is unconfirmed again."""
    db.session.delete(confirmation)
    db.session.flush()


def propose(
    rule_id: str, first_day: date, overlay: Overlay, note: str, *, by: Actor, once: UUID
) -> RuleActivation:
    """Propose to use a rule from that day on. `once`: the key of the paper, so that sent twice it is one proposal."""
    assert by.id is not None, "A person proposes."
    known = db.session.get(RuleActivation, once)
    if known is not None:
        return known
    if abs(first_day - today()) > FURTHEST:
        raise Refused("Choose a first day within about a year of today.")
    version = _version_on(rule_id, first_day)
    _refuse_looser(rule_id, overlay)
    _refuse_days_that_are_taken(rule_id, first_day)
    if RuleActivation.in_state(PROPOSED, rule_id) is not None:
        raise Refused("This rule is proposed already. Approve or decline that proposal first.")
    made = RuleActivation(
        id=once,
        rule_id=rule_id,
        digest=text_sha256(version),
        overlay=overlay.written(),
        first_day=first_day,
        note=note,
        proposed_by_id=by.id,
    )
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError as error:
        if refused_by(error) != "uq_rule_activations_proposed":
            raise
        raise Refused("Somebody proposed this rule just now. Look at their proposal first.") from None
    trying_out.begin(made)
    return made


def approve(activation: RuleActivation, *, by: Actor) -> None:
    """Switch it on. One that is in use ends on the day before."""
    _lock(activation, PROPOSED)
    if by.id is None or by.id == activation.proposed_by_id:
        raise Refused(YOU_PROPOSED_IT)
    version = _version_on(activation.rule_id, activation.first_day)
    if text_sha256(version) != activation.digest:
        raise Refused(
            "The rule has changed since this was proposed. Decline it, and propose it as it reads now."
        )
    if CounselConfirmation.of(version) is None:
        raise Refused(NO_COUNSEL)
    if not DryRun.is_over_for(activation.id):
        raise Refused(NO_DRY_RUN)
    _refuse_looser(activation.rule_id, activation.laid)
    _refuse_days_that_are_taken(activation.rule_id, activation.first_day)
    _refuse_what_stands_on_nothing(version, activation.first_day)
    before = RuleActivation.in_state(ACTIVE, activation.rule_id)
    if before is not None:
        _end(before, activation.first_day - timedelta(days=1), by.id)
        # Of a rule one is active at a time: the old one goes before the new one comes.
        db.session.flush()
    activation.state, activation.approved_by_id, activation.approved_at = ACTIVE, by.id, clock.now()
    db.session.flush()


def decline(activation: RuleActivation, *, by: Actor) -> None:
    """It is not switched on."""
    _lock(activation, PROPOSED)
    activation.state, activation.ended_by_id, activation.ended_at = DECLINED, by.id, clock.now()
    db.session.flush()


def end(activation: RuleActivation, last_day: date, *, by: Actor) -> None:
    """It fires on that day for the last time. What has fired stands."""
    _lock(activation, ACTIVE)
    assert by.id is not None, "A person ends it."
    if last_day < max(today(), activation.first_day - timedelta(days=1)):
        raise Refused(
            "What has fired stands, so the last day is today or a later one. "
            "To end it before it begins, write the day before its first day."
        )
    _refuse_to_leave_others_standing(activation)
    _end(activation, last_day, by.id)
    db.session.flush()


def _end(activation: RuleActivation, last_day: date, by_id: UUID) -> None:
    activation.state, activation.last_day = ENDED, last_day
    activation.ended_by_id, activation.ended_at = by_id, clock.now()


def _lock(activation: RuleActivation, state: str) -> None:
    """Two people who press at once are asked one after the other."""
    db.session.refresh(activation, with_for_update=True)
    if activation.state != state:
        raise Refused(IT_IS_OVER)


def _version_on(rule_id: str, day: date) -> Rule:
    found = next((one for one in versions_of(rule_id) if one.in_force(day)), None)
    if found is None:
        raise Refused("The law has no such rule in force on that day.")
    return found


def _refuse_looser(rule_id: str, overlay: Overlay) -> None:
    for version in versions_of(rule_id):
        try:
            laid_over(version, overlay, beside(version))
        except Looser as looser:
            raise Refused(looser.sentence) from None


def _refuse_days_that_are_taken(rule_id: str, first_day: date) -> None:
    """Of each day one use speaks; a new one begins after the one before it."""
    used = RuleActivation.of_rule(rule_id).where(RuleActivation.state.in_((ACTIVE, ENDED)))
    for one in db.session.scalars(used):
        # One that ended before it began has no days.
        if one.last_day is not None and one.last_day < one.first_day:
            continue
        if one.last_day is None and first_day <= max(today(), one.first_day):
            raise Refused(
                "This rule is in use. What has fired stands, so the new one begins tomorrow or later."
            )
        if one.last_day is not None and first_day <= one.last_day:
            raise Refused(f"This rule was in use until {one.last_day}. Choose a later first day.")


def _refuse_what_stands_on_nothing(version: Rule, first_day: date) -> None:
    for needed in sorted(version.needs):
        on = RuleActivation.in_state(ACTIVE, needed)
        if on is None or on.first_day > first_day:
            raise Refused(
                f"This rule follows on {needed}, which is not in use on that day. Switch that on first."
            )


def _refuse_to_leave_others_standing(activation: RuleActivation) -> None:
    rest = select(RuleActivation).where(RuleActivation.state == ACTIVE, RuleActivation.id != activation.id)
    for other in db.session.scalars(rest):
        if any(activation.rule_id in version.needs for version in versions_of(other.rule_id)):
            raise Refused(f"{other.rule_id} follows on this rule. End that one first.")
