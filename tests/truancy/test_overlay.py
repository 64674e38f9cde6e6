"""The law is the floor: whatever a district may lay over it fires on each such day, or before it."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

import pytest

from app.truancy.law.engine import Rulebook
from app.truancy.law.overlay import (
    FOR_THE_LAW_ALONE,
    Added,
    Looser,
    Overlay,
    between,
    laid_over,
    text_sha256,
)
from app.truancy.law.packs import shipped
from app.truancy.law.reading import rules_of
from app.truancy.law.rule import Rule, Span
from tests.truancy.anyone import SEEN_ON, anyone, invented
from tests.truancy.registers import fired, marks, student, weekdays

TRUANT, AGAIN, HABITUAL = "us-ca.truant.1", "us-ca.truant.2", "us-ca.habitual"


def rule(id: str) -> Rule:
    return next(one for one in shipped() if one.id == id)


def sentence(id: str, overlay: Overlay) -> str:
    with pytest.raises(Looser) as refused:
        laid_over(rule(id), overlay, shipped())
    return refused.value.sentence


def any_overlay(random: Random, of: Rule) -> Overlay:
    """Anything a district might write: lower and higher, sensible or not."""
    law, word = of.threshold, random.choice(["report", "conference", "notice", "home_contact"])
    much = Fraction(random.choice([1, 2, 3, 5, 9, 15, 40]), random.choice([1, 1, 2]))
    lower = (law.n or law.percent or 1) * Fraction(random.choice([1, 2, 3, 4]), 4)
    given = random.choice([None, much, lower, lower])
    return Overlay(
        n=given if law.n is not None else None,
        percent=given if law.n is None else None,
        due=tuple((duty.do, random.randint(1, 14)) for duty in of.duties[:1] if random.random() < 0.5),
        added=(Added(word, due=random.choice([None, 3])),) if random.random() < 0.3 else (),
        prior=random.random() < 0.4,
    )


def triggers(found):
    """Of each rule, its days in order; and the first of each window."""
    days, first = defaultdict(list), dict[tuple[str, str], date]()
    for one in sorted(found, key=lambda one: one.trigger):
        days[one.rule.id].append(one.trigger)
        first.setdefault((one.rule.id, one.window), one.trigger)
    return days, first


def holds_against(law: list[Rule], id: str, overlay: Overlay, random: Random) -> int:
    """That every rule of the book fires no later under the overlay, for a few students; how often anything fired."""
    here = [laid_over(one, overlay, law) if one.id == id else one for one in law]
    statute, practice = Rulebook(law), Rulebook(here)
    slides = {one.id for one in law if one.window.span in (Span.ROLLING, Span.RUN, Span.SINCE)}
    number = 0
    for _ in range(5):
        facts = anyone(random)
        then, first_then = triggers(statute.firings(facts, SEEN_ON))
        now, first_now = triggers(practice.firings(facts, SEEN_ON))
        for name, days in then.items():
            assert len(now[name]) >= len(days), (name, overlay)
            assert all(ours <= theirs for ours, theirs in zip(now[name], days, strict=False)), (name, overlay)
            number += name == id
        for (name, window), day in first_then.items():
            assert name in slides or first_now[name, window] <= day, (name, overlay)
    return number


def test_records_of_earlier_schools_make_no_other_rule_come_later():
    book = rules_of(
        """
- id: xx-first
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep
- id: xx-share
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: {since: xx-first}
  threshold: {op: ">=", pct: 10, of: enrolled_days}
  level: some
  repeat: per_window
  retract: keep
"""
    )

    with pytest.raises(
        Looser, match="Counting records of an earlier school could make rule xx-share fire later"
    ):
        laid_over(book[0], Overlay(prior=True), book)


def test_a_rule_that_counts_records_is_another_version_and_keeps_all_else():
    law = rule("us-va.five")

    here = laid_over(law, Overlay(prior=True))

    assert here.sha256 != law.sha256
    assert replace(here, count=law.count, sha256=law.sha256) == law


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_accepted_fires_where_the_law_does_or_before_it(seed):
    random = Random(seed)
    accepted = fired_at_all = 0
    for law in (list(shipped()), list(invented())):
        for id in sorted({one.id for one in law}):
            one = random.choice([one for one in law if one.id == id])
            overlay = any_overlay(random, one)
            try:
                for version in law:
                    if version.id == id:
                        laid_over(version, overlay, law)
            except Looser:
                continue
            accepted += 1
            fired_at_all += holds_against(law, id, overlay, random)

    assert accepted > 20
    assert fired_at_all > 10


def test_deadlines_under_an_overlay_come_no_later():
    law, here = rule("us-pa.truant"), laid_over(rule("us-pa.truant"), Overlay(due=(("notice", 5),)))
    facts = student(marks(weekdays(date(2026, 9, 14), date(2026, 9, 16))))

    (then,), (now,) = (Rulebook([one]).firings(facts, date(2026, 9, 17)) for one in (law, here))

    assert then.duties[0].due == date(2026, 9, 30)
    assert now.duties[0].due == date(2026, 9, 23)


def test_what_is_looser_is_refused_with_a_sentence():
    assert sentence(TRUANT, Overlay(n=4)) == "The law fires at 3, so 4 would be looser. Write 3 or less."
    assert "percentage" in sentence("us-ca.chronic_truant", Overlay(n=4))
    assert "10 %, so 12.5 %" in sentence("us-ca.chronic_truant", Overlay(percent=Fraction(25, 2)))
    assert "not a share" in sentence(TRUANT, Overlay(percent=5))
    assert "more than nought" in sentence(TRUANT, Overlay(n=0))
    assert "so 11 would be looser" in sentence("us-pa.truant", Overlay(due=(("notice", 11),)))
    assert "does not ask for that" in sentence("us-pa.truant", Overlay(due=(("report", 1),)))
    assert "asked for already" in sentence("us-pa.truant", Overlay(added=(Added("notice"),)))
    assert "one line" in sentence(TRUANT, Overlay(title="Letter\n1"))
    assert "share of days" in sentence("us-ca.chronic_truant", Overlay(prior=True))
    assert "days in a row" in sentence("us-oh.habitual.run", Overlay(prior=True))
    assert "school days" in sentence("us-il.chronic", Overlay(prior=True))
    assert "reports, and no absences" in sentence(HABITUAL, Overlay(prior=True))


@pytest.mark.parametrize("word", sorted(FOR_THE_LAW_ALONE))
def test_no_district_adds_a_court_or_a_penalty(word):
    assert "for the law to ask for" in sentence("us-va.five", Overlay(added=(Added(word),)))


def test_what_could_make_another_rule_come_later_is_refused():
    book = rules_of(
        """
- id: xx-first
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep
- id: xx-share
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: {since: xx-first}
  threshold: {op: ">=", pct: 10, of: enrolled_days}
  level: some
  repeat: per_window
  retract: keep
"""
    )
    with pytest.raises(Looser, match="xx-share fire later"):
        laid_over(book[0], Overlay(n=2), book)
    assert laid_over(book[0], Overlay(due=(), title="Step 1"), book).title == "Step 1"


def test_the_reports_that_california_counts_come_earlier_too():
    five = marks(weekdays(date(2026, 9, 14), date(2026, 9, 18)))
    law = [one for one in shipped() if one.id.startswith("us-ca.")]
    here = [laid_over(one, Overlay(n=2), law) if one.id == TRUANT else one for one in law]

    def habitual(rules):
        found = Rulebook(rules).firings(student(five), SEEN_ON)
        return [one.trigger for one in found if one.rule.id == HABITUAL]

    assert habitual(law) == [date(2026, 9, 18)]
    assert habitual(here) == [date(2026, 9, 17)]


def test_an_overlay_is_another_version_and_a_name_is_not():
    law = rule(TRUANT)

    assert laid_over(law, Overlay()) == law
    assert laid_over(law, Overlay(title="Letter 1")).sha256 == law.sha256
    assert laid_over(law, Overlay(n=2)).sha256 != law.sha256
    assert laid_over(law, Overlay(n=2)).sha256 != laid_over(law, Overlay(n=1)).sha256


def test_a_rule_that_ended_still_knows_what_fired_under_it():
    absences = marks(weekdays(date(2026, 9, 14), date(2026, 9, 18)))
    law = rule("us-va.five")
    ended = between(law, date(2026, 8, 1), date(2026, 9, 30))
    (before,) = fired(student(absences), "us-va.five")

    assert ended is not None
    (after,) = Rulebook([ended]).firings(student(absences), SEEN_ON)

    assert after.evidence_sha256 == before.evidence_sha256
    assert between(law, date(2026, 9, 1), date(2026, 8, 31)) is None
    later = between(law, date(2026, 9, 19), None)
    assert later is not None
    assert Rulebook([later]).firings(student(absences), SEEN_ON) == []


def test_what_is_written_down_is_read_back():
    overlay = Overlay(
        n=Fraction(5, 2),
        due=(("notice", 3),),
        added=(Added("home_contact", due=2),),
        title="Letter 1",
        prior=True,
    )

    assert Overlay.read(overlay.written()) == overlay
    assert Overlay.read({}) == Overlay()
    with pytest.raises(ValueError, match="no field unit"):
        Overlay.read({"unit": "day_any"})


def test_counsel_confirms_the_words_too():
    law = rule(TRUANT)

    assert text_sha256(replace(law, text=law.text + " More.")) != text_sha256(law)
    assert text_sha256(replace(law, retrieved=None)) == text_sha256(law)
