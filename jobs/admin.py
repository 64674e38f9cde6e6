"""Letters to a district's admins: visits of the operator, and secrets that end."""

from uuid import UUID

from app.admin.models.operator_visit import OperatorVisit
from app.auth.models.sealed_account import admins
from app.core import clock, expiring
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


@job
def remind_of_secrets() -> None:
    """Tell all admins of each secret that ends soon, or has ended: once for each of the days that count."""
    today = expiring.today()
    for one in expiring.all_expiring():
        days, ends = one.reminder_due(today), one.secret_expires_on
        if days is None or ends is None:
            continue
        left = one.days_left(today) or 0
        when = f"ends in {left} days" if left > 1 else "ends tomorrow" if left == 1 else "ends today"
        for admin in admins():
            told = {
                "name": admin.name,
                "about": f"{one.secret_of} {when if left >= 0 else 'has ended'}",
                "last_day": f"{ends.day} {ends:%B %Y}",
                "without_it": one.without_it,
                "page": one.kept_at,
            }
            compose.email("secret_ends", admin.email, admin.person_id, told)
        one.reminded(days)


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
