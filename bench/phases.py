"""A phase of a benchmark in a process of its own, as a worker is: the clock, the processor, its largest memory."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from app.core.directory import district_by_slug
from app.factory import create_app
from bench.settled import settled_in


def of_the_server(folder: Path) -> float:
    """Seconds of the processor that PostgreSQL's processes took, as far as they are over: each phase ends its own."""
    time.sleep(0.5)
    (noted,) = folder.rglob("postmaster.pid")
    pid = noted.read_text().split()[0]
    # proc(5): cutime and cstime, the 16th and 17th field
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def in_a_process(environment: dict[str, str], phase: Callable[..., str], *given: object) -> str:
    """What it took, by the clock, of the processor, and its largest memory; then what the phase said."""
    out, into = os.pipe()
    began = time.monotonic()
    child = started(environment, phase, *given, says_to=into)
    os.close(into)
    _, status, used = os.wait4(child, 0)
    said = os.read(out, 4096).decode()
    os.close(out)
    if status:
        raise SystemExit(said)
    seconds, spent = time.monotonic() - began, used.ru_utime + used.ru_stime
    return f"{seconds:>10.1f}{spent:>10.1f}{used.ru_maxrss / 1024:>12.0f}{said:>10}"


def started(
    environment: dict[str, str], phase: Callable[..., str], *given: object, says_to: int | None = None
) -> int:
    child = os.fork()
    if child == 0:
        said = ""
        try:
            with settled_in(environment), create_app().app_context():
                said = phase(*given)
            code = 0
        except BaseException as error:
            said, code = repr(error), 1
        if says_to is not None:
            os.write(says_to, said.encode())
        os._exit(code)
    return child


def here(slug: str) -> UUID:
    card = district_by_slug(slug)
    assert card is not None
    return card.id
