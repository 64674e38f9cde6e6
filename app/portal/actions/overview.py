"""What an operator sees of all districts: their names, and the visits that they themselves asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.admin.models.operator_visit import OperatorVisit
from app.core import across_districts, clock
from app.core.directory import District
from app.portal.models.operator import Operator
from app.portal.models.operator_entry import OperatorEntry

SHOWN_FOR: Final = timedelta(days=30)
AT_MOST: Final = 200


@dataclass(frozen=True)
class Visit:
    """One of theirs."""

    id: UUID
    district_id: UUID
    district: str
    slug: str
    zone: str
    sees: str
    state: str
    opens: str
    asked_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class Line:
    """One entry of the operator's own log, in words."""

    at: datetime
    who: str
    did: str
    district: str
    page: str
    which: UUID | None


def districts() -> Sequence[tuple[str, str]]:
    """Short name and name of each that is there."""
    with across_districts.session() as across:
        there = select(District.slug, District.name).where(District.state != "gone").order_by(District.name)
        return [(slug, name) for slug, name in across.execute(there)]


def visits_of(operator_id: UUID) -> Sequence[Visit]:
    """Theirs of the last month, the newest first."""
    with across_districts.session() as across:
        mine = (
            select(OperatorVisit, District)
            .join(District, District.id == OperatorVisit.district_id)
            .where(OperatorVisit.operator_id == operator_id, OperatorVisit.asked_at > clock.now() - SHOWN_FOR)
            .order_by(OperatorVisit.asked_at.desc())
            .limit(50)
        )
        return [
            Visit(
                id=visit.id,
                district_id=district.id,
                district=district.name,
                slug=district.slug,
                zone=district.zone,
                sees=visit.sees,
                state=visit.state,
                opens="/admin" if visit.scope == "settings" else "/tickets",
                asked_at=visit.asked_at,
                until=visit.expires_at,
            )
            for visit, district in across.execute(mine)
        ]


def latest_entries() -> Sequence[Line]:
    """The newest of the operator's own log, all operators'."""
    with across_districts.session() as across:
        names = {one.id: one.name for one in across.scalars(select(Operator))}
        called = {one.id: one.name for one in across.scalars(select(District))}
        return [
            Line(
                at=one.at,
                who=names.get(one.operator_id, "Command line") if one.operator_id else "Command line",
                did=one.did,
                district=called.get(one.district_id, "") if one.district_id else "",
                page=one.page,
                which=one.which,
            )
            for one in across.scalars(OperatorEntry.newest().limit(AT_MOST))
        ]
