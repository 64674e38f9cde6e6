"""What a load balancer and `make run` ask: does this process live, and can it work?"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from threading import Lock
from time import monotonic
from typing import Any, Final

from flask import Flask, current_app
from sqlalchemy import text

from app.core import storage
from app.core.db import db
from app.core.doorbell import doorbell
from app.migrations.newest import newest
from app.web.guard import anyone

#: Seconds that all questions together may take. Whoever asks waits two.
PATIENCE: Final = 1.5
#: Seconds for which storage that could be written is believed to be so still.
BELIEVED: Final = 15.0


class Question:
    """One thing to be tried, in a thread, since a disk or a database that hangs answers nobody.

    While one try hangs no other is begun, so that waiting load balancers pile nothing up.
    """

    def __init__(self, ask: Callable[[], bool], believed: float = 0.0) -> None:
        self._ask = ask
        self._believed = believed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._lock = Lock()
        self._under_way: Future[bool] | None = None
        self._good_until = 0.0

    def answer(self, app: Flask, until: float) -> bool:
        """What was found by then (on the monotonic clock); False if nothing was."""
        if monotonic() < self._good_until:
            return True
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = self._thread.submit(self._try, app)
            asked = self._under_way
        try:
            good = asked.result(max(0.0, until - monotonic()))
        except TookTooLong:
            return False
        if good:
            self._good_until = monotonic() + self._believed
        return good

    def _try(self, app: Flask) -> bool:
        try:
            with app.app_context():
                return self._ask()
        except Exception:  # noqa: BLE001 - whatever it was, the answer is no
            return False


def _database() -> bool:
    """It answers role app, and is at least as new as the code: migrations go before the processes."""
    with db.engine.connect() as connection:
        at = connection.execute(text("select version_num from alembic_version")).scalars().all()
    return len(at) == 1 and at[0] >= newest()


def _storage() -> bool:
    storage.try_out()
    return True


@anyone
def healthz() -> tuple[str, int, dict[str, str]]:
    """This process lives. Asks nobody else."""
    return "fine\n", 200, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@anyone
def readyz() -> tuple[dict[str, Any], int, dict[str, str]]:
    """It can work. Without Redis the sweeper does the work, so that alone makes nobody unready."""
    app, until = current_app._get_current_object(), monotonic() + PATIENCE  # type: ignore[attr-defined]
    questions: dict[str, Question] = app.extensions["readiness"]
    found = {name: question.answer(app, until) for name, question in questions.items()}
    ready = found["database"] and found["storage"]
    return found, 200 if ready else 503, {"Cache-Control": "no-store"}


def install(app: Flask) -> None:
    """Two doors outside every district."""
    app.extensions["readiness"] = {
        "database": Question(_database),
        "storage": Question(_storage, BELIEVED),
        "redis": Question(lambda: doorbell().answers()),
    }
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
