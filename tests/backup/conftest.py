"""A backup of Maple and Birch, and another machine to restore it on: its own server, its own empty folder."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import audit, crypto, presence
from app.core.actor import acting_as
from app.core.db import db
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.factory import create_app
from app.helpdesk.actions import replying
from app.helpdesk.actions.attaching import Upload
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.reply import ReplyKind
from app.laptop import roles
from app.notices.models.mail_setting import MailSetting
from tests import cluster
from tests.cluster import TestDatabase
from tests.helpdesk.desk import ask, ticket_of
from tests.helpdesk.test_attachments import picture
from tests.world import Place, Player, World

SECRET = "the relay's password"


@dataclass
class Machine:
    """An installation: its app, its settings and its database."""

    app: Flask
    settings: Settings
    database: TestDatabase

    def run(self, *words: str):
        """A command of the operator, said here, by a process that remembers nothing."""
        use_settings(self.settings)
        crypto.unwrap.cache_clear()
        return self.app.test_cli_runner().invoke(args=list(words))


@dataclass
class Kept:
    """Both districts with tickets, photos, sealed columns, an audit log with seals, and a backup of it all."""

    here: Machine
    to: Path
    folder: Path
    number: int
    attachment: str


def furnish_a_desk(app: Flask, place: Place, asks: Player, answers: Player) -> tuple[int, str]:
    """A ticket with a photo in an answer, a sealed password, and two seals; the ticket's number and the photo."""
    number = ask(app, asks, "The projector is green")
    with app.app_context(), as_district(place.id):
        db.session.add(MailSetting(driver="smtp", host=f"smtp.{place.domain}", password=SECRET))
        audit.seal_entries()
        db.session.commit()
        by = answers.account()
        with acting_as(by):
            replying.answer_from_desk(
                ticket_of(number),
                Answer(text="Look:\tlike this.\n\\ and „that“.", kind=ReplyKind.PUBLIC),
                by=by,
                files=[Upload("photo.jpg", "image/jpeg", picture())],
            )
            db.session.commit()
        audit.seal_entries()
        db.session.commit()
        return number, str(db.session.scalars(select(Attachment)).one().id)


@pytest.fixture
def here(app: Flask, settings: Settings, database: TestDatabase, tmp_path: Path) -> Machine:
    settings = dataclasses.replace(settings, instance=tmp_path / "instance")
    use_settings(settings)
    return Machine(app, settings, database)


@pytest.fixture
def kept(here: Machine, world: World, tmp_path: Path) -> Kept:
    number, attachment = furnish_a_desk(here.app, world.maple, world.bell, world.tess)
    furnish_a_desk(here.app, world.birch, world.quincy, world.quinn)
    to = tmp_path / "backups"
    done = here.run("backup", "--to", str(to))
    assert done.exit_code == 0, done.output
    return Kept(here, to, next(to.glob("20*")), number, attachment)


@pytest.fixture(scope="session")
def other_server() -> Iterator[TestDatabase]:
    server = cluster.start()
    yield server
    server.end()


@pytest.fixture
def another(
    other_server: TestDatabase, settings: Settings, tmp_path: Path
) -> Iterator[Callable[[], Machine]]:
    """Each call is a machine with an empty database and an empty folder."""
    machines: list[Machine] = []

    def make() -> Machine:
        name = f"elsewhere_{next(_NUMBERS)}"
        with other_server.connect() as server:
            roles.lay_out(server, name, None)
        database = dataclasses.replace(other_server, database=name)
        with database.connect() as inside:
            roles.open_up(inside)
            # as deploy/postgresql/schema.sql has it
            inside.execute(f"revoke temporary on database {name} from public")
        machine_settings = dataclasses.replace(
            settings,
            instance=tmp_path / name,
            database_url=database.url("app"),
            database_owner_url=database.url("owner"),
            database_across_url=database.url("across"),
        )
        machines.append(Machine(create_app(machine_settings), machine_settings, database))
        machines[-1].app.testing = True
        return machines[-1]

    yield make
    for machine in machines:
        with machine.app.app_context():
            presence.leave()
            db.engine.dispose()
        with other_server.connect() as server:
            server.execute(f"drop database {machine.database.database} with (force)")


_NUMBERS = count(1)
