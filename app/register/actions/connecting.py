"""A system that is asked for attendance is set up, tried out, and asked: by somebody, or at its hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from app.core import expiring, services
from app.core.actor import Actor
from app.core.addresses import OutsideRefused
from app.core.audit import noted
from app.core.db import db
from app.core.directory import district_by_id
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.tenancy import current_district_id
from app.integrations.spreadsheet.attendance import RegisterSet
from app.register.actions import importing
from app.register.actions.connectors import CONNECTORS
from app.register.actions.fetching import opened, place_of_files
from app.register.models.register_connection import NAMES, RegisterConnection
from app.register.models.register_import import RegisterImport
from app.register.models.school_day import SchoolDay
from app.register.models.school_register import SchoolRegister
from app.roster.actions.connecting import ENTER_IT_AGAIN
from app.roster.actions.refused import Refused
from app.roster.models.school import School


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What an admin fills in. `secret`: "" keeps the one that is there."""

    settings: Mapping[str, str]
    secret: str = ""
    secret_expires_on: date | None = None
    hour: int | None = None
    applies_itself: bool = False
    expected_hour: int | None = None
    late_after: int = 2


def change(kind: str, given: Particulars, *, by: Actor) -> RegisterConnection:
    """Keep what was filled in. Raises Refused.

    A secret belongs to where it was entered for: to send it anywhere else it must be entered again. And what is asked
    otherwise is asked for anew, from the first day of the year.
    """
    connector = CONNECTORS[kind]
    connection = RegisterConnection.of_kind(kind)
    if connection is None:
        connection = RegisterConnection(kind=kind, settings={})
        db.session.add(connection)
    before = _hosts(kind, connection.settings)
    try:
        hosts = connector.hosts(given.settings)
    except OutsideRefused as refused:
        raise Refused(str(refused)) from refused
    if connection.secret_sealed and not given.secret and set(hosts) - set(before):
        raise Refused(ENTER_IT_AGAIN)
    settings = {name: value.strip() for name, value in given.settings.items()}
    is_another = settings != connection.settings
    connection.settings = settings
    if given.secret:
        connection.secret = given.secret
    connection.expires_on(given.secret_expires_on, anew=bool(given.secret))
    connection.hour, connection.applies_itself = given.hour, given.applies_itself
    connection.expected_hour, connection.late_after = given.expected_hour, given.late_after
    db.session.flush()
    if is_another:
        connection.reads_whole_next()
    db.session.refresh(connection)
    if hosts and tuple(hosts) != tuple(before) and services.is_on(connector.service):
        services.turn(connector.service, True, by, hosts)
    return connection


def missing(kind: str) -> str:
    """What must be filled in before it can be turned on, or ""."""
    connection = RegisterConnection.of_kind(kind)
    if connection is None:
        return "how it is reached"
    return CONNECTORS[kind].missing(connection.settings) or ("" if connection.secret_sealed else "the secret")


def hosts(kind: str) -> tuple[str, ...]:
    """Where it is called; () if the registry knows, or nobody has said it yet."""
    connection = RegisterConnection.of_kind(kind)
    return _hosts(kind, connection.settings) if connection else ()


def try_out(kind: str) -> str:
    """Ask as little as shows that it works, and say what was found. Raises Refused."""
    connection = RegisterConnection.of_kind(kind)
    if connection is None:
        raise Refused("Fill in how it is reached first, and save.")
    noted("tried out", "register_connections", connection.id)
    try:
        found = _looked_at(connection)
    except (Unreadable, NotNow) as answer:
        connection.failed(answer.sentence)
        raise Refused(answer.sentence) from answer
    connection.worked()
    return found


def _looked_at(connection: RegisterConnection) -> str:
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
    connection = RegisterConnection.of_kind(kind)
    if connection is None or missing(kind):
        raise Refused(f"Fill in {missing(kind)} first, and save.")
    if not services.is_on(CONNECTORS[kind].service):
        raise Refused(f"{NAMES[kind]} is turned off, so nothing is asked of it.")
    return importing.begin_asking(connection, by=by)


def ask_what_is_due(*, by: Actor) -> None:
    """Begin the reading whose hour has struck. What stands in its way is told on its page, and it is tried again."""
    zone = _zone()
    for connection in RegisterConnection.all():
        if not connection.is_due(zone) or not services.is_on(CONNECTORS[connection.kind].service):
            continue
        try:
            importing.begin_asking(
                connection, by=by, applies_itself=connection.applies_itself, tells_admins=True
            )
        except Refused as refused:
            connection.failed(refused.sentence)
        else:
            connection.struck()


def late_schools() -> Sequence[str]:
    """The schools of whose register too little came, once that is to be told today; the next time it is tomorrow."""
    late: set[str] = set()
    for connection in RegisterConnection.all():
        if connection.is_to_warn(_zone()) and services.is_on(CONNECTORS[connection.kind].service):
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


def _zone() -> str:
    card = district_by_id(current_district_id())
    return card.zone if card else "UTC"


def _hosts(kind: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(CONNECTORS[kind].hosts(settings))
    except OutsideRefused:
        return ()  # never saved so
