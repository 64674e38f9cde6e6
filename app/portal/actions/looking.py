"""An operator asks a district to let them look, looks, and leaves. Both sides write it down."""

from uuid import UUID

from app.admin.actions import visits
from app.admin.models.operator_visit import OperatorVisit
from app.core import across_districts
from app.core.actor import Guest, NightStaff, acting_as
from app.core.audit import noted
from app.core.db import db
from app.core.directory import DistrictCard
from app.core.tenancy import as_district, current_district_id
from app.portal.actions.signing_in import SignedIn
from app.portal.models.operator_entry import OperatorEntry


def ask(operator: SignedIn, card: DistrictCard, *, scope: str, reason: str) -> None:
    """Ask that district; its admins are told by mail."""
    by = NightStaff("operator", operator.name, operator.id)
    with as_district(card.id), acting_as(by):
        visit_id = visits.ask(scope=scope, reason=reason, by=by).id
        db.session.commit()
    _log(operator.id, "asked to look", card.id, visit_id)


def leave(operator: SignedIn, district_id: UUID, visit_id: UUID) -> None:
    """End a visit of one's own, asked for or going on. Another's, or one that is over, stays as it is."""
    with as_district(district_id), acting_as(NightStaff("operator", operator.name, operator.id)):
        visit = OperatorVisit.find(visit_id)
        if visit is None or visit.operator_id != operator.id or visit.state not in ("asked", "on"):
            return
        visits.end(visit)
        db.session.commit()
    _log(operator.id, "ended a visit", district_id, visit_id)


def as_guest(visit: OperatorVisit | None) -> Guest | None:
    """Who looks by that visit, which is on."""
    if visit is None or visit.expires_at is None:
        return None
    return Guest(
        id=visit.operator_id,
        name=visit.operator_name,
        role=visit.role,
        rooms=visit.rooms,
        visit_id=visit.id,
        until=visit.expires_at,
    )


def at(guest: Guest, page: str, table: str, which: UUID | None) -> None:
    """They look at a page: into the operator's own log first, then into the district's, with what they see."""
    _log(guest.id, "looked", current_district_id(), guest.visit_id, page, which)
    visit = OperatorVisit.find(guest.visit_id)
    assert visit is not None
    visits.used(visit)
    noted("viewed", table, which, page=page, visit=guest.visit_id)


def _log(
    operator_id: UUID, did: str, district_id: UUID, visit_id: UUID, page: str = "", which: UUID | None = None
) -> None:
    with across_districts.session() as across:
        OperatorEntry.write(
            across, operator_id, did, district_id=district_id, visit_id=visit_id, page=page, which=which
        )
