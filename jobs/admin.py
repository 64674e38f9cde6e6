"""Letters to a district's admins about visits of the operator."""

from uuid import UUID

from app.admin.models.operator_visit import OperatorVisit
from app.auth.models.sealed_account import admins
from app.core import clock
from app.core.directory import district_by_id
from app.notices.actions import compose
from jobs import job


@job
def tell_visit_asked(visit_id: UUID) -> None:
    """Somebody asks to be let in."""
    _tell(
        visit_id,
        "asks to look at your district",
        "{who} of the operator asks to look at: {sees}. They see nothing unless one of you lets them, for at most an "
        "hour.",
    )


@job
def tell_visit_granted(visit_id: UUID) -> None:
    """An admin let them."""
    _tell(
        visit_id,
        "was let in",
        "An admin let {who} of the operator look at: {sees}, until {until}. They can change nothing, and each page "
        "that they see stands in your audit log.",
    )


@job
def tell_visit_used(visit_id: UUID) -> None:
    """They have begun to look."""
    _tell(
        visit_id,
        "is looking at your district",
        "{who} of the operator has begun to look at: {sees}, until {until}. Each page stands in your audit log.",
    )


def _tell(visit_id: UUID, about: str, happened: str) -> None:
    visit = OperatorVisit.find(visit_id)
    if visit is None:
        return
    card = district_by_id(visit.district_id)
    assert card is not None
    until = clock.local(visit.expires_at, card.zone).strftime("%H:%M") if visit.expires_at else ""
    sentence = happened.format(who=visit.operator_name, sees=visit.sees.lower(), until=until)
    for admin in admins():
        told = {"name": admin.name, "about": about, "happened": sentence, "reason": visit.reason}
        compose.email("operator_visit", admin.email, admin.person_id, told)
