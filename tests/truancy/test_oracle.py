"""The engine against a second, slow one, on students that nobody thought of. `make law` does it for ten thousand."""

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.truancy.law import engine
from app.truancy.law.changes import Kept, Outcome, changes
from app.truancy.law.engine import Rulebook
from app.truancy.law.traits import names_of
from tests.truancy.anyone import SEEN_ON, anyone
from tests.truancy.registers import kept
from tests.truancy.ten_thousand import all_rules, both, everything

SEEDS = range(40)
anybody = st.randoms(use_true_random=False).map(anyone)
slowly = settings(
    # A student is too large to be made smaller in good time.
    phases=[Phase.generate],
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("tens", range(0, len(SEEDS), 10))
def test_engine_and_oracle_say_the_same_of_forty_students(tens):
    for seed in SEEDS[tens : tens + 10]:
        ours, oracle = both(anyone(Random(seed)))

        assert ours == oracle, f"student {seed}"


@slowly
@given(anybody)
def test_engine_and_oracle_say_the_same_of_anybody(facts):
    ours, oracle = both(facts)

    assert ours == oracle


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_looked_at_would_not_have_fired(seed, monkeypatch):
    facts, random = anyone(Random(seed)), Random(seed)
    # Many registers are just below and just above what a rule asks for.
    registers = [
        replace(facts, marks=random.sample(facts.marks, many)) for many in range(min(12, len(facts.marks)))
    ]
    found = [everything().firings(one, SEEN_ON) for one in registers]

    monkeypatch.setattr(engine.Looking, "within_reach", lambda self, one: True)
    thorough = Rulebook(all_rules())
    thorough.prepared = [one._replace(enough=0) for one in thorough.prepared]

    assert [thorough.firings(one, SEEN_ON) for one in registers] == found


def test_each_rule_fires_for_some_of_the_students():
    fired = {
        one.rule.id for seed in range(100) for one in everything().firings(anyone(Random(seed)), SEEN_ON)
    }

    assert fired == {rule.id for rule in all_rules()}


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_rows_and_rules_gives_the_same_evidence_byte_for_byte(seed):
    facts, random = anyone(Random(seed)), Random(seed)
    first = everything().firings(facts, SEEN_ON)

    shuffled = replace(
        facts,
        marks=random.sample(facts.marks, len(facts.marks)),
        flags=random.sample(facts.flags, len(facts.flags)),
        case=random.sample(facts.case, len(facts.case)),
    )
    again = Rulebook(random.sample(all_rules(), len(all_rules()))).firings(shuffled, SEEN_ON)

    assert [one.evidence_text() for one in everything().firings(shuffled, SEEN_ON)] == [
        one.evidence_text() for one in first
    ]
    assert sorted(one.evidence_text() for one in again) == sorted(one.evidence_text() for one in first)
    assert {one.key: (one.blocked, one.excluded) for one in again} == {
        one.key: (one.blocked, one.excluded) for one in first
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_evidence_is_json_in_the_one_way_to_write_it(seed):
    for one in everything().firings(anyone(Random(seed)), SEEN_ON):
        told = json.loads(one.evidence_text())

        assert json.dumps(told, sort_keys=True, separators=(",", ":")) == one.evidence_text()
        assert (told["rule"], told["window"], told["ordinal"]) == one.key
        assert told["marks"] == [
            [str(mark.day), mark.slot, names_of(mark.traits), mark.minutes] for mark in one.evidence
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_input_twice_makes_nothing_new(seed):
    facts = anyone(Random(seed))
    before: list[Kept] = [kept(one) for one in everything().firings(facts, SEEN_ON)]

    after = changes(before, everything().firings(facts, SEEN_ON))

    assert len(after) == len(before)
    assert {one.outcome for one in after} <= {Outcome.UPHELD}
