"""What a new school year means for what is open about absences: nothing ends by itself."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select

from app.core.db import db
from app.core.following import Followed, Moving
from app.truancy.models.case_duty import CaseDuty


def open_lines(moving: Moving) -> Sequence[Followed]:
    """Lines of the morning list about students who change school or leave."""
    return [
        Followed(
            "Open lines about absences of students who change school",
            _open(moving.changing),
            "Their new school has them, with the case. Under “Of earlier school years” it ends those that are over.",
        ),
        Followed(
            "Open lines about absences of students who leave",
            _open(moving.leaving),
            "They leave the list and stay in the case. Nothing of them is sent any more.",
        ),
    ]


def _open(students: Select[UUID]) -> int:
    asked = select(func.count(CaseDuty.id)).where(CaseDuty.is_open(), CaseDuty.student_id.in_(students))
    return db.session.scalar(asked) or 0
