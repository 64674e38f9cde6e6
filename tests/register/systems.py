"""Reading a system for attendance in tests: a year, a connection, and a reading as far as it goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.register.actions import connecting, importing
from app.register.actions.connecting import Particulars
from app.register.models.fetched_rows import FetchedRows
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.models.school_year import CURRENT, SchoolYear
from tests.peer_server import NAME_IN_A_REFUSAL
from tests.register.test_imports import marks, notes
from tests.roster import families
from tests.world import World

#: The year in which tests/register/registers.py stands.
YEAR: Final = (date(2026, 8, 24), date(2027, 6, 11))
#: A Monday of it.
NOON: Final = datetime(2026, 9, 21, 17, tzinfo=UTC)


@contextmanager
def at_noon(app: Flask, world: World) -> Iterator[None]:
    """Within Maple, on that Monday."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(NOON):
        yield


def later_on(**more: Any) -> Any:
    """The same place, some days later."""
    return clock.frozen(NOON + timedelta(**more))


def five_students(north: UUID) -> list[str]:
    """At North, by the number 1001 and on."""
    numbers = [f"100{nth}" for nth in range(1, 6)]
    for nth, number in enumerate(numbers, 1):
        families.student("Mia", f"Reyes {nth}", number=number, school=north)
    return numbers


def a_year() -> SchoolYear:
    first, last = YEAR
    made = SchoolYear(name="2026–27", first_day=first, last_day=last, state=CURRENT, told_since=first)
    db.session.add(made)
    db.session.flush()
    return made


def connect(
    kind: str, service: str, settings: dict[str, str], secret: str, **more: Any
) -> RegisterConnection:
    """Set up, and turned on."""
    connection = connecting.change(kind, Particulars(settings=settings, secret=secret, **more), by=SYSTEM)
    services.turn(service, True, SYSTEM, connecting.hosts(kind))
    db.session.commit()
    return connection


def read(kind: str, *, by_itself: bool = False, apply: bool = True) -> RegisterImport:
    """Asked and compared; and applied, at whichever schools ask nothing."""
    connection = RegisterConnection.of_kind(kind)
    assert connection is not None
    run_id = importing.begin_asking(
        connection, by=SYSTEM, applies_itself=by_itself, tells_admins=by_itself
    ).id
    db.session.commit()
    run = go_on(run_id)
    if apply and not by_itself and run.state == "ready":
        importing.approve(run)
        db.session.commit()
        run = go_on(run_id)
    return run


def done(kind: str, **more: Any) -> RegisterImport:
    """A reading that went well."""
    run = read(kind, **more)
    assert run.state == "done", (run.sentence, notes(run))
    return run


def failed(kind: str, private: str = NAME_IN_A_REFUSAL) -> str:
    """The sentence of a reading that did not work, and left the register as it was. `private`: it was in the answer."""
    before = marks()
    run = read(kind)
    assert run.state == "failed"
    assert run.sentence
    assert marks() == before
    assert not db.session.scalar(select(func.count()).select_from(FetchedRows))
    assert private not in run.sentence
    return run.sentence


def go_on(run_id: Any) -> RegisterImport:
    """Until nothing is left to do, whatever has to be waited for."""
    for _ in range(5_000):
        importing.advance(run_id)
        db.session.commit()
        db.session.expire_all()
        found = RegisterImport.find(run_id)
        assert found is not None
        if not found.is_working:
            return found
    raise AssertionError("It never came to an end.")
