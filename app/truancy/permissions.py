"""Who may see and do what of attendance. Technicians, leads and teachers see nothing of it.

Which rules are in use holds for the whole district, so it is for those who answer for a school or for the district;
that it takes two of them is no matter of roles, and activating.approve() asks it.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final

from app.core.actor import Actor, Role
from app.core.permissions import Rules

READERS_OF_RULES: Final = (
    Role.ATTENDANCE_CLERK,
    Role.COUNSELOR,
    Role.PRINCIPAL,
    Role.SCHOOL_OFFICE,
    Role.ADMIN,
)
KEEPERS_OF_RULES: Final = (Role.PRINCIPAL, Role.ADMIN)


class May(StrEnum):
    """What can be done here."""

    SEE_RULES = "see the attendance rules"
    CONFIRM_RULE = "write down that counsel confirmed an attendance rule"
    PROPOSE_RULE = "propose to switch on an attendance rule"
    APPROVE_RULE = "approve, decline or end an attendance rule"


def works_with_attendance(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school, or an admin."""
    return _is_one_of(actor, READERS_OF_RULES)


def answers_for_rules(actor: Actor, _: Any) -> bool:
    """Principal of any school, or an admin."""
    return _is_one_of(actor, KEEPERS_OF_RULES)


def _is_one_of(actor: Actor, roles: Collection[Role]) -> bool:
    return any(actor.has(role) for role in roles)


RULES: Final[Rules] = {
    May.SEE_RULES: [works_with_attendance],
    May.CONFIRM_RULE: [answers_for_rules],
    May.PROPOSE_RULE: [answers_for_rules],
    May.APPROVE_RULE: [answers_for_rules],
}
