"""Every guard that is to be taken away stands where the list says, and its tests are there to notice.

`make prove-guards` takes hours; this says within a second that the list has fallen behind the code.
"""

import ast
from functools import cache

import pytest

from tests.prove_guards import HOUSE, Removal, removals

GUARDS = list(removals())


@cache
def claims_of(file: str) -> frozenset[str]:
    """The names that may follow "file::" in a list of tests: functions and classes at the top, methods of classes."""
    names = set()
    for node in ast.parse((HOUSE / file).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return frozenset(names)


def missing(test: str) -> bool:
    file, _, claim = test.partition("::")
    if not (HOUSE / file).exists():
        return True
    return bool(claim) and claim.partition("[")[0] not in claims_of(file)


def test_no_two_guards_bear_one_name() -> None:
    names = [guard.name for guard in GUARDS]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_list_says(guard: Removal) -> None:
    assert guard.find
    assert guard.find in (HOUSE / guard.file).read_text()
    assert guard.instead != guard.find


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_tests_that_must_notice_are_there(guard: Removal) -> None:
    assert guard.tests
    assert [test for test in guard.tests if missing(test)] == []
