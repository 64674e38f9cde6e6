"""A system that is asked for attendance is set up, tried out, and asked: by somebody, or at its hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.core import expiring, services
from app.core.actor import Actor
from app.core.db import db
from app.integrations.spreadsheet.attendance import RegisterSet
from app.register.actions import importing
from app.register.actions.connectors import CONNECTORS
from app.register.actions.fetching import opened, place_of_files
from app.register.models.register_connection import NAMES, RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_register import SchoolRegister
from app.roster.actions import asking
from app.roster.models.school import School


@dataclass(frozen=True, kw_only=True)
class Particulars(asking.Particulars):
    """What an admin fills in."""

    expected_hour: int | None = None
    late_after: int = 2


def change(kind: str, given: Particulars, *, by: Actor) -> RegisterConnection:
    """Keep what was filled in. Raises Refused.

    What is asked otherwise is asked for anew, from the first day of the year.
    """
    connection = RegisterConnection.of_kind(kind) or RegisterConnection(kind=kind, settings={})
    connection.expected_hour, connection.late_after = given.expected_hour, given.late_after
    if asking.keep(connection, CONNECTORS[kind], given, by=by):
        connection.reads_whole_next()
    db.session.refresh(connection)
    return connection


def missing(kind: str) -> str:
    """What must be filled in before it can be turned on, or ""."""
    return asking.missing(RegisterConnection.of_kind(kind), CONNECTORS[kind])


def hosts(kind: str) -> tuple[str, ...]:
    """Where it is called; () if the registry knows, or nobody has said it yet."""
    return asking.hosts(RegisterConnection.of_kind(kind), CONNECTORS[kind])


def try_out(kind: str) -> str:
    """Ask as little as shows that it works, and say what was found. Raises Refused."""
    return asking.try_out(RegisterConnection.of_kind(kind), _look)


def _look(connection: RegisterConnection) -> str:
    """What is there. Nobody waits for it with a transaction open."""
    place = place_of_files(connection)
    if place is not None:
        settings, secret = dict(connection.settings), connection.secret or ""
        db.session.commit()
        with place.picked_up(settings, secret) as file:
            files = ", ".join(f"{name}.csv" for name in RegisterSet(file).files)
        return f"There is a file, with {files}."
    system = opened(connection)
    db.session.commit()
    try:
        return system.try_out()
    finally:
        system.close()


def ask(kind: str, *, by: Actor) -> RegisterImport:
    """Ask it now. Whoever says so looks before anything is applied. Raises Refused."""
    connection = asking.ready(RegisterConnection.of_kind(kind), CONNECTORS[kind], NAMES[kind])
    return importing.begin_asking(connection, by=by)


def ask_what_is_due(*, by: Actor) -> None:
    """Begin the reading whose hour has struck. What stands in its way is told on its page, and it is tried again."""

    def begin(one: RegisterConnection) -> None:
        importing.begin_asking(one, by=by, applies_itself=one.applies_itself, tells_admins=True)

    asking.ask_what_is_due(((one, CONNECTORS[one.kind]) for one in RegisterConnection.all()), begin)


def late_schools() -> Sequence[str]:
    """The schools of whose register too little came, once that is to be told today; the next time it is tomorrow."""
    late: set[str] = set()
    for connection in RegisterConnection.all():
        if connection.is_to_warn(asking.zone_here()) and services.is_on(CONNECTORS[connection.kind].service):
            late |= set(late_by(connection.late_after))
            connection.warned()
    return sorted(late)


def late_by(days: int) -> Sequence[str]:
    """Schools with so many school days before today, and after the last day of which marks are in."""
    behind = (
        select(School.name)
        .join(SchoolDay, SchoolDay.school_id == School.id)
        .outerjoin(SchoolRegister, SchoolRegister.school_id == School.id)
        .where(
            School.active,
            SchoolDay.is_school_day,
            SchoolDay.day < expiring.today(),
            SchoolRegister.current_to.is_(None) | (SchoolDay.day > SchoolRegister.current_to),
        )
        .group_by(School.id, School.name)
        .having(func.count(SchoolDay.day.distinct()) >= days)
    )
    return db.session.scalars(behind.order_by(School.name)).all()
