"""A claim ends with its holder's life: the work of the dead is taken over at once, that of the slow never."""

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from sqlalchemy import create_engine, text

from app.core import across_districts, clock, presence, queue, timetable
from app.core.db import db
from app.core.doorbell import Bell, Doorbell
from app.core.presence import Presence
from app.core.tenancy import as_district
from app.core.timetable import Entry
from jobs.sweeper import take_over
from tests import cluster
from tests.jobs.conftest import Process, given, row, wait_until

CLAIM_AND_WAIT = """
import time
from uuid import UUID
from app.core import queue
from app.core.tenancy import as_district
from app.factory import create_app
with create_app().app_context(), as_district(UUID("{district}")):
    print("claimed" if queue.claim(UUID("{work}")) else "refused", flush=True)
    time.sleep(300)
"""

Holding = Callable[[UUID, UUID], Process]


@pytest.fixture
def holding(start: Callable[..., Process]) -> Holding:
    """A process that has claimed a piece of work and has not come to an end with it."""

    def holding(district_id: UUID, work_id: UUID) -> Process:
        process = start(CLAIM_AND_WAIT.format(district=district_id, work=work_id))
        wait_until(lambda: process.words)
        assert process.words == "claimed\n"
        return process

    return holding


def orphaned() -> list[Bell]:
    with across_districts.session() as across:
        return list(queue.orphaned(across, limit=100))


def test_the_work_of_a_killed_process_is_rung_for_and_claimed_long_before_its_lease_ends(
    maple: UUID, bell: Doorbell, redis_url: str, holding: Holding
) -> None:
    work_id = given(maple, queue="intake")
    worker = holding(maple, work_id)
    with Redis.from_url(redis_url) as connection:
        connection.flushall()

        worker.kill()
        wait_until(orphaned, seconds=5)
        take_over()

        assert Queue("intake", connection=connection).job_ids == [str(work_id)]
    with as_district(maple):
        heir = queue.claim(work_id)
    assert heir is not None
    assert heir.attempt == 2


def test_the_work_of_one_who_is_slow_is_never_taken(maple: UUID, holding: Holding) -> None:
    work_id = given(maple)
    worker = holding(maple, work_id)

    worker.send(signal.SIGSTOP)  # slower than that nobody can be

    assert orphaned() == []
    with as_district(maple):
        assert queue.claim(work_id) is None
    worker.send(signal.SIGCONT)


def test_of_many_heirs_only_one_gets_it(app: Flask, maple: UUID, holding: Holding) -> None:
    work_id = given(maple)
    holding(maple, work_id).kill()
    wait_until(orphaned, seconds=5)
    begin, claims = threading.Barrier(8), []

    def inherit() -> None:
        with app.app_context(), as_district(maple):
            begin.wait()
            claims.append(queue.claim(work_id))

    heirs = [threading.Thread(target=inherit) for _ in range(8)]
    for heir in heirs:
        heir.start()
    for heir in heirs:
        heir.join()

    assert sorted(claim is not None for claim in claims) == [False] * 7 + [True]


def test_a_round_of_the_timetable_is_taken_over_too(app: Flask, maple: UUID) -> None:
    entry = Entry("Seal", "jobs.upkeep.seal_audit", every=timedelta(seconds=10))

    def next_round() -> timetable.Round | None:
        with across_districts.session() as across:
            timetable.set_up(across, [entry])
            return timetable.claim_next(across, [entry])

    assert next_round() is not None
    assert next_round() is None
    presence.leave()

    assert next_round() is not None


def test_who_lost_the_lock_claims_under_another_mark(app: Flask, maple: UUID, database: object) -> None:
    first, second = given(maple), given(maple)
    with as_district(maple):
        assert queue.claim(first)
    mark = presence.my_mark()

    with as_district(maple):
        db.session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_locks where (classid::bigint << 32) | objid::bigint = :m"
            ),
            {"m": mark},
        )
        db.session.commit()
    wait_until(orphaned, seconds=5)
    with as_district(maple):
        assert queue.claim(second)

    assert presence.my_mark() != mark
    assert [bell.work_id for bell in orphaned()] == [first]


def test_a_process_that_was_forked_off_has_a_mark_of_its_own(app: Flask, maple: UUID) -> None:
    with app.app_context():
        mark = presence.my_mark()
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            os.write(write, str(presence.my_mark()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        other = os.read(read, 100).decode()
        os.close(read)
        os.close(write)

        assert other not in (str(mark), "None")
        assert presence.my_mark() == mark


class TestBehindAPooler:
    """A relay that gives server processes numbers of its own, as pgbouncer does."""

    @pytest.fixture
    def relay(self, database: cluster.TestDatabase, tmp_path: Path) -> Iterator[str]:
        server = f"{database.cluster.sockets}/.s.PGSQL.5432"
        ours = Path(os.path.relpath(tmp_path)) / ".s.PGSQL.5432"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(ours))
            listening.listen()
            threading.Thread(target=relay_to, args=(listening, server), daemon=True).start()
            yield str(tmp_path)

    def test_no_lock_is_trusted_and_the_lease_decides(
        self, app: Flask, maple: UUID, relay: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine = create_engine(db.engine.url.update_query_dict({"host": relay}))
        watched = Presence(engine)

        assert watched.mark() is None
        assert watched.mark() is None

        assert [record.getMessage() for record in caplog.records] == [
            "A pooler lends the connections: what a killed process held waits for its lease."
        ]

    def test_work_without_a_holder_waits_for_its_lease(
        self, app: Flask, maple: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work_id = given(maple)
        monkeypatch.setitem(app.extensions, "presence", Unmarked(db.engine))
        with as_district(maple):
            assert queue.claim(work_id)

        held = row(maple, work_id)
        assert held is not None
        assert held.holder is None
        assert orphaned() == []
        with as_district(maple):
            assert queue.claim(work_id) is None
            with clock.frozen(clock.now() + queue.LEASE + timedelta(seconds=1)):
                assert queue.claim(work_id)


class Unmarked(Presence):
    def mark(self) -> int | None:
        return None


def relay_to(listening: socket.socket, server: str) -> None:
    """One connection, its BackendKeyData ('K', 12, process, key) changed on the way to the client."""
    client, _ = listening.accept()
    with client, socket.socket(socket.AF_UNIX) as behind:
        behind.connect(server)
        threading.Thread(target=copy, args=(client, behind), daemon=True).start()
        copy(behind, client, changed_number)


def copy(
    source: socket.socket, goal: socket.socket, change: Callable[[bytes], bytes] = lambda heard: heard
) -> None:
    while heard := source.recv(65536):
        goal.sendall(change(heard))


def changed_number(heard: bytes) -> bytes:
    head = b"K" + struct.pack("!i", 12)
    at = heard.find(head)
    return heard if at < 0 else heard[: at + 5] + struct.pack("!i", 7) + heard[at + 9 :]
