"""Two districts without anybody in them: the queue knows ids alone."""

import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.core import across_districts, clock, crypto
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.directory import District, InboundAddress, forget_directory
from app.core.doorbell import Bell, Doorbell
from app.core.queue import Work, later
from app.core.settings import Settings
from app.core.tenancy import as_district
from tests.jobs import trial

#: Seconds that a process may take to start or end on a machine that has much else to do.
PATIENCE = 120


class Listener(Doorbell):
    """A doorbell that writes down who rang."""

    def __init__(self) -> None:
        super().__init__(None)
        self.heard: list[Bell] = []

    def ring(self, bells: object) -> bool:
        assert isinstance(bells, list)
        self.heard += bells
        return True


@pytest.fixture
def here(app: Flask) -> Iterator[None]:
    """An app context without a district, as each of the night staff's processes has."""
    with app.app_context():
        yield


@pytest.fixture
def maple(here: None) -> UUID:
    return open_district("maple")


@pytest.fixture
def birch(here: None) -> UUID:
    return open_district("birch")


def open_district(slug: str, zone: str = "America/Chicago", state: str = "open") -> UUID:
    with across_districts.session() as across:
        made, name = uuid7(), f"{slug.title()} District"
        key = crypto.new_data_key(made)
        across.add(District(id=made, slug=slug, name=name, state=state, zone=zone, data_key=key))
        across.flush()
        across.add(InboundAddress(address=f"help@{slug}.example", district_id=made))
    forget_directory()
    return made


def set_state(district_id: UUID, state: str) -> None:
    with across_districts.session() as across:
        across.execute(update(District).where(District.id == district_id).values(state=state))
    forget_directory()


@pytest.fixture
def listener(app: Flask) -> Iterator[Listener]:
    app.extensions["doorbell"] = listener = Listener()
    yield listener
    del app.extensions["doorbell"]


@pytest.fixture
def bell(app: Flask, redis_url: str) -> Iterator[Doorbell]:
    """The real one, with a Redis that answers."""
    app.extensions["doorbell"] = bell = Doorbell(redis_url)
    yield bell
    del app.extensions["doorbell"]


def given(district_id: UUID, job: Callable[..., object] = trial.leave_a_mark, **options: object) -> UUID:
    """A piece of work, committed."""
    with as_district(district_id):
        work_id = later(f"{job.__module__}.{job.__name__}", trial.SUBJECT, **options)
        db.session.commit()
    return work_id


def row(district_id: UUID, work_id: UUID) -> Work | None:
    with as_district(district_id):
        return db.session.get(Work, work_id)


def marks(district_id: UUID) -> int:
    """How often a job's effect stands in the database."""
    with as_district(district_id):
        question = select(func.count()).select_from(AuditEntry).where(AuditEntry.did == "marked")
        return db.session.scalar(question) or 0


def let_the_lease_run_out(work_id: UUID) -> None:
    with across_districts.session() as across:
        long_ago = clock.now() - timedelta(seconds=1)
        across.execute(update(Work).where(Work.id == work_id).values(lease_until=long_ago))


class Process:
    """One of the night staff, in a process of its own."""

    def __init__(self, log: Path, settings: Settings, code: str, redis_url: str | None, **more: str) -> None:
        self._log = log
        with log.open("wb") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"import tests.jobs.trial\n{code}"],
                env={**os.environ, **as_environ(settings), "REDIS_URL": redis_url or "", **more},
                stdout=words,
                stderr=words,
            )

    @property
    def words(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8")

    def send(self, signum: signal.Signals) -> None:
        self._process.send_signal(signum)

    def end(self) -> tuple[int, str]:
        """Its exit status and its words, once it has ended by itself."""
        try:
            return self._process.wait(PATIENCE), self.words
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"It did not end:\n{self.words}")

    def children(self) -> list[int]:
        """The processes that it has started."""
        number = self._process.pid
        return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(code: str, redis_url: str | None = None, **more: str) -> Process:
        log = tmp_path / f"process-{len(started)}.log"
        started.append(Process(log, settings, code, redis_url, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def as_environ(settings: Settings) -> dict[str, str]:
    """What a process must be told to have the settings of this one, but for Redis."""
    told = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name == "master_keys":
            value = ",".join(f"{name}:{b64encode(key).decode()}" for name, key in value)
        elif one.name == "secrets_expire":
            value = ",".join(f"{name}={day}" for name, day in value)
        elif isinstance(value, frozenset | tuple):
            value = ",".join(sorted(map(str, value)))
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        if one.name != "redis_url" and value != "":
            told[f"FRONTOFFICE_{one.name.upper()}"] = str(value)
    return told


def wait_until(question: Callable[[], object], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until, "It did not happen."
        time.sleep(0.05)
