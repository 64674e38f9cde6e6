"""Reads the narrow table of what is due in all districts, and rings again for what nobody heard.

What the dead held is rung for within seconds, whatever is left of their leases. Where Redis is missing it does
the work itself, so that the desk goes on, slower.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from threading import Event
from typing import Final

from flask import Flask

from app.core import across_districts, queue, readings
from app.core.doorbell import Bell, doorbell
from jobs import run_work

BETWEEN_ROUNDS: Final = 15.0
#: How soon it is seen that a worker died.
BETWEEN_LOOKS: Final = 2.0
WITHOUT_REDIS: Final = 2.0
#: Whoever wrote the work has this long to ring for it.
PATIENCE: Final = timedelta(seconds=5)
AT_ONCE: Final = 500
BEAT_EVERY: Final = 60.0

log = logging.getLogger("frontoffice.sweeper")


def sweep(stop: Event) -> float:
    """One round; how many seconds to wait before the next."""
    return _ring_again() if doorbell().answers() else _do_it_ourselves(stop)


def keep_sweeping(app: Flask, stop: Event) -> None:
    """Sweep until told to stop. A database that is away for a while does not end it."""
    with app.app_context():
        next_round = next_beat = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() >= next_beat:
                    _beat()
                    next_beat = time.monotonic() + BEAT_EVERY
                if time.monotonic() >= next_round:
                    next_round = time.monotonic() + sweep(stop)
                else:
                    take_over()
            except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to one round
                log.error("A round was not finished: %s", type(error).__name__)
                next_round = time.monotonic() + WITHOUT_REDIS
            stop.wait(min(max(next_round - time.monotonic(), 0.0), BETWEEN_LOOKS))


def take_over() -> None:
    """Ring for what the dead held: claim() gives it to the next."""
    with across_districts.session() as across:
        orphaned = queue.orphaned(across, limit=AT_ONCE)
    if orphaned:
        _ring_for(orphaned)


def _beat() -> None:
    with across_districts.session() as across:
        readings.beat(across, "sweeper")


def _ring_again() -> float:
    with across_districts.session() as across:
        overdue = queue.unclaimed(across, since=PATIENCE, limit=AT_ONCE)
    _ring_for(overdue)
    return BETWEEN_ROUNDS


def _ring_for(bells: Sequence[Bell]) -> None:
    unheard = doorbell().unheard(bells)
    if unheard and doorbell().ring(unheard):
        log.info("Rang again for %d pieces of work.", len(unheard))


def _do_it_ourselves(stop: Event) -> float:
    with across_districts.session() as across:
        due = queue.unclaimed(across, since=timedelta(0), limit=20)
    for bell in due:
        if stop.is_set():
            break
        run_work(str(bell.district_id), str(bell.work_id))
    return 0.0 if due else WITHOUT_REDIS
