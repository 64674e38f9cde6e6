"""Dates, numbers and sizes as people read them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core import clock
from app.web import district, filters
from tests.hall.bare import MAPLE

NOON = datetime(2026, 11, 22, 18, 4, tzinfo=UTC)  # 12:04 pm in Chicago


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(district, "here", lambda: MAPLE)
    with clock.frozen(NOON):
        yield


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(), "Today, 12:04 pm"),
        (timedelta(hours=12), "Today, 12:04 am"),
        (timedelta(hours=13), "Yesterday, 11:04 pm"),
        (timedelta(days=40), "Oct 13, 1:04 pm"),
        (timedelta(days=400), "Oct 18, 2025, 1:04 pm"),
    ],
)
def test_a_moment_is_told_by_the_school_clock(before: timedelta, words: str) -> None:
    assert filters.moment(NOON - before) == words


def test_a_school_in_another_zone_has_its_own_clock() -> None:
    assert filters.moment(NOON, "America/Denver") == "Today, 11:04 am"
    assert filters.moment_in_full(NOON, "America/Denver") == "Sunday, Nov 22, 2026, 11:04 am MST"


def test_equal_moments_are_told_by_each_clock_and_each_day() -> None:
    in_denver = filters.time(NOON, "America/Denver")

    assert "Today, 12:04 pm" in filters.time(NOON)
    assert "Today, 11:04 am" in in_denver
    assert 'title="Sunday, Nov 22, 2026, 11:04 am MST"' in in_denver
    assert 'datetime="2026-11-22T18:04:00+00:00"' in in_denver
    with clock.frozen(NOON + timedelta(days=1)):
        assert "Yesterday, 12:04 pm" in filters.time(NOON)


def test_britain_writes_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(district, "here", lambda: replace(MAPLE, region="uk", zone="Europe/London"))

    assert filters.moment(NOON - timedelta(days=40)) == "13 Oct, 19:04"
    assert filters.day(date(2026, 1, 2)) == "2 Jan 2026"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "just now"),
        (59, "59 min"),
        (60, "1 h"),
        (60 * 23, "23 h"),
        (60 * 24, "1 day"),
        (60 * 80, "3 days"),
    ],
)
def test_waiting_is_told_in_the_largest_unit(minutes: int, words: str) -> None:
    assert filters.ago(NOON - timedelta(minutes=minutes)) == words


def test_numbers_and_sizes_read_aloud() -> None:
    assert filters.counted(1, "ticket") == "1 ticket"
    assert filters.counted(1042, "ticket") == "1,042 tickets"
    assert filters.counted(2, "person", "people") == "2 people"
    assert [filters.file_size(size) for size in (1, 900, 345_000, 15 * 2**20, 1_600_000)] == [
        "1 byte",
        "900 bytes",
        "337 KB",
        "15 MB",
        "1.5 MB",
    ]


def test_nothing_is_told_of_no_moment() -> None:
    assert filters.moment(None) == filters.ago(None) == filters.day(None) == ""
