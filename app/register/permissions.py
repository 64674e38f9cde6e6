"""Who may see the register, and who vouches for what it says. Technicians, leads and teachers see nothing of it."""

from enum import StrEnum
from typing import Any, Final

from app.core.actor import Actor, Role
from app.core.permissions import Rules

READERS: Final = (
    Role.ATTENDANCE_CLERK,
    Role.COUNSELOR,
    Role.PRINCIPAL,
    Role.SCHOOL_OFFICE,
    Role.ADMIN,
)


class May(StrEnum):
    """What can be done here."""

    SEE_REGISTER = "see how far the register is in"


def works_with_attendance(actor: Actor, _: Any) -> bool:
    """Clerk, counselor, principal or office of any school, or an admin."""
    return any(actor.has(role) for role in READERS)


RULES: Final[Rules] = {May.SEE_REGISTER: [works_with_attendance]}
