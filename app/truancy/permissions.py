"""Who may see what of attendance. Technicians, leads and teachers see nothing of it."""

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


class May(StrEnum):
    """What can be done here."""

    SEE_RULES = "see the attendance rules"


def works_with_attendance(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school, or an admin."""
    return any(actor.has(role) for role in READERS_OF_RULES)


RULES: Final[Rules] = {May.SEE_RULES: [works_with_attendance]}
