"""Files of rules that are mistaken or meant to hurt: each is refused with a sentence, naming the rule and the field."""

import re
import time
from itertools import pairwise

import pytest

from app.truancy.law.packs import FOLDER, pack, places, shipped
from app.truancy.law.reading import MOST_BYTES, NotARulebook, rules_of

RULE = """
- id: us-xx.rule
  authority: [a law]
  effective: {from: 2025-07-01}
  scope: {ages: [6, 17]}
  count: {traits: [unexcused], unit: day_full}
  window: school_year
  threshold: {op: ">=", n: 3}
  level: truant
  duties:
    - {do: notice, to: parent, due: 10}
  repeat: per_window
  retract: keep
"""
AGAIN = RULE.replace("2025-07-01}", "2026-07-01}")
OTHER = RULE.replace("us-xx.rule", "us-xx.other")
SHARE = '{op: ">=", pct: 10, of: enrolled_days}'
BOMB = "a: &a [x]\n" + "".join(
    f"{after}: &{after} [{','.join(['*' + before] * 9)}]\n" for before, after in pairwise("abcdefghi")
)
DEEP = "[" * 5000 + "]" * 5000


def mistaken(old, new, rule=RULE):
    """The rule with one thing else in it."""
    assert old in rule
    return rule.replace(old, new)


REFUSED = {
    "a field nobody knows": (mistaken("level:", "levle: x\n  level:"), "us-xx.rule", "levle"),
    "a field within a field": (mistaken("unit: day_full", "unit: day_full, per: day"), "us-xx.rule", "count", "per"),
    "a field too few": (mistaken("  retract: keep\n", ""), "us-xx.rule", "retract"),
    "a trait": (mistaken("[unexcused]", "[truant]"), "us-xx.rule", "count.traits", "truant"),
    "no trait": (mistaken("[unexcused]", "[]"), "us-xx.rule", "count.traits"),
    "a unit": (mistaken("day_full", "days"), "us-xx.rule", "count.unit", "days"),
    "a predicate": (mistaken("level:", "when: [seen(x)]\n  level:"), "us-xx.rule", "when.0", "seen"),
    "a predicate about nothing": (mistaken("level:", "when: [fired]\n  level:"), "us-xx.rule", "when.0", "fired"),
    "a duty": (mistaken("do: notice", "do: arrest"), "us-xx.rule", "duties.0.do", "arrest"),
    "a recipient": (mistaken("to: parent", "to: newspaper"), "us-xx.rule", "duties.0.to", "newspaper"),
    "a window": (mistaken("school_year", "school_week"), "us-xx.rule", "window", "school_week"),
    "an endless window": (mistaken("school_year", "{rolling: 9999, of: calendar_day}"), "us-xx.rule", "window"),
    "an operator": (mistaken('">="', '"<="'), "us-xx.rule", "threshold", "<="),
    "n as text": (mistaken("n: 3", 'n: "3"'), "us-xx.rule", "threshold.n", '"3"'),
    "n of nothing": (mistaken("n: 3", "n: 0"), "us-xx.rule", "threshold.n"),
    "n that is no number": (mistaken("n: 3", "n: .nan"), "us-xx.rule", "threshold"),
    "n without end": (mistaken("n: 3", "n: .inf"), "us-xx.rule", "threshold"),
    "n of ten thousand digits": (mistaken("n: 3", "n: " + "9" * 10_000), "not YAML"),
    "a share of nothing": (mistaken('{op: ">=", n: 3}', '{op: ">=", pct: 10}'), "us-xx.rule", "threshold"),
    "a share over all": (mistaken('n: 3', 'pct: 110, of: enrolled_days'), "us-xx.rule", "threshold.pct", "110"),
    "a repeat": (mistaken("per_window", '"each:0"'), "us-xx.rule", "repeat", "each:0"),
    "an id with a blank": (mistaken("us-xx.rule", "us xx"), "id", "us xx"),
    "a day that is none": (mistaken("2025-07-01", "2025-02-30"), "us-xx.rule", "effective.from", "2025-02-30"),
    "a day in words": (mistaken("2025-07-01", "July"), "us-xx.rule", "effective.from", "July"),
    "an end before the beginning": (mistaken("2025-07-01", "2025-07-01, to: 2025-06-30"), "us-xx.rule", "effective"),
    "ages that end first": (mistaken("[6, 17]", "[17, 6]"), "us-xx.rule", "scope.ages"),
    "an age of half a year": (mistaken("[6, 17]", "[6.5, 17]"), "us-xx.rule", "scope.ages.0"),
    "grades that end first": (mistaken("ages: [6, 17]", "grades: [5, K]"), "us-xx.rule", "scope.grades"),
    "a window that ends first": (
        mistaken("school_year", '{fixed: {from: "2026-09-02", to: "2026-09-01"}}'), "us-xx.rule", "window",
    ),
    "two versions at a time": (RULE + AGAIN, "us-xx.rule", "same day"),
    "a rule that is not there": (mistaken("level:", "when: [fired(us-xx.gone)]\n  level:"), "us-xx.rule", "us-xx.gone"),
    "a window after itself": (mistaken("school_year", "{since: us-xx.rule}"), "us-xx.rule", "itself"),
    "two that wait for each other": (
        mistaken("school_year", "{since: us-xx.other}") + mistaken("school_year", "{since: us-xx.rule}", OTHER),
        "us-xx.rule", "us-xx.other", "wait",
    ),
    "hours and days added": (mistaken("day_full", "[hour, day_full]"), "us-xx.rule", "count.unit"),
    "one unit twice": (mistaken("day_full", "[day_any, day_any]"), "us-xx.rule", "count.unit"),
    "minutes of no occasion": (mistaken("day_full", "day_full, over_minutes: 30"), "us-xx.rule", "count.over_minutes"),
    "days of the minutes": (
        mistaken('{op: ">=", n: 3}', SHARE.replace("enrolled_days", "required_minutes")), "us-xx.rule", "threshold.of",
    ),
    "hours of the days": (
        mistaken("day_full", "hour").replace('{op: ">=", n: 3}', SHARE), "us-xx.rule", "threshold.of",
    ),
    "marks and reports together": (
        OTHER + mistaken("[unexcused]", '[unexcused, "report:us-xx.other"]'), "us-xx.rule", "count.traits",
    ),
    "days of reports": (OTHER + mistaken("[unexcused]", '["report:us-xx.other"]'), "us-xx.rule", "count.unit"),
    "unused marks of a year": (
        mistaken("level:", "when: [unused_marks_only]\n  level:"), "us-xx.rule", "unused_marks_only",
    ),
    "a field written twice": (mistaken("level:", "repeat: every\n  level:"), "us-xx.rule", "repeat", "twice"),
    "aliases": ("- &a {id: x}\n- *a\n", "aliases"),
    "a bomb": (BOMB, "aliases"),
    "a pit": (f"- {DEEP}\n", "not YAML"),
    "a tab": ("- id: us-xx.rule\n\tlevel: truant\n", "not YAML", "line 2"),
    "Python": ("- !!python/object/apply:os.system [true]\n", "not YAML"),
    "bytes": (mistaken("level: truant", "level: !!binary aGVsbG8="), "us-xx.rule", "level"),
    "a set": (mistaken("[a law]", "!!set {a, b}"), "us-xx.rule", "authority"),
    "half a letter": (mistaken("[a law]", '["\\ud800"]'), "us-xx.rule", "authority"),
    "a number for a name": (mistaken("level:", "7: x\n  level:"), "us-xx.rule", "7"),
    "no list": ("id: us-xx.rule\n", "list of 1 to 500"),
    "nothing": ("", "list of 1 to 500"),
    "no rule": ("- 7\n", "Rule number 1"),
    "501 rules": ("- {}\n" * 501, "list of 1 to 500"),
    "two megabytes": (RULE + "#" * 2_000_000, "larger than 300,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [(text, said) for text, *said in REFUSED.values()], ids=REFUSED)
def test_it_is_refused_with_a_sentence(text, said):
    began = time.process_time()

    with pytest.raises(NotARulebook) as refused:
        rules_of(text)

    sentence = refused.value.sentence
    assert [word for word in said if word not in sentence] == [], sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert time.process_time() - began < 5


def test_the_rule_that_they_are_made_of_is_taken():
    (rule,) = rules_of(RULE)

    assert (rule.id, rule.threshold.n, rule.scope.ages) == ("us-xx.rule", 3, (6, 17))
    assert {one.id for one in rules_of(RULE + OTHER)} == {"us-xx.rule", "us-xx.other"}


def test_a_whole_number_may_be_written_with_a_point():
    (rule,) = rules_of(
        RULE.replace("[6, 17]", "[6.0, 17.0], grades: [1.0, 5]").replace("due: 10", "due: 10.0")
    )

    assert rule.scope.ages == (6, 17)
    assert rule.scope.grades == ("01", "05")
    assert [type(duty.due) for duty in rule.duties] == [int]


def test_versions_that_follow_each_other_are_taken():
    first = RULE.replace("2025-07-01}", "2025-07-01, to: 2026-06-30}")

    assert [rule.until is None for rule in rules_of(first + AGAIN)] == [False, True]


def test_where_it_was_read_tells_no_version_from_another():
    (first,) = rules_of(RULE)
    (other,) = rules_of(RULE.replace("level:", "source: a page\n  title: A name\n  level:"))
    (stricter,) = rules_of(RULE.replace("n: 3", "n: 2"))

    assert first.sha256 == other.sha256 != stricter.sha256


def test_every_rule_of_every_pack_loads():
    assert len(shipped()) == 38
    for place in places():
        written = (FOLDER / f"{place}.yaml").read_text(encoding="utf-8")
        assert len(pack(place)) == len(re.findall(r"^- id: ", written, re.MULTILINE))
        assert len(written.encode()) < MOST_BYTES
