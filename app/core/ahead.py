"""Reading on while what was read is written down: whoever waits for the database half of the time reads in the other.

For what is read from files alone. What asks the database or a server stays in one thread, with its session.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, TypeVar

T = TypeVar("T")

#: How many are read before somebody takes the first: more would only lie in memory.
MOST: Final = 2
#: Seconds after which a full queue looks whether anybody still wants what is in it.
LOOKS_UP: Final = 0.2


@dataclass(frozen=True)
class _Read:
    """What came: one of them, the end, or what stopped the reading."""

    item: object = None
    is_over: bool = False
    fault: BaseException | None = None


@contextmanager
def read_ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same, in their order, and the same exception where they raise one. Nobody reads on after the block."""
    read: Queue[_Read] = Queue(MOST)
    enough = Event()
    thread = Thread(target=copy_context().run, args=(_read, items, read, enough), daemon=True)
    thread.start()
    try:
        yield _taken(read)
    finally:
        enough.set()
        thread.join()


def _read(items: Iterator[object], into: Queue[_Read], enough: Event) -> None:
    try:
        for item in items:
            if not _put(_Read(item), into, enough):
                return
    except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
        _put(_Read(fault=fault), into, enough)
    else:
        _put(_Read(is_over=True), into, enough)


def _put(what: _Read, into: Queue[_Read], enough: Event) -> bool:
    while not enough.is_set():
        try:
            into.put(what, timeout=LOOKS_UP)
        except Full:
            continue
        return True
    return False


def _taken(read: Queue[_Read]) -> Iterator[T]:
    while True:
        came = read.get()
        if came.fault is not None:
            raise came.fault
        if came.is_over:
            return
        yield came.item  # type: ignore[misc]
