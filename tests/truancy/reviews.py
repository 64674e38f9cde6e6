"""A district whose register is reviewed, for tests. Needs the district to be open."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import CURRENT, SchoolYear
from app.truancy.actions import reviewing
from app.truancy.law.overlay import text_sha256
from app.truancy.models.firing import Firing
from app.truancy.models.review import Review
from app.truancy.models.review_range import ReviewRange
from app.truancy.models.rule_activation import ACTIVE, RuleActivation, versions_of

YEAR = ("2026-27", date(2026, 8, 1), date(2027, 7, 31))


def school_year() -> None:
    name, first, last = YEAR
    db.session.add(SchoolYear(name=name, first_day=first, last_day=last, state=CURRENT, told_since=first))
    db.session.flush()


def in_use(world, *rule_ids: str, first_day: date = date(2026, 8, 3)) -> None:
    """As if two people had switched them on."""
    for rule_id in rule_ids:
        version = next(one for one in versions_of(rule_id) if one.in_force(first_day))
        db.session.add(
            RuleActivation(
                rule_id=rule_id,
                digest=text_sha256(version),
                overlay={},
                first_day=first_day,
                state=ACTIVE,
                proposed_by_id=world.adams.account().id,
                approved_by_id=world.tess.account().id,
                approved_at=clock.now(),
            )
        )
    db.session.flush()


def register_is_in(school, to: date) -> None:
    """The register of the school is in up to that day."""
    known = SchoolRegister.of_school(school)
    if known is None:
        known = SchoolRegister(school_id=school)
        db.session.add(known)
    known.current_to = to
    db.session.flush()


def reviewed() -> Review | None:
    """Let everybody be looked at who waits, as the night staff does."""
    db.session.commit()
    review = reviewing.review_what_waits()
    db.session.commit()
    if review is not None:
        advance(review.id)
    return review


def advance(review_id) -> None:
    """Do what is left of a review."""
    for one in ReviewRange.of_review(review_id):
        while not one.is_done:
            reviewing.advance(one.id)
            db.session.commit()


def found(review: Review | None) -> int:
    """How many firings a review found that were not known."""
    return sum(one.found for one in ReviewRange.of_review(review.id)) if review else 0


def firings(*students) -> list[tuple[str, str, str]]:
    """Rule, day and state of each firing."""
    asked = select(Firing).order_by(Firing.rule_id, Firing.trigger_day, Firing.ordinal)
    if students:
        asked = asked.where(Firing.student_id.in_(students))
    return [(one.rule_id, str(one.trigger_day), one.state) for one in _all(asked)]


def _all(asked) -> Iterable[Firing]:
    db.session.expire_all()
    return db.session.scalars(asked).all()
