"""Each line of tests/truancy/boundaries is a claim about one rule; each rule has four at least."""

from collections import Counter

import pytest

from app.truancy.law.packs import shipped
from tests.truancy.boundaries import Case, cases
from tests.truancy.registers import book


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.rule} | {case.register}"[:90])
def test_it_fires_on_those_days(case: Case):
    assert case.found(book(place(case.rule))) == case.fires


def test_each_rule_has_its_boundaries():
    told = Counter(case.rule for case in cases())

    assert {rule.id for rule in shipped() if told[rule.id] < 4} == set()
    assert told.total() >= 200


def place(rule: str) -> str:
    return rule.partition(".")[0]
