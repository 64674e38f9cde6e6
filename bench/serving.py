"""The application as it is served, over the benchmarks' own PostgreSQL filled to size."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.database import durable

#: Of the one process that serves the house and the reference.
THREADS = 4
#: How many a deployment starts on a machine of two cores (deploy/gunicorn.conf.py).
AS_DEPLOYED = 2

INSTANCE = Path(__file__).resolve().parents[1] / "instance" / "bench"


@dataclass(frozen=True)
class Served:
    """Districts as bench/fill.py describes them, and where to ask."""

    districts: list[dict[str, object]]
    port: int
    pid: int
    environment: dict[str, str]


@contextmanager
def served(sizes: Sequence[int], workers: int = 1) -> Iterator[Served]:
    """Fill what is missing, serve it with so many processes, and end it."""
    INSTANCE.mkdir(parents=True, exist_ok=True)
    with durable(INSTANCE) as environment:
        filled = subprocess.run(
            [sys.executable, "-m", "bench.fill", *map(str, sizes)],
            env=environment,
            capture_output=True,
            text=True,
        )
        print(filled.stderr[-2000:], end="")
        districts = json.loads(filled.stdout.splitlines()[-1])
        port = free_port()
        environment["FRONTOFFICE_PORT"] = str(port)
        environment["FRONTOFFICE_BASE_URL"] = f"http://127.0.0.1:{port}"
        server = serve(port, environment, workers)
        try:
            yield Served(districts, port, server.pid, environment)
        finally:
            server.terminate()
            server.wait(15)


def serve(port: int, environment: dict[str, str], workers: int) -> "subprocess.Popen[bytes]":
    """The same gunicorn as `make run`. With one worker, one client keeps to it."""
    order = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    order += [
        "--threads",
        str(THREADS),
        "--workers",
        str(workers),
        "--keep-alive",
        "60",
        "--no-control-socket",
        "bench.server:app",
    ]
    as_deployed = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
    server = subprocess.Popen(order, env={**environment, **as_deployed}, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not start.")


def resident(pid: int) -> float:
    """The worker's resident memory in megabytes: the largest child of gunicorn's arbiter."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = max(int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
