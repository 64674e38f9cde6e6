"""What the office itself tells a family, without a rule behind it: it rests on the student's going to school here."""

from typing import Final
from uuid import UUID

from app.core import clock
from app.core.db import db
from app.core.grounds import Grounds
from app.notices.actions import numbers, telling
from app.notices.actions.telling import Telling, Told
from app.notices.models.notice_template import NoticeTemplate
from app.roster.models.student import Student

STUDENT: Final = "student"


def write_to_family(
    student: Student,
    template: NoticeTemplate,
    values: dict[str, str],
    channels: tuple[str, ...],
    why_other: str = "",
) -> Told:
    """Tell the family now; the same template on the same day is the same notice. Raises Refused."""
    today = clock.now().date().isoformat()
    return telling.tell(
        Telling(
            grounds_kind=STUDENT,
            grounds_id=student.id,
            duty=f"{template.wanted} {today}",
            wanted=template.wanted,
            student_id=student.id,
            values=values,
            channels=channels,
            why_other=why_other,
        )
    )


def _why_not(student_id: UUID) -> str:
    student = db.session.get(Student, student_id)
    if student is None or not student.person.active:
        return "The student no longer goes to school here."
    return ""


def _values(student_id: UUID) -> dict[str, str]:
    student = db.session.get(Student, student_id)
    return numbers.of(student) if student is not None else {}


#: The card of this room: a student as what a notice rests on.
STUDENTS: Final = Grounds(kind=STUDENT, wanted=lambda: (), why_not=_why_not, values=_values)
