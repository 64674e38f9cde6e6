"""What is read ahead comes as it was read: all of it, in its order, with what stopped it."""

import threading
import time
from datetime import UTC, datetime

import pytest

from app.core import clock
from app.core.ahead import MOST, read_ahead


def test_all_of_it_comes_in_its_order():
    with read_ahead(iter(range(1000))) as ahead:
        assert list(ahead) == list(range(1000))


def test_it_is_read_while_somebody_is_busy_and_not_further_than_said():
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    with read_ahead(items()) as ahead:
        assert next(ahead) == 0
        deadline = time.monotonic() + 5
        while len(read) < MOST + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        # One was taken, so many wait, and one more is in the reader's hand.
        assert len(read) == MOST + 2


def test_what_stops_the_reading_is_raised_where_it_is_waited_for():
    def items():
        yield 1
        raise ValueError("The quokka ate the rest.")

    with read_ahead(items()) as ahead:
        assert next(ahead) == 1
        with pytest.raises(ValueError, match="quokka"):
            next(ahead)


def test_nobody_reads_on_after_the_block():
    before = threading.active_count()
    read = []

    def items():
        for number in range(10_000):
            read.append(number)
            yield number

    with read_ahead(items()) as ahead:
        assert next(ahead) == 0

    assert threading.active_count() == before
    assert len(read) <= MOST + 3


def test_the_clock_stands_still_in_it_where_it_stands_still_outside():
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)

    with clock.frozen(noon), read_ahead(clock.now() for _ in range(3)) as ahead:
        assert list(ahead) == [noon] * 3
