"""Behind a pooler that lends connections by the transaction, one district still never sees another."""

import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import across_districts, audit
from app.core.db import connect_options, db
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.factory import create_app
from app.helpdesk.models.ticket import Ticket
from app.laptop.roles import address
from app.roster.models.person import Person
from tests import cluster, needs, pooler
from tests.helpdesk.desk import ask
from tests.world import World

#: Fewer than there are threads, so that each connection is lent to all of them.
LENT = "2"
THREADS = 6
QUESTIONS = 40


@pytest.fixture(scope="module")
def port(database: cluster.TestDatabase) -> Iterator[int]:
    folder = Path(tempfile.mkdtemp(prefix="fo-pool-"))
    folder.chmod(0o711)
    with pooler.running(
        needs.pooler(),
        folder,
        database=database.database,
        host=str(database.cluster.sockets),
        port=5432,
        passwords={"app": "", "across": ""},
        auth_type="trust",
        default_pool_size=LENT,
        server_tls_sslmode="disable",
    ) as port:
        yield port
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pooled(app: Flask, settings: Settings, database: cluster.TestDatabase, port: int) -> Iterator[Flask]:
    """The app of a host that reaches PostgreSQL through the pooler alone."""
    through = dataclasses.replace(
        settings,
        database_url=address("app", None, "127.0.0.1", database.database, port),
        database_across_url=address("across", None, "127.0.0.1", database.database, port),
        database_pooled=True,
    )
    pooled = create_app(through)
    yield pooled
    with pooled.app_context():
        db.engine.dispose()
    use_settings(settings)


def test_many_at_once_each_see_their_own_district(pooled: Flask, world: World) -> None:
    wrong: list[object] = []

    def look(district: object) -> None:
        try:
            for _ in range(QUESTIONS):
                with pooled.app_context(), as_district(district):
                    found = set(db.session.scalars(select(Person.district_id)))
                    # the second wall alone: no criterion of ours stands on this statement
                    bare = set(
                        db.session.connection().execute(select(Person.__table__.c.district_id)).scalars()
                    )
                    db.session.commit()
                if found != {district} or bare != {district}:
                    wrong.append((district, found, bare))
        except Exception as fault:
            wrong.append(fault)

    threads = [
        threading.Thread(target=look, args=(place.id,))
        for place in [world.maple, world.birch] * (THREADS // 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_a_lent_connection_keeps_nothing_of_the_district_before(
    pooled: Flask, world: World, database: cluster.TestDatabase, port: int
) -> None:
    with pooled.app_context(), as_district(world.maple.id):
        assert (db.session.scalar(select(func.count(Person.id))) or 0) > 0
        db.session.commit()

    with closing(
        psycopg.connect(host="127.0.0.1", port=port, user="app", dbname=database.database)
    ) as stranger:
        for _ in range(4):
            assert stranger.execute("select count(*) from people").fetchone() == (0,)
            stranger.commit()


def test_without_the_setting_the_pooler_would_break_statements(
    database: cluster.TestDatabase, port: int
) -> None:
    """What the setting is for; where a pooler learns to keep them, this tells us."""

    def ask_often(**options: Any) -> None:
        with ExitStack() as opened:
            places = [
                opened.enter_context(
                    closing(
                        psycopg.connect(
                            host="127.0.0.1", port=port, user="app", dbname=database.database, **options
                        )
                    )
                )
                for _ in range(4)
            ]
            for place in places * 8:
                place.execute("select count(*) from districts where slug = %s", ("maple",))
                place.commit()

    ask_often(**connect_options(pooled=True))
    with pytest.raises(psycopg.Error):
        ask_often(**connect_options(pooled=False))


def test_the_house_works_as_without_it(pooled: Flask, world: World) -> None:
    number = ask(pooled, world.bell)

    with pooled.app_context(), as_district(world.maple.id):
        assert db.session.scalar(select(func.count(Ticket.id)).where(Ticket.number == number)) == 1
        audit.seal_entries()  # under a lock that lasts as long as its transaction
        db.session.commit()
        assert audit.verify().holds
        assert audit.verify().seals == 1
    with pooled.app_context(), across_districts.session() as across:
        assert across.scalar(select(func.count(Ticket.id))) == 1
