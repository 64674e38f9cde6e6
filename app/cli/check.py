"""What is right and what is wrong with this deployment, and what to do about it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import click
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import across_districts, alarms, clock, crypto, readings, storage
from app.core.crypto import CannotOpen
from app.core.db import Base, db
from app.core.directory import UNOWNED, District
from app.core.doorbell import doorbell
from app.core.mail_driver import OutcomeUnknown
from app.core.measures import free_ratio
from app.core.queue import PermanentFailure, TryAgain
from app.core.readings import Heartbeat
from app.core.settings import get_settings
from app.migrations import run as migrations
from app.migrations.newest import newest
from app.notices.actions import operator_mail

#: Seconds by which our clock may differ from the database's.
DIFFERS, DIFFERS_MUCH = 2.0, 30.0
SOON: Final = 30
LITTLE, HARDLY_ANY = 0.10, 0.03
#: Seconds after which a process that says every minute that it lives does not.
SILENT: Final = 300.0
STARTED_BY_EVERYBODY: Final = ("timetable", "sweeper", "watch")


class Verdict(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    sentence: str
    to_do: str = ""


def install(app: Flask) -> None:
    app.cli.command("check")(check)


@click.option("--json", "as_json", is_flag=True, help="One JSON object, for a machine.")
@click.option("--send-test", is_flag=True, help="Write a mail to the operator through the relay.")
def check(as_json: bool, send_test: bool) -> None:
    """Print the settings without their secrets, and look at everything that a deployment needs.

    Ends with 1 if anything failed; what is only a warning works, and wants somebody's attention.
    """
    findings = list(look_at_everything(send_test=send_test))
    failed = any(found.verdict is Verdict.FAIL for found in findings)
    if as_json:
        click.echo(json.dumps({"well": not failed, "findings": [asdict(found) for found in findings]}))
    else:
        for name, value, meaning in get_settings().described():
            click.echo(f"{name:<38} {value:<28} {meaning}")
        click.echo("")
        for found in findings:
            click.echo(f"{found.verdict:<5} {found.name:<12} {found.sentence}")
            if found.to_do and found.verdict is not Verdict.OK:
                click.echo(f"{'':<18} → {found.to_do}")
    if failed:
        raise SystemExit(1)


def what_is_wrong() -> list[str]:
    """A sentence for each thing that is wrong with the database, whether or not any process runs; none is well."""
    found = [*_looked("database", _database), *_looked("migrations", _migrations), *_looked("walls", _walls)]
    return [one.sentence for one in found if one.verdict is Verdict.FAIL]


def look_at_everything(*, send_test: bool = False) -> Iterator[Finding]:
    """Everything, in the order in which a first start would stumble over it."""
    for name, look in LOOKS.items():
        yield from _looked(name, look)
    yield from _looked("relay", lambda: _relay(send_test))


Look = Callable[[], Iterator[tuple[Verdict, str, str]]]


def _looked(name: str, look: Look) -> Iterator[Finding]:
    try:
        for verdict, sentence, to_do in look():
            yield Finding(name, verdict, sentence, to_do)
    except Exception as error:  # noqa: BLE001 - one thing that cannot be looked at must not hide the others
        cause = error.__cause__ or error
        yield Finding(
            name, Verdict.FAIL, f"It could not be looked at ({type(cause).__name__}).", "See what is above."
        )


def _database() -> Iterator[tuple[Verdict, str, str]]:
    to_do = "See that PostgreSQL runs, and compare the address, the role and its password with the settings."
    try:
        with across_districts.session() as across:
            across.execute(select(District.id).limit(1))
        db.session.execute(select(District.id).limit(1))
    except SQLAlchemyError as error:
        db.session.rollback()
        yield Verdict.FAIL, f"The database does not answer: {type(error.__cause__ or error).__name__}.", to_do
        return
    yield Verdict.OK, "The database answers roles app and across.", ""


def _migrations() -> Iterator[tuple[Verdict, str, str]]:
    at = db.session.execute(text("select version_num from alembic_version")).scalars().all()
    if len(at) != 1 or at[0] < newest():
        yield (
            Verdict.FAIL,
            f"The database stands at {', '.join(at)}, the code at {newest()}.",
            "flask migrate",
        )
        return
    url = get_settings().database_owner_url
    if at[0] == newest() and url:
        try:
            differences = migrations.differences(url)
        except SQLAlchemyError as error:
            yield (
                Verdict.FAIL,
                f"Role owner cannot sign in to the database: {type(error.__cause__ or error).__name__}.",
                "Compare its address and password with FRONTOFFICE_DATABASE_OWNER_URL.",
            )
            return
        if differences:
            yield (
                Verdict.FAIL,
                f"The database is not as new as the code: {len(differences)} differences.",
                "flask migrate; if they stay, somebody changed the database by hand.",
            )
            return
    if at[0] > newest():
        yield (
            Verdict.WARN,
            f"The database is newer ({at[0]}) than this code ({newest()}).",
            "Fine during an upgrade. Otherwise upgrade this host.",
        )
        return
    yield Verdict.OK, "The database is as new as the code.", ""


def _walls() -> Iterator[tuple[Verdict, str, str]]:
    """Row-level security is forced on every table of a district, and nobody who serves may pass it."""
    to_do = "Nobody else may change roles or tables. Restore them as a fresh `flask migrate` makes them."
    with across_districts.session() as across:
        forced = set(
            across.execute(
                text(
                    "select relname from pg_class where relkind = 'r' and relrowsecurity and relforcerowsecurity"
                )
            ).scalars()
        )
        across_is = across.execute(_SPECIAL).one()
    app_is = db.session.execute(_SPECIAL).one()
    open_ = sorted(set(Base.metadata.tables) - UNOWNED - forced)
    if open_:
        yield Verdict.FAIL, f"Row-level security is not forced on {', '.join(open_)}.", to_do
    for role, one in (("app", app_is), ("across", across_is)):
        if one.name != role:
            yield Verdict.FAIL, f"The address of role {role} signs in as {one.name}.", "Mend the settings."
        if one.special or one.owns:
            yield Verdict.FAIL, f"Role {one.name} owns tables or may pass every wall.", to_do
    if not open_:
        yield Verdict.OK, f"Row-level security is forced on {len(forced)} tables.", ""


_SPECIAL: Final = text(
    """
    select current_user as name, rolsuper or rolbypassrls or rolcreaterole as special,
        exists (select from pg_class where relowner = pg_roles.oid and relkind = 'r') as owns
    from pg_roles where rolname = current_user
    """
)


def _clock() -> Iterator[tuple[Verdict, str, str]]:
    there = db.session.scalar(select(func.clock_timestamp()))
    assert isinstance(there, datetime)
    off = abs((there - clock.now()).total_seconds())
    to_do = "Have both hosts' clocks set by NTP: links, sessions and leases are measured by them."
    verdict = Verdict.FAIL if off > DIFFERS_MUCH else Verdict.WARN if off > DIFFERS else Verdict.OK
    yield verdict, f"This machine's clock and the database's differ by {off:.1f} s.", to_do


def _keys() -> Iterator[tuple[Verdict, str, str]]:
    """Every district's data key opens under a master key of the ring."""
    newest_key, older = get_settings().master_keys[0][0], 0
    with across_districts.session() as across:
        districts = across.execute(
            select(District.slug, District.id, District.data_key).where(District.data_key.is_not(None))
        ).all()
    for slug, district_id, data_key in districts:
        try:
            crypto.unwrap(data_key, district_id.bytes)
            crypto.ring_of(district_id)
        except CannotOpen as closed:
            to_do = "Put the master key that wrapped it back into FRONTOFFICE_MASTER_KEYS."
            yield Verdict.FAIL, f"{slug}: {closed}", to_do
        older += (data_key or "").split(".")[1] != newest_key
    if older:
        to_do = "flask rotate-keys; only then may the older ones be taken out of the ring."
        yield Verdict.WARN, f"{older} data keys are wrapped under an older master key.", to_do
    yield Verdict.OK, f"The ring was tried on {len(districts)} data keys.", ""


def _storage() -> Iterator[tuple[Verdict, str, str]]:
    try:
        storage.try_out()
    except (storage.StorageFault, storage.FileMissing, OSError) as error:
        to_do = (
            "See its settings, its rights and its room. Until then nothing can be attached and mail waits."
        )
        yield Verdict.FAIL, f"Files cannot be stored: {type(error).__name__}.", to_do
        return
    yield Verdict.OK, "A file was written, read back and removed.", ""


def _redis() -> Iterator[tuple[Verdict, str, str]]:
    if get_settings().redis_url is None:
        yield Verdict.WARN, "There is no Redis: the sweeper does the work, slower.", "Set REDIS_URL."
    elif not doorbell().answers():
        to_do = "Start it. Nothing is lost: the sweeper does the work, a little later."
        yield Verdict.WARN, "Redis does not answer.", to_do
    else:
        yield Verdict.OK, "Redis answers.", ""


def _proxies() -> Iterator[tuple[Verdict, str, str]]:
    count = get_settings().proxies
    if get_settings().base_url.startswith("https://") and count == 0:
        to_do = (
            "Set FRONTOFFICE_PROXIES to the number of your proxies in a row, such as 1 for deploy/nginx.conf."
        )
        yield (
            Verdict.WARN,
            "No proxy is believed: if one ends TLS before the web server, nobody can sign in.",
            to_do,
        )
    else:
        yield Verdict.OK, f"Proxies in a row that are believed: {count}.", ""


def _secrets() -> Iterator[tuple[Verdict, str, str]]:
    today = clock.now().date()
    for name, last in get_settings().secrets_expire:
        days = (last - today).days
        verdict = Verdict.FAIL if days < 0 else Verdict.WARN if days < SOON else Verdict.OK
        said = f"“{name}” ran out {-days} days ago." if days < 0 else f"“{name}” runs out in {days} days."
        yield verdict, said, "Renew it, and write its new date into FRONTOFFICE_SECRETS_EXPIRE."
    if not get_settings().secrets_expire:
        yield Verdict.OK, "No dates are given in FRONTOFFICE_SECRETS_EXPIRE.", ""


def _disks() -> Iterator[tuple[Verdict, str, str]]:
    settings = get_settings()
    folders = dict.fromkeys((settings.instance, *settings.disk_folders))
    for folder in folders:
        if not Path(folder).is_dir():
            yield Verdict.FAIL, f"{folder} is not there.", "Make it, or mend the settings."
            continue
        free = free_ratio(folder)
        verdict = Verdict.FAIL if free < HARDLY_ANY else Verdict.WARN if free < LITTLE else Verdict.OK
        yield verdict, f"{free * 100:.0f} % of the disk of {folder} are free.", "Make room, or enlarge it."


def _processes() -> Iterator[tuple[Verdict, str, str]]:
    beats = {one.process: one.at for one in db.session.scalars(select(Heartbeat))}
    for process in STARTED_BY_EVERYBODY:
        if process not in beats:
            yield (
                Verdict.WARN,
                f"No {process} has been seen yet.",
                "Start the timetable: python -m jobs.schedule.",
            )
    for process, at in sorted(beats.items()):
        seconds = (clock.now() - at).total_seconds()
        verdict = Verdict.OK if seconds < SILENT else Verdict.FAIL
        yield verdict, f"The {process} was seen {seconds:.0f} s ago.", "Start it, and read its log."


def _alarms() -> Iterator[tuple[Verdict, str, str]]:
    on = alarms.raised(db.session())
    for alarm in on:
        yield Verdict.WARN, alarm.sentence, alarm.to_do
    if not on:
        yield Verdict.OK, "No alarm is on.", ""
    kept = readings.kept(db.session())
    if kept and clock.now() - max(one.at for one in kept) > readings.FRESH:
        yield Verdict.FAIL, "Nothing has been measured for more than five minutes.", "Restart the timetable."


def _relay(send_test: bool) -> Iterator[tuple[Verdict, str, str]]:
    settings = get_settings()
    if not operator_mail.can_be_written():
        verdict = Verdict.OK if settings.demo else Verdict.WARN
        to_do = "Set FRONTOFFICE_SMTP_RELAY_HOST and FRONTOFFICE_OPERATOR_CONTACT: alarms are told there."
        yield verdict, "There is no relay, or nobody to write to: alarms are not told by mail.", to_do
        return
    if not send_test:
        yield Verdict.OK, "The relay was not tried; --send-test does.", ""
        return
    try:
        operator_mail.write(
            "A test", "This is the test that somebody asked for with `flask check --send-test`."
        )
    except (TryAgain, PermanentFailure, OutcomeUnknown) as refused:
        yield (
            Verdict.FAIL,
            refused.sentence,
            "Compare the relay's address, its port and password with the settings.",
        )
    else:
        yield Verdict.OK, "The relay took a test for the operator.", ""


LOOKS: Final[dict[str, Look]] = {
    "database": _database,
    "migrations": _migrations,
    "walls": _walls,
    "clock": _clock,
    "keys": _keys,
    "storage": _storage,
    "redis": _redis,
    "proxies": _proxies,
    "secrets": _secrets,
    "disk": _disks,
    "processes": _processes,
    "alarms": _alarms,
}
