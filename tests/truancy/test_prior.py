"""Records of earlier schools: a head start for the rules that count them, and never a day that nobody wrote down."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from app.truancy.law.changes import Outcome, changes
from app.truancy.law.engine import Rulebook
from app.truancy.law.firing import Firing
from app.truancy.law.overlay import Overlay, laid_over
from app.truancy.law.packs import shipped
from app.truancy.law.prior import Prior, worth
from app.truancy.law.reading import NotARulebook, rules_of
from app.truancy.law.rule import Rule
from app.truancy.law.schedule import Enrollment, Schedule
from app.truancy.law.words import counted
from tests.truancy.registers import E, kept, marks, student, usual, weekdays

FIVE = "us-va.five"
SEEN_ON = date(2027, 6, 30)
CAME = date(2026, 10, 12)
HERE = weekdays(CAME, date(2026, 12, 1))


def paper(number=4, first=date(2026, 8, 20), last=date(2026, 10, 9), unit="day", **more) -> Prior:
    told = {"excused": 0, "unknown": 0, **more}
    return Prior("a", first, last, unit, number, told["excused"], told["unknown"], "5" * 64)


def counting(rule_id: str) -> Rule:
    """The rule as a district uses it that counts such records."""
    return laid_over(next(one for one in shipped() if one.id == rule_id), Overlay(prior=True), shipped())


def found(days, *papers, rule=None, **more) -> list[Firing]:
    facts = student(marks(days), entry=CAME, prior=papers, **more)
    return Rulebook([rule or counting(FIVE)]).firings(facts, SEEN_ON)


def test_four_days_before_and_one_here_make_five_on_the_day_of_the_one_here():
    (one,) = found(HERE[:1], paper())

    assert (one.trigger, one.total, one.ordinal) == (HERE[0], 5, 1)
    assert [mark.day for mark in one.evidence] == HERE[:1]
    assert one.prior == (paper(),)


def test_nothing_fires_by_a_record_alone():
    assert found([], paper(20)) == []
    assert found([], paper(20), case=()) == []
    assert (
        Rulebook([counting(FIVE)]).firings(student(marks(HERE, E), entry=CAME, prior=[paper(20)]), SEEN_ON)
        == []
    )


def test_a_rule_that_does_not_say_so_counts_none_and_keeps_its_very_hash():
    law = next(one for one in shipped() if one.id == FIVE)

    (with_it,) = found(HERE[:5], paper(), rule=law)
    (without,) = found(HERE[:5], rule=law)

    assert with_it.evidence_sha256 == without.evidence_sha256
    assert "prior" not in with_it.evidence_text()
    assert found(HERE[:4], paper(), rule=law) == []


def test_what_rests_on_a_record_has_its_digest_in_the_hash():
    (one,) = found(HERE[:1], paper())
    (other,) = found(HERE[:1], paper()._replace(sha256="6" * 64))

    assert '"prior":[["a","' in one.evidence_text()
    assert one.evidence_sha256 != other.evidence_sha256


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 7, 31), date(2026, 10, 9)),  # some of it before the school year
        (date(2026, 10, 1), CAME),  # on its last day they were here
        (date(2026, 10, 1), date(2026, 10, 20)),
        (date(2025, 9, 1), date(2026, 5, 1)),
    ],
)
def test_a_record_whose_whole_time_is_not_in_the_window_counts_for_nothing(first, last):
    assert found(HERE[:4], paper(first=first, last=last)) == []


def test_between_two_stays_here_it_counts_from_the_days_after_it_on():
    stays = [
        Enrollment("north", date(2026, 8, 15), date(2026, 9, 11), usual()),
        Enrollment("north", CAME, None, usual()),
    ]
    facts = student([*marks([date(2026, 9, 8)]), *marks(HERE[:2])], prior=[paper(3, first=date(2026, 9, 14))])

    (one,) = Rulebook([counting(FIVE)]).firings(replace(facts, schedule=Schedule(stays)), SEEN_ON)

    assert (one.trigger, one.total) == (HERE[0], 5)
    assert [mark.day for mark in one.evidence] == [date(2026, 9, 8), HERE[0]]


def test_what_was_excused_there_is_not_without_excuse_here():
    assert found(HERE[:1], paper(0, excused=4)) == []
    assert found(HERE[:1], paper(3, excused=1)) == []
    assert len(found(HERE[:1], paper(3, unknown=1))) == 0


def test_a_window_of_months_has_it_only_while_all_of_its_time_is_in_it():
    refer = counting("us-tx.refer")
    eight = paper(8, first=date(2026, 8, 20), last=date(2026, 9, 4))
    late = weekdays(date(2027, 2, 15), date(2027, 2, 19))

    (in_time,) = found([*HERE[:1], *late[:1]], eight, rule=refer)
    too_late = found([*HERE[:1], *weekdays(date(2027, 3, 1), date(2027, 3, 1))], eight, rule=refer)

    assert (in_time.trigger, in_time.total) == (late[0], 10)
    assert too_late == []


def test_a_sliding_window_uses_a_record_once():
    warning = counting("us-tx.warning")

    one, other = found(HERE[:4], paper(2, first=date(2026, 10, 1)), rule=warning)

    assert (one.trigger, len(one.prior)) == (HERE[0], 1)
    assert (other.trigger, len(other.prior)) == (HERE[3], 0)


def test_who_is_out_of_scope_on_one_of_its_days_has_none_of_it():
    rule = counting("us-ga.five")  # from 6 years of age

    assert found(HERE[:1], paper(), rule=rule, age=12) != []
    facts = student(marks(HERE[:1]), entry=CAME, prior=[paper()])
    assert Rulebook([rule]).firings(replace(facts, born=date(2020, 9, 1)), SEEN_ON) == []


def of(unit: str, **more) -> Rule:
    written = "".join(f", {name}: {value}" for name, value in more.items())
    (rule,) = rules_of(
        f"""
- id: xx-one
  authority: [none]
  effective: {{from: 2020-07-01}}
  count: {{traits: [unexcused], unit: {unit}, prior: attested{written}}}
  window: school_year
  threshold: {{op: ">=", n: 3}}
  level: some
  repeat: per_window
  retract: keep
"""
    )
    return rule


@pytest.mark.parametrize(
    ("unit", "there", "more", "is_worth"),
    [
        ("day_any", "day", {}, 4),
        ("day_full", "day", {}, 4),
        ("day_frac", "day", {}, 4),
        ("[day_full, occasion]", "day", {"over_minutes": 30, "cap_per_day": 1}, 4),
        ("[day_full, occasion]", "day", {"over_minutes": 30}, 8),
        ("day_frac", "half_day", {}, 2),
        ("day_frac", "half_day", {"step": 0.4}, Fraction(8, 5)),
        ("session", "half_day", {}, 4),
        ("hour", "hour", {}, 240),
        ("occasion", "late", {}, 4),
        # Nobody knows whether two half days were one day, how long a day was, or how late they came.
        ("day_any", "half_day", {}, 0),
        ("day_full", "half_day", {}, 0),
        ("session", "half_day", {"cap_per_day": 1}, 0),
        ("hour", "day", {}, 0),
        ("session", "day", {}, 0),
        ("day_any", "hour", {}, 0),
        ("day_any", "late", {}, 0),
        ("occasion", "late", {"over_minutes": 10}, 0),
    ],
)
def test_it_is_worth_what_it_says_and_no_more(unit, there, more, is_worth):
    assert worth(of(unit, **more).count, paper(4, unit=there)) == is_worth


def test_hours_are_told_in_quarters():
    (one,) = found(HERE[:1], paper(Fraction(9, 4), unit="hour"), rule=of("hour"))

    assert one.total == 390 + 135


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("window: {run: school_day}", "days in a row"),
        ("window: since_enrollment", "begins with the enrollment"),
        ("window: {rolling: 20, of: school_day}", "school days"),
        ('threshold: {op: ">=", pct: 10, of: enrolled_days}', "share of days"),
        (
            "count: {traits: [absent], unit: day_any, but: [medical], prior: attested}",
            "leaves some absences out",
        ),
        ("count: {traits: [absent], unit: period, prior: attested}", "counts lessons"),
        ("count: {traits: [absent], unit: day_any, prior: guessed}", "may not be"),
    ],
)
def test_where_it_cannot_be_counted_the_file_is_refused_with_a_sentence(field, why):
    given = {
        "count": "count: {traits: [absent], unit: day_any, prior: attested}",
        "window": "window: school_year",
        "threshold": 'threshold: {op: ">=", n: 3}',
    }
    given[field.partition(":")[0]] = field
    lines = "\n  ".join(given.values())

    with pytest.raises(NotARulebook) as refused:
        rules_of(
            f"- id: xx-one\n  authority: [none]\n  effective: {{from: 2020-07-01}}\n  {lines}\n"
            "  level: some\n  repeat: per_window\n  retract: keep\n"
        )

    assert why in refused.value.sentence


def test_no_rule_that_is_shipped_counts_them_by_itself():
    assert not [one.id for one in shipped() if one.count.prior]


def test_a_rule_says_that_it_counts_them():
    assert "A confirmed record of an earlier school counts, too" in counted(counting(FIVE))


def every(n: int) -> Rule:
    rule = of("day_any")
    return replace(rule, repeat=rule.repeat.EVERY, threshold=replace(rule.threshold, n=n))


def test_a_record_that_is_confirmed_later_makes_new_firings_and_keeps_the_numbers_of_old_ones():
    before = [kept(one) for one in found(HERE[:4], rule=every(3))]
    told = changes(before, found(HERE[:4], paper(1), rule=every(3)))

    upheld = {one.before.key: one for one in told if one.before}
    assert set(upheld) == {one.key for one in before}
    assert all(one.outcome is Outcome.UPHELD_NEW_EVIDENCE and one.now for one in upheld.values())
    (new,) = [one.now for one in told if one.outcome is Outcome.NEW]
    assert new.ordinal == 3


def test_a_record_that_is_withdrawn_takes_back_what_rested_on_it_and_nothing_else():
    before = [kept(one) for one in found(HERE[:1], paper())]

    (gone,) = changes(before, found(HERE[:1]))
    (same,) = changes(before, found(HERE[:1], paper()))

    assert gone.outcome is Outcome.RETRACTED
    assert same.outcome is Outcome.UPHELD
