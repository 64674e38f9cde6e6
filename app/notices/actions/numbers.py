"""The numbers of a notice, as the register has them: what the family page shows, and what a clerk need not type."""

from app.family.models.absences import UNEXCUSED, absences_of
from app.roster.models.student import Student


def of(student: Student) -> dict[str, str]:
    """Whole days missed this school year, and those without an excuse; empty where the register knows of none."""
    absences = absences_of(student)
    if absences is None or not absences.whole:
        return {}
    return {"days": str(absences.whole), "unexcused": str(absences.because(UNEXCUSED))}
