"""What the engine makes of registers that no law speaks of: closures, two schools, new versions, late registers."""

from dataclasses import replace
from datetime import date, timedelta

from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import AM, PM, Flag, Mark
from app.truancy.law.reading import rules_of
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait
from tests.truancy.registers import E, T, U, fired, mark, marks, student, usual, weekdays

SEPTEMBER = [day for day in usual().days if day >= date(2026, 9, 1)]
NOT_EXPECTED = int(Trait.NOT_EXPECTED)
RULE = """
- id: xx-rule
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep
"""


def firings(rules, facts):
    return Rulebook(rules_of(rules)).firings(facts, date(2027, 6, 30))


def days(found):
    return [one.trigger for one in found]


def test_a_day_that_was_closed_after_all_is_no_part_of_a_share():
    of_nine = [mark(SEPTEMBER[0], E), mark(SEPTEMBER[4], NOT_EXPECTED)]
    facts = student(of_nine, entry=SEPTEMBER[0], current_to=SEPTEMBER[9])

    assert fired(facts, "us-fed") == []
    (one,) = fired(replace(facts, current_to=SEPTEMBER[10]), "us-fed")
    assert (one.trigger, one.total, one.out_of) == (SEPTEMBER[10], 1, 10)


def test_a_day_that_was_closed_after_all_breaks_no_run():
    given = [*marks(SEPTEMBER[:5], E), mark(SEPTEMBER[5], NOT_EXPECTED), *marks(SEPTEMBER[6:11], E)]

    assert days(fired(student(given), "us-ny")) == [SEPTEMBER[10]]


def test_a_mark_after_the_last_day_of_the_register_waits_for_its_day():
    facts = student(marks(SEPTEMBER[:3]), current_to=SEPTEMBER[1])

    assert fired(facts, "us-pa.truant") == []
    assert days(fired(replace(facts, current_to=SEPTEMBER[2]), "us-pa.truant")) == [SEPTEMBER[2]]


def test_only_marks_that_count_are_evidence():
    short_and_long = [mark(SEPTEMBER[2], T, 5, "P1"), mark(SEPTEMBER[2], T, 45, "P4")]

    (one,) = fired(student([*marks(SEPTEMBER[:2]), *short_and_long]), "us-ca.truant.1")

    assert [(each.day, each.slot) for each in one.evidence][2:] == [(SEPTEMBER[2], "P4")]


def test_a_mark_of_the_day_speaks_for_its_lessons():
    both = [mark(SEPTEMBER[0]), mark(SEPTEMBER[0], U, None, "P1"), mark(SEPTEMBER[0], U, None, AM)]

    (one,) = fired(student([*both, *marks(SEPTEMBER[1:3])]), "us-pa.truant")

    assert [each.slot for each in one.evidence] == ["DAY"] * 3


def test_once_is_the_first_window_that_is_reached_and_no_other():
    monthly = RULE.replace("school_year", "calendar_month").replace("per_window", "once")
    october = [day for day in SEPTEMBER if day >= date(2026, 10, 1)]
    november = [day for day in SEPTEMBER if day >= date(2026, 11, 2)]

    found = firings(monthly, student(marks([*SEPTEMBER[:2], *october[:3], *november[:3]])))

    assert [(one.window, one.trigger) for one in found] == [("2026-10", october[2])]


def test_a_new_version_goes_on_where_the_old_one_stopped():
    every = RULE.replace("per_window", "every").replace("n: 3", "n: 1")
    first = every.replace("2020-07-01}", "2020-07-01, to: 2026-09-02}")
    second = every.replace("2020-07-01}", "2026-09-03}")

    found = firings(first + second, student(marks(SEPTEMBER[:4])))

    assert [one.ordinal for one in found] == [1, 2, 3, 4]
    assert [len(one.evidence) for one in found] == [1, 1, 1, 1]
    assert len({one.rule.sha256 for one in found[:2]} | {one.rule.sha256 for one in found[2:]}) == 2


def test_a_new_version_uses_no_mark_that_the_old_one_used():
    sliding = RULE.replace("school_year", "{rolling: 20, of: school_day, cross_year: false}")
    first = sliding.replace("2020-07-01}", "2020-07-01, to: 2026-09-03}")
    second = sliding.replace("2020-07-01}", "2026-09-04}")

    found = firings(first + second, student(marks(SEPTEMBER[:6])))

    assert [[each.day for each in one.evidence] for one in found] == [SEPTEMBER[:3], SEPTEMBER[3:6]]
    assert [one.ordinal for one in found] == [1, 2]


def test_who_is_over_it_when_a_stricter_version_begins_fires_on_the_next_absence():
    mild = RULE.replace("2020-07-01}", "2020-07-01, to: 2026-09-04}").replace("n: 3", "n: 5")
    strict = RULE.replace("2020-07-01}", "2026-09-05}")

    assert days(firings(mild + strict, student(marks(SEPTEMBER[:4])))) == []
    assert days(firings(mild + strict, student(marks(SEPTEMBER[:5])))) == [SEPTEMBER[4]]


def test_a_school_year_goes_on_at_a_school_whose_year_begins_on_another_day():
    other = Calendar(
        [SchoolYear("2026-27", date(2026, 7, 1), date(2027, 6, 30))],
        {day: SchoolDay(390) for day in SEPTEMBER},
    )
    moves = SEPTEMBER[2]
    facts = replace(
        student(marks(SEPTEMBER[:3])),
        schedule=Schedule(
            [
                Enrollment("north", date(2026, 8, 17), moves - timedelta(days=1), usual()),
                Enrollment("south", moves, None, other),
            ]
        ),
    )

    assert days(fired(facts, "us-pa.truant")) == [moves]
    assert days(fired(replace(facts, marks=marks(SEPTEMBER[:10], E)), "us-ny")) == [SEPTEMBER[9]]


def test_a_run_of_weeks_is_of_weeks_of_school():
    off = weekdays(date(2026, 10, 5), date(2026, 10, 9))
    given = [mark(date(2026, 9, 1)), *[mark(day, NOT_EXPECTED) for day in off]]
    november = [day for day in SEPTEMBER if day >= date(2026, 11, 9)][:4]

    assert fired(student([mark(date(2026, 9, 1)), *marks(november)]), "gb-eng") == []
    assert days(fired(student([*given, *marks(november)]), "gb-eng")) == [november[3]]


def test_who_left_before_they_came_was_not_there():
    given = student(marks(SEPTEMBER[:1], E), current_to=SEPTEMBER[9])
    stays = [
        Enrollment("north", SEPTEMBER[0], None, usual()),
        Enrollment("south", SEPTEMBER[6], SEPTEMBER[2], usual()),
    ]

    (one,) = fired(replace(given, schedule=Schedule(stays)), "us-fed")

    assert (one.trigger, one.out_of) == (SEPTEMBER[9], 10)


def test_a_second_school_on_the_side_takes_nothing_from_the_first():
    stays = [
        Enrollment("north", SEPTEMBER[0], None, usual()),
        Enrollment("south", SEPTEMBER[4], SEPTEMBER[6], usual(), primary=False),
    ]
    facts = replace(student(marks(SEPTEMBER[:1], E), current_to=SEPTEMBER[9]), schedule=Schedule(stays))

    (one,) = fired(facts, "us-fed")

    assert (one.window, one.out_of) == (f"2026-27@north:{SEPTEMBER[0]}", 10)


def test_a_stay_that_another_one_interrupts_is_one_stay():
    stays = [
        Enrollment("north", SEPTEMBER[0], None, usual(), primary=False),
        Enrollment("south", SEPTEMBER[5], SEPTEMBER[9], usual()),
    ]
    given = marks([SEPTEMBER[0], SEPTEMBER[12]], E)
    facts = replace(student(given, current_to=SEPTEMBER[14]), schedule=Schedule(stays))

    (one,) = fired(facts, "us-fed")

    assert (one.window, one.trigger, one.total, one.out_of) == (
        f"2026-27@north:{SEPTEMBER[0]}", SEPTEMBER[14], 2, 10,
    )  # fmt: skip


def test_hours_are_capped_and_counted_on_in_hours():
    hours = (
        RULE.replace("day_any", "hour, cap_per_day: 4")
        .replace("n: 3", "n: 8")
        .replace("per_window", '"each:6"')
    )

    found = firings(hours, student(marks(SEPTEMBER[:6])))

    assert [(one.trigger, one.total) for one in found] == [
        (SEPTEMBER[1], 480),
        (SEPTEMBER[3], 960),
        (SEPTEMBER[5], 1440),
    ]


def test_of_several_flags_the_same_one_is_named_in_any_order():
    asks = RULE.replace("level:", "when: [not_excluded]\n  level:")
    flags = [Flag("pregnant", date(2026, 1, 1)), Flag("foster", date(2026, 1, 1))]

    told = [firings(asks, student(marks(SEPTEMBER[:3]), flags=order)) for order in (flags, flags[::-1])]

    assert [[one.blocked for one in found] for found in told] == [[told[0][0].blocked]] * 2
    assert told[0][0].blocked[0].about == "foster"


def test_two_half_days_of_two_kinds_are_no_full_day_of_either():
    halves = [Mark(SEPTEMBER[0], AM, U), Mark(SEPTEMBER[0], PM, E)]

    assert fired(student([*halves, *marks(SEPTEMBER[1:3])]), "us-pa.truant") == []
