"""Who looked at a student's record and who changed it, guardians, contacts and rights included."""

from uuid import UUID

from sqlalchemy import select, union

from app.auth.models.audit_lines import History, history
from app.core.audit import AuditEntry
from app.core.db import db
from app.roster.models.contact import Contact
from app.roster.models.guardian_right import GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.student import Student


def student_history(student: Student, zone_name: str, *, before: int | None) -> History:
    """What happened to everything that the page of a student shows. Of a guardian who belongs to them no more only
    what was said of the two, and not what became of that guardian since."""
    entries = select(AuditEntry).where(AuditEntry.which.in_(_on_their_page(student)))
    return history(entries, zone_name, before=before)


def _on_their_page(student: Student) -> set[UUID]:
    ever = select(Guardianship.id).where(Guardianship.student_id == student.id)
    guardians = select(Guardianship.guardian_id).where(
        Guardianship.student_id == student.id, Guardianship.ended_at.is_(None)
    )
    rows = union(
        ever,
        guardians,
        select(GuardianRight.id).where(GuardianRight.guardianship_id.in_(ever)),
        select(Contact.id).where(Contact.guardian_id.in_(guardians)),
    )
    return {student.id, *db.session.scalars(rows)}
