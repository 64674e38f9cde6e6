"""The timetable can be read, and everything on it can be done."""

from inspect import signature

from jobs import find
from jobs.schedule import TIMETABLE


def test_every_line_names_a_job_that_needs_no_subject() -> None:
    for entry in TIMETABLE:
        signature(find(entry.job)).bind()


def test_no_two_lines_have_the_same_name() -> None:
    names = [entry.name for entry in TIMETABLE]

    assert len(names) == len(set(names)), "a line's name is its key in the database"
