"""Every job that the app asks for by name exists, and takes an id or nothing."""

import ast
from collections.abc import Iterator
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from pkgutil import iter_modules
from typing import get_type_hints
from uuid import UUID

import pytest

import jobs
from app.core.doorbell import LONGEST_RUN, RUN_WORK
from app.core.queue import LEASE, QUEUES
from jobs import find
from jobs.schedule import TIMETABLE

HOUSE = Path(__file__).parents[2]


def names_in_the_code() -> Iterator[tuple[str, str]]:
    """Each string that looks like the name of a job, and where it stands."""
    for path in sorted([*HOUSE.glob("app/**/*.py"), *HOUSE.glob("jobs/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = node.value.split(".")
                if len(parts) == 3 and parts[0] == "jobs" and all(map(str.isidentifier, parts)):
                    yield node.value, f"{path.relative_to(HOUSE)}:{node.lineno}"


def calls_of_later() -> Iterator[tuple[ast.Call, str]]:
    for path in sorted([*HOUSE.glob("app/**/*.py"), *HOUSE.glob("jobs/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            if {getattr(called, "id", ""), getattr(called, "attr", "")} & {"later", "later_each"}:
                assert isinstance(node, ast.Call)
                yield node, f"{path.relative_to(HOUSE)}:{node.lineno}"


@pytest.mark.parametrize(("name", "where"), list(names_in_the_code()))
def test_every_name_is_that_of_a_job(name: str, where: str) -> None:
    assert callable(find(name)), where


def test_the_bell_calls_a_function_that_exists() -> None:
    module, _, name = RUN_WORK.rpartition(".")

    assert list(signature(getattr(import_module(module), name)).parameters) == ["district_id", "work_id"]


def test_every_call_of_later_names_one_of_the_queues() -> None:
    for call, where in calls_of_later():
        for keyword in call.keywords:
            if keyword.arg == "queue" and "jobs/schedule.py" not in where:  # its lines are read below
                assert isinstance(keyword.value, ast.Constant), where
                assert keyword.value.value in QUEUES, where


def test_every_line_of_the_timetable_names_one_of_the_queues_or_none() -> None:
    assert {entry.queue for entry in TIMETABLE} <= {*QUEUES, None}


def test_a_job_takes_an_id_or_nothing() -> None:
    for module in iter_modules(jobs.__path__, "jobs."):
        import_module(module.name)
    for name, function in jobs._jobs.items():
        parameters = list(signature(function).parameters.values())
        assert len(parameters) <= 1, f"{name} takes more than the id it is about"
        for parameter in parameters:
            assert parameter.kind is Parameter.POSITIONAL_OR_KEYWORD, name
            assert get_type_hints(function)[parameter.name] in (UUID, UUID | None), name


def test_a_job_is_stopped_before_its_lease_runs_out() -> None:
    assert LEASE.total_seconds() - 10 > LONGEST_RUN
