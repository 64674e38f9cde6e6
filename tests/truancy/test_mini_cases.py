"""Twenty-five small registers and what the law makes of each, as the statutes' own words have it."""

from datetime import date, timedelta

from app.truancy.law.engine import Rulebook
from app.truancy.law.facts import AM, PM, CaseEvent, Flag, Mark
from app.truancy.law.firing import Blocked
from app.truancy.law.reading import rules_of
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait
from tests.truancy.registers import (
    STATE,
    E,
    K,
    T,
    U,
    calendar,
    fired,
    ids,
    mark,
    marks,
    rules,
    student,
    usual,
    weekdays,
)


def september(*days, traits=U, minutes=None):
    return marks((date(2026, 9, day) for day in days), traits, minutes)


def test_01_california_two_days_and_one_tardy_of_31_minutes_are_a_truant():
    found = fired(student([*september(4, 11), *september(18, traits=T, minutes=31)]), "us-ca.truant")

    (one,) = found
    assert (one.rule.id, one.trigger, one.window) == ("us-ca.truant.1", date(2026, 9, 18), "2026-27")
    assert [mark.day.day for mark in one.evidence] == [4, 11, 18]
    assert {owed.duty.do for owed in one.duties} == {"report", "notice"}


def test_02_california_thirty_minutes_are_not_more_than_thirty():
    assert fired(student([*september(4, 11), *september(18, traits=T, minutes=30)]), "us-ca.truant") == []


def test_03_california_two_tardies_of_one_day_count_once():
    twice = [mark(date(2026, 9, 4), T, 31, "P1"), mark(date(2026, 9, 4), T, 45, "P5")]

    assert fired(student([*twice, *september(11)]), "us-ca.truant") == []


def test_04_california_after_a_report_any_tardy_is_reported_again():
    given = [*september(4, 11), *september(18, traits=T, minutes=31), *september(25, traits=T, minutes=5)]

    again = fired(student(given), "us-ca.truant.2", "us-ca.truant.1")

    assert [(one.rule.id, one.trigger.day) for one in again] == [
        ("us-ca.truant.1", 18),
        ("us-ca.truant.2", 25),
    ]
    assert [mark.day.day for mark in again[1].evidence] == [25]


def test_05_california_a_habitual_truant_waits_for_the_conference():
    three_reports = student(september(1, 2, 3, 8, 9))

    (one,) = [each for each in fired(three_reports, "us-ca") if each.rule.id == "us-ca.habitual"]

    assert one.blocked == (Blocked("conference_not_attempted", "us-ca.truant.1"),)
    tried = student(september(1, 2, 3, 8, 9), case=[CaseEvent("conference_attempted", date(2026, 9, 4))])
    (free,) = [each for each in fired(tried, "us-ca") if each.rule.id == "us-ca.habitual"]
    assert free.blocked == ()
    assert free.trigger == date(2026, 9, 9)


def chronic(absent, expected):
    """Absent on the first days of so many; the register is in up to the last of these."""
    school = usual()
    first = date(2026, 8, 17)
    days = [day for day in school.days if day >= first][:expected]
    return student(marks(days[:absent], E), entry=first, current_to=days[-1])


def test_06_california_chronic_absence_begins_with_the_31st_expected_day():
    assert ids(fired(chronic(3, 30), "us-ca.chronic_absent")) == []
    assert ids(fired(chronic(4, 31), "us-ca.chronic_absent")) == ["us-ca.chronic_absent"]
    assert ids(fired(chronic(3, 31), "us-ca.chronic_absent")) == []
    (one,) = fired(chronic(4, 40), "us-ca.chronic_absent")
    assert (one.total, one.out_of) == (4, 31)


def test_07_texas_counts_28_days_both_ends_included():
    def parts_of_days(*days):
        return student(marks((date(2026, 9, day) for day in days), T, 60))

    assert fired(parts_of_days(1, 15, 29), "us-tx.warning") == []
    (one,) = fired(parts_of_days(1, 15, 28), "us-tx.warning")
    assert one.trigger == date(2026, 9, 28)


def test_08_texas_does_not_carry_six_months_into_the_next_school_year():
    spring = [day for day in usual().days if date(2026, 4, 20) <= day][:6]
    autumn = [day for day in usual().days if date(2026, 8, 17) <= day][:4]
    done = [CaseEvent("done", date(2026, 9, 1), "prevention_measure")]

    assert ids(fired(student(marks([*spring, *autumn]), case=done), "us-tx.refer")) == []
    assert ids(
        fired(
            student(marks([*spring, *[day for day in usual().days if day > spring[-1]][:4]])), "us-tx.refer"
        )
    )


def test_09_texas_ten_school_days_skip_the_break():
    off = [date(2026, 11, 23) + timedelta(days=number) for number in range(5)]
    school = calendar(off=off)
    tenth = date(2026, 11, 20)
    days = [day for day in school.days if day <= tenth][-10:]

    (one,) = fired(student(marks(days), of=school, age=14), "us-tx.refer")

    (referral,) = one.duties
    assert one.trigger == tenth
    assert referral.due == date(2026, 12, 11)
    assert school.count(tenth, referral.due) == 11


def test_10_texas_refers_nobody_who_is_homeless_and_offers_counseling():
    days = usual().days[-120:-110]
    homeless = [Flag("homeless", date(2024, 8, 1))]

    (one,) = fired(student(marks(days), flags=homeless, age=14), "us-tx.refer")

    assert one.excluded == ("homeless",)
    assert [(owed.duty.do, owed.duty.approve) for owed in one.duties] == [("offer_counseling", "human")]


def test_11_pennsylvania_a_late_import_is_late_when_detected():
    days = [date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)]
    seen = usual().following(days[-1], 12)

    (one,) = fired(student(marks(days)), "us-pa.truant", seen_on=seen)

    assert one.trigger == days[-1]
    (notice,) = one.duties
    assert notice.due == usual().following(days[-1], 10)
    assert notice.due
    assert seen
    assert notice.due < seen


def test_12_pennsylvania_one_firing_is_owed_to_each_parent():
    (one,) = fired(student(september(1, 2, 3)), "us-pa.truant")

    assert [owed.duty.to for owed in one.duties] == ["each_parent"]


def test_13_ohio_thirty_hours_in_a_row():
    monday = date(2026, 9, 14)
    days = [monday + timedelta(days=number) for number in range(5)]
    whole = marks(days[:4])
    late = mark(days[4], T, 240)

    (one,) = fired(student([*whole, late]), "us-oh.habitual.run")
    assert (one.trigger, one.total) == (days[4], 30 * 60)
    assert fired(student([*whole[:2], whole[3], late]), "us-oh.habitual.run") == []
    assert fired(student([*whole, late._replace(minutes=239)]), "us-oh.habitual.run") == []


def test_14_ohio_excessive_absence_ended_on_29_september_2025():
    def forty_hours(last):
        days = [day for day in usual().days if day <= last][-7:]
        return student([*marks(days[:6], E), mark(days[6], E, 60)])

    opens = date(2025, 9, 8)
    september = [day for day in usual().days if opens <= day][:6]
    old = student([*marks(september, E), mark(date(2025, 9, 16), E, 60)])

    assert ids(fired(old, "us-oh.excessive")) == ["us-oh.excessive.month"]
    october = [day for day in usual().days if date(2025, 10, 13) <= day][:6]
    assert fired(student([*marks(october, E), mark(date(2025, 10, 21), E, 60)]), "us-oh.excessive") == []
    assert forty_hours(date(2025, 10, 15))


def test_15_washington_counts_by_calendar_month():
    given = marks([date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 1)])

    found = fired(student(given), "us-wa.m1", "us-wa.m3")

    assert [(one.rule.id, one.window, one.ordinal) for one in found] == [
        ("us-wa.m1", "2026-09", 1),
        ("us-wa.m1", "2026-09", 2),
        ("us-wa.m1", "2026-10", 1),
    ]


def test_16_washington_petitions_for_nobody_of_seventeen():
    october = weekdays(date(2026, 10, 1), date(2026, 10, 9))
    fifteen = usual().days[-60:-45]

    assert "us-wa.m7" in ids(fired(student(marks(october), age=17), "us-wa"))
    assert "us-wa.y15" not in ids(fired(student(marks(fifteen), age=18), "us-wa"))
    assert "us-wa.y15" in ids(fired(student(marks(fifteen), age=15), "us-wa"))


def test_17_illinois_counts_180_school_days_over_two_years():
    school = usual()
    last = [day for day in school.days if day <= date(2026, 11, 2)]
    window = last[-180:]
    assert window[0] < date(2026, 6, 12)

    def absent(number, part=None):
        days = [window[0], *window[-number + 1 :]] if number > 1 else [window[-1]]
        given = marks(days[:number])
        return student([*given[:-1], given[-1]._replace(minutes=part)] if part else given)

    assert "us-il.chronic" in ids(fired(absent(9), "us-il"))
    assert set(ids(fired(absent(8), "us-il"))) == {"us-il.truant"}
    assert ids(fired(absent(2), "us-il")) == ["us-il.truant"]
    assert ids(fired(absent(1), "us-il")) == []
    exactly = absent(2, part=312)
    assert ids(fired(exactly, "us-il")) == []


def test_18_florida_counts_what_nobody_explained_and_takes_it_back():
    given = [*september(1, 2, 3), *september(8, 9, traits=K)]

    assert ids(fired(student(given), "us-fl.month5")) == ["us-fl.month5"]
    assert fired(student([*september(1, 2, 3, 8), *september(9, traits=E)]), "us-fl.month5") == []


def test_19_florida_the_91st_day_is_outside():
    first = date(2026, 8, 17)
    days = [day for day in usual().days if day >= first]

    assert fired(student(marks([*days[:14], first + timedelta(days=91)])), "us-fl.habitual") == []
    inside = next(day for day in reversed(days) if day <= first + timedelta(days=89))
    assert ids(fired(student(marks([*days[:14], inside])), "us-fl.habitual")) == ["us-fl.habitual"]


def test_20_virginia_schedules_no_conference_without_a_plan_and_shows_the_deadline():
    days = usual().days[-100:-90]
    found = {one.rule.id: one for one in fired(student(marks(days)), "us-va")}

    assert found["us-va.seven"].blocked == (Blocked("not_done", "attendance_plan"),)
    (held,) = found["us-va.ten"].duties
    assert held.due == usual().following(days[-1], 10)
    planned = [CaseEvent("done", days[5], "attendance_plan")]
    free = {one.rule.id: one for one in fired(student(marks(days), case=planned), "us-va")}
    assert free["us-va.seven"].blocked == ()


def test_21_new_jersey_takes_ten_back_and_keeps_five():
    days = usual().days[-100:-90]

    assert {"us-nj.five", "us-nj.ten"} <= set(ids(fired(student(marks(days)), "us-nj")))
    excused = student([*marks(days[:8]), *marks(days[8:], STATE)])
    assert "us-nj.ten" not in ids(fired(excused, "us-nj"))
    assert "us-nj.five" in ids(fired(excused, "us-nj"))


def english():
    """A year of three terms: the weeks of summer have no session."""
    days = weekdays(date(2025, 9, 1), date(2026, 7, 21)) + weekdays(date(2026, 9, 1), date(2027, 7, 20))
    years = [
        SchoolYear("2025-26", date(2025, 8, 1), date(2026, 7, 31)),
        SchoolYear("2026-27", date(2026, 8, 1), date(2027, 7, 31)),
    ]
    return Calendar(years, {day: SchoolDay(300, 2) for day in days})


def sessions(days, traits=U):
    return [mark(day, traits, None, slot) for day in days for slot in (AM, PM)]


def test_22_england_ten_school_weeks_go_over_the_summer():
    summer = [date(2026, 7, 14), date(2026, 7, 15), date(2026, 7, 16)]
    september = [date(2026, 9, 7), date(2026, 9, 8)]

    (one,) = fired(student(sessions([*summer, *september]), of=english()), "gb-eng")
    assert (one.trigger, one.total) == (september[-1], 10)
    ill = sessions(summer) + sessions(september[:1]) + sessions(september[1:], E)
    assert fired(student(ill, of=english()), "gb-eng") == []
    late = [date(2026, 9, 28), date(2026, 9, 29)]
    assert fired(student(sessions([*summer, *late]), of=english()), "gb-eng")
    too_late = [date(2026, 11, 9), date(2026, 11, 10)]
    assert fired(student(sessions([*summer, *too_late]), of=english()), "gb-eng") == []


def test_23_england_used_marks_stand_behind_no_second_notice():
    first = weekdays(date(2026, 9, 7), date(2026, 9, 11))
    more = [
        mark(date(2026, 9, 14), U, None, AM),
        mark(date(2026, 9, 14), U, None, PM),
        mark(date(2026, 9, 15), U, None, AM),
    ]

    (one,) = fired(student([*sessions(first), *more], of=english()), "gb-eng")

    assert {each.day for each in one.evidence} == set(first)


def test_24_federal_chronic_absence_needs_ten_enrolled_days():
    school = usual()
    days = [day for day in school.days if day >= date(2026, 8, 17)]

    def enrolled(number, absent):
        given = marks(days[:absent], E)
        stay = Enrollment("north", days[0], days[number - 1], school)
        facts = student(given, current_to=days[number - 1])
        return type(facts)(
            schedule=Schedule([stay]), marks=given, born=facts.born, current_to=days[number - 1]
        )

    assert fired(enrolled(9, 3), "us-fed") == []
    (one,) = fired(enrolled(10, 1), "us-fed")
    assert (one.total, one.out_of) == (1, 10)


NEW_JERSEY_STYLE = """
- id: us-nj.chronic
  authority: [District policy]
  effective: {from: 2020-07-01}
  count: {traits: [absent], but: [state_excused], unit: day_frac}
  window: school_year
  threshold: {op: ">=", pct: 10, of: enrolled_days, min_den: 182, less: [state_excused]}
  level: chronically_absent
  repeat: per_window
  retract: cancel_unsent
"""


def test_25_new_jersey_takes_state_excused_days_out_of_the_denominator():
    school = usual()
    days = [day for day in school.days if day >= date(2026, 8, 17)][:182]
    given = [*marks(days[:16], U), *marks(days[16:20], STATE)]
    stay = student(given, current_to=days[-1])

    lenient = rules_of(NEW_JERSEY_STYLE.replace("min_den: 182", "min_den: 178"))
    assert Rulebook(lenient).firings(stay, date(2027, 6, 30)) == []
    naive = rules_of(
        NEW_JERSEY_STYLE.replace(", less: [state_excused]", "").replace("but: [state_excused], ", "")
    )
    (one,) = Rulebook(naive).firings(stay, date(2027, 6, 30))
    assert (one.total, one.out_of) == (20, 182)
    assert Mark(days[0], "DAY", int(Trait.ABSENT | Trait.UNEXCUSED)) in one.evidence
    assert rules("us-nj")
