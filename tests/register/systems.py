"""Reading a system for attendance in tests: a year, a connection, and a reading as far as it goes."""

from datetime import date
from typing import Any, Final

from app.core import services
from app.core.actor import SYSTEM
from app.core.db import db
from app.register.actions import connecting, importing
from app.register.actions.connecting import Particulars
from app.register.models.register_connection import RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.models.school_year import CURRENT, SchoolYear

#: The year in which tests/register/registers.py stands.
YEAR: Final = (date(2026, 8, 24), date(2027, 6, 11))


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
