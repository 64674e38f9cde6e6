"""The rule that a firing rests on, in the version under which it fired, and who answers for its use."""

from dataclasses import dataclass

from app.core.db import db
from app.truancy.law.rule import Rule
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.firing import Firing
from app.truancy.models.rule_activation import RuleActivation, versions_of


@dataclass(frozen=True)
class RuleBehind:
    """A version of a rule, and who answers for it in the district."""

    rule: Rule
    #: True where the district has laid something over what the law says.
    is_laid_over: bool
    #: The use during which it fired; None where nothing here says so any more.
    use: RuleActivation | None
    confirmation: CounselConfirmation | None


def rule_behind(firing: Firing) -> RuleBehind | None:
    """None where that version is known here no more."""
    versions = versions_of(firing.rule_id)
    uses = [one for one in db.session.scalars(RuleActivation.of_rule(firing.rule_id)) if one.is_in_use]
    of_day = [
        one
        for one in uses
        if one.first_day <= firing.trigger_day
        and (one.last_day is None or firing.trigger_day <= one.last_day)
    ]
    # Of each day one use speaks; where it has been ended since, what it laid over the law is still written there.
    for use in [*of_day, *(one for one in uses if one not in of_day)]:
        for rule, shipped in zip(use.practised(), versions, strict=True):
            if rule.sha256 == firing.rule_version:
                confirmation = CounselConfirmation.of(shipped)
                return RuleBehind(rule, rule.sha256 != shipped.sha256, use, confirmation)
    for rule in versions:
        if rule.sha256 == firing.rule_version:
            return RuleBehind(rule, False, None, CounselConfirmation.of(rule))
    return None
