"""The house at work: PostgreSQL as it ships, Redis, web, worker, timetable, mail door, and a sink for what leaves.

Everything is a process of its own under the supervisor of `make run`, which starts again what falls. The
supervisor is asked by the main thread alone: Linux ends a child with the thread that started it.
"""

import base64
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from app.laptop.children import Child, Supervisor
from app.laptop.instance import Instance
from app.laptop.servers import start_postgres, start_redis
from app.migrations.run import upgrade

#: After how long what was killed is started again: the supervisor's first pause, however often it falls.
START_AGAIN_AFTER = 1.0


class Night:
    """One instance in a folder of its own; `end()` ends all of it."""

    def __init__(self, folder: Path, writers: int, *, web: bool = True) -> None:
        self.folder = folder
        self.supervisor = Supervisor(lambda sentence: None, longest_pause=START_AGAIN_AFTER)
        instance = Instance(folder)
        os.environ.pop("DATABASE_URL", None)
        os.environ.pop("REDIS_URL", None)
        self.database = start_postgres(instance, self.supervisor)
        self.redis_url = start_redis(instance, self.supervisor)
        self.smtp_port, self.sink_port, self.port = free_port(), free_port(), free_port()
        self.ledger = folder / "ledger"
        self.ledger.touch()
        self.environment = self._environment()
        upgrade(self.database.url("owner"))
        subprocess.run([sys.executable, "-m", "bench.staff", str(writers)], env=self.environment, check=True)
        self._start("sink", "bench.sink", str(self.sink_port), str(self.ledger))
        if web:
            bind = f"127.0.0.1:{self.port}"
            order = ("gunicorn", "wsgi:app", "--preload", "--bind", bind, "--worker-class", "gthread")
            self._start("web", *order, "--workers", "2", "--threads", "4", "--no-control-socket")
        self._start("worker", "jobs.worker")
        self._start("timetable", "jobs.schedule")
        self._start("mail door", "jobs.mail_door")
        wait_for_port(self.smtp_port)
        wait_for_port(self.sink_port)

    def child(self, name: str) -> Child:
        """The process of that name."""
        return next(child for child in self.supervisor.children if child.name == name)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """A question to the database, over all districts. Raises psycopg.OperationalError while it is away."""
        with self.database.as_owner() as connection:
            return connection.execute(question).fetchall()

    def acknowledged(self) -> list[tuple[str, str]]:
        """What the sink accepted: Message-ID, and the one that it answers."""
        lines = self.ledger.read_text(encoding="utf-8").splitlines()
        return [(first, second) for first, _, second in (line.partition(" ") for line in lines)]

    def is_drained(self) -> bool:
        """True when nothing waits to be filed, and nothing to be sent."""
        try:
            ((left,),) = self.ask(
                "select (select count(*) from inbound_emails where state = 'stored') + "
                "(select count(*) from messages where state in ('queued', 'sending')) + "
                "(select count(*) from work where failed_at is null and job in "
                "('jobs.helpdesk.take_in', 'jobs.helpdesk.acknowledge', 'jobs.notices.deliver'))"
            )
        except psycopg.Error:
            return False
        return not left

    def end(self) -> None:
        """All of it."""
        self.supervisor.end_all()

    def _start(self, name: str, *order: str) -> None:
        log = self.folder / "log" / f"{name.replace(' ', '-')}.log"
        self.supervisor.start(Child(name, [sys.executable, "-m", *order], log=log, env=self.environment))

    def _environment(self) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("FRONTOFFICE_")}
        ours = {
            "DEMO": "yes",
            "INSTANCE": str(self.folder),
            "PORT": str(self.port),
            "BASE_URL": f"http://127.0.0.1:{self.port}",
            "SMTP_PORT": str(self.smtp_port),
            "DATABASE_URL": self.database.url("app"),
            "DATABASE_OWNER_URL": self.database.url("owner"),
            "DATABASE_ACROSS_URL": self.database.url("across"),
            "REDIS_URL": self.redis_url or "",
            "MASTER_KEYS": "bench:" + base64.b64encode(b"b" * 32).decode(),
            "COOKIE_SECRET": "b" * 32,
            "HTMX": "own",
            "SMTP_RELAY_HOST": "127.0.0.1",
            "SMTP_RELAY_PORT": str(self.sink_port),
            "SMTP_RELAY_SECURITY": "none",
            "MOST_MAILS_IN_AN_HOUR": "1000000",
            "MOST_MAILS_OUT_AN_HOUR": "1000000",
            "EGRESS_PRIVATE_ALLOWED": f"127.0.0.1:{self.sink_port}",
        }
        return {
            **plain,
            **{f"FRONTOFFICE_{name}": value for name, value in ours.items()},
            "MALLOC_ARENA_MAX": "1",
            "MALLOC_TRIM_THRESHOLD_": "131072",
        }


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Until somebody listens there."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
