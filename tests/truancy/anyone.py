"""Students as no office has them: everything that the facts allow, mixed; and rules that no state has."""

from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from random import Random
from typing import Final

from app.truancy.law.facts import AM, DAY, PM, CaseEvent, Flag, Mark, StudentFacts
from app.truancy.law.prior import Prior
from app.truancy.law.reading import rules_of
from app.truancy.law.rule import Rule, whole
from app.truancy.law.schedule import Calendar, Enrollment, Schedule, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait
from tests.truancy.registers import LATE_EXCUSED, STATE, SUSPENDED, E, K, T, U

NOT_EXPECTED: Final = int(Trait.NOT_EXPECTED)
OFTEN: Final = (U, U, U, U, K, E, T, T, LATE_EXCUSED, STATE, SUSPENDED)
ALL_TRAITS: Final = [int(one) for one in Trait if one is not Trait.NOT_EXPECTED]
MINUTES: Final = (0, 1, 29, 30, 31, 60, 150, 195, 389, 390, 391, 600)
FLAGS: Final = ("pregnant", "foster", "homeless", "severe_illness", "academic_plan")
EVENTS: Final = (
    ("done", "prevention_measure", ""),
    ("done", "attendance_plan", ""),
    ("attested", "measures_succeeding", ""),
    ("attested", "48260-48263,48291", ""),
    ("delivered", "", "us-pa.truant"),
    ("conference_attempted", "", ""),
    ("conference_held", "", ""),
    ("plan_failed", "", ""),
    ("penalty", "mother", ""),
    ("penalty", "father", ""),
)
SEEN_ON: Final = date(2027, 1, 15)


@cache
def invented() -> tuple[Rule, ...]:
    """Rules that use what the shipped ones do not."""
    return tuple(rules_of(_INVENTED))


def anyone(random: Random) -> StudentFacts:
    """One of them."""
    calendars = [_calendar(random) for _ in range(random.choice((1, 1, 1, 2, 2)))]
    schedule = Schedule(_enrollments(random, calendars))
    known = sorted({day for one in calendars for day in one.days})
    return StudentFacts(
        schedule=schedule,
        marks=_marks(random, known),
        born=_born(random),
        grade=random.choice(("", "PK", "KG", "01", "05", "06", "12", "UG")),
        flags=[
            Flag(
                random.choice(FLAGS), day, random.choice((None, day + timedelta(days=random.randint(0, 60))))
            )
            for day in _some(random, known, 2)
        ],
        case=[
            CaseEvent(kind, day, name, rule)
            for day in _some(random, known, 8)
            for kind, name, rule in [random.choice(EVENTS)]
        ],
        parents=random.choice(((), ("mother",), ("mother", "father"))),
        current_to=random.choice((date.max, date.max, random.choice(known))),
        prior=_prior(random, schedule),
    )


def _prior(random: Random, schedule: Schedule) -> list[Prior]:
    """Records of earlier schools: most of the time before the student came, some of other times, some of both."""
    if not schedule.stretches or random.random() < 0.4:
        return []
    found = []
    for number in range(random.randint(1, 3)):
        one = random.choice(schedule.stretches)
        last = one.first - timedelta(days=random.choice((1, 2, 10, 30, 70, -random.randint(0, 300))))
        first = last - timedelta(days=random.choice((0, 3, 10, 30, 60, 120)))
        unit = random.choice(("day", "day", "day", "half_day", "hour", "late"))
        told = [Fraction(random.choice((0, 0, 1, 1, 2, 3, 7))) for _ in range(3)]
        if unit == "hour":
            told = [each + Fraction(random.choice((0, 1, 3)), 4) for each in told]
        unexcused, excused, unknown = map(whole, told)
        found.append(Prior(f"{number}", first, last, unit, unexcused, excused, unknown, f"{number}" * 64))
    return found


def _some(random: Random, days: list[date], most: int) -> list[date]:
    return [random.choice(days) for _ in range(random.randint(0, most))]


def _calendar(random: Random) -> Calendar:
    years, days = [], dict[date, SchoolDay]()
    opens = random.choice((date(2025, 7, 1), date(2025, 8, 1)))
    minutes, periods = random.choice((300, 390, 390, 420)), random.randint(1, 7)
    for begins in (2025, 2026):
        required = random.choice((None, None, 30000))
        ends = opens.replace(year=begins + 1) - timedelta(days=1)
        years.append(SchoolYear(f"{begins}-{begins - 1999}", opens.replace(year=begins), ends, required))
        first = date(begins, 8, 1) + timedelta(days=random.randint(0, 50))
        weeks = random.randint(4, 30)
        closed = {random.randrange(weeks) for _ in range(random.randint(0, 3))}
        for number in range(weeks * 7):
            day = first + timedelta(days=number)
            if day.weekday() < 5 and number // 7 not in closed and (random.random() > 0.04 or not days):
                half = random.random() < 0.05
                days[day] = SchoolDay(minutes // 2 if half else minutes, random.choice((1, 2, 2, 2)), periods)
    return Calendar(years, days)


def _enrollments(random: Random, calendars: list[Calendar]) -> list[Enrollment]:
    begins = date(2025, 8, 1) + timedelta(days=random.choice((0, 0, 0, random.randint(0, 150))))
    later = begins + timedelta(days=random.randint(1, 400))
    other = calendars[-1]
    match random.randint(0, 5):
        case 0:  # goes elsewhere, at once or after a while
            leaves = later - timedelta(days=random.choice((1, 1, 20)))
            return [
                Enrollment("north", begins, leaves, calendars[0]),
                Enrollment(random.choice(("north", "south")), later, None, other),
            ]
        case 1:  # two schools for a time
            return [
                Enrollment(
                    "north", begins, random.choice((None, later)), calendars[0], random.random() < 0.5
                ),
                Enrollment(
                    "south",
                    begins + timedelta(days=random.randint(1, 60)),
                    later + timedelta(days=random.randint(0, 60)),
                    other,
                    random.random() < 0.5,
                ),
            ]
        case 2:
            return [Enrollment("north", begins, later, calendars[0])]
        case _:
            return [Enrollment("north", begins, None, calendars[0])]


def _marks(random: Random, known: list[date]) -> list[Mark]:
    found: list[Mark] = []
    often, in_a_row = random.choice((0.03, 0.1, 0.2, 0.5)), random.choice((1, 1, 4, 8))
    days = set[date]()
    for at, _ in enumerate(known):
        if random.random() < often / in_a_row:
            days.update(known[at : at + in_a_row])
    days.update(day + timedelta(days=random.randint(0, 6)) for day in _some(random, known, 3))
    habit = random.choice((OFTEN, (U,), (U, U, K), OFTEN))
    ill = set(known[random.randrange(len(known)) :][:12]) if random.random() < 0.15 else set()
    found += [Mark(day, DAY, random.choice((U, E))) for day in sorted(ill)]
    for day in sorted(days - ill):
        for slot in _slots(random):
            found.append(Mark(day, slot, _traits(random, habit), _minutes(random)))
    return found


def _slots(random: Random) -> list[str]:
    match random.randint(0, 9):
        case 0:
            return random.sample([AM, PM], random.randint(1, 2))
        case 1:
            return random.sample(["P1", "P2", "P3", "P4", "P5"], random.randint(1, 5))
        case 2:
            return [DAY, *random.sample([AM, PM, "P1", "P2"], random.randint(1, 3))]
        case _:
            return [DAY]


def _traits(random: Random, habit: tuple[int, ...]) -> int:
    if random.random() < 0.02:
        return NOT_EXPECTED
    if random.random() < 0.05:
        return sum({random.choice(ALL_TRAITS) for _ in range(3)})
    return random.choice(habit)


def _minutes(random: Random) -> int | None:
    return random.choice(MINUTES) if random.random() < 0.3 else None


def _born(random: Random) -> date | None:
    if random.random() < 0.1:
        return None
    if random.random() < 0.1:
        return random.choice((date(2008, 2, 29), date(2020, 2, 29)))
    return date(2025 - random.choice((5, 6, 12, 12, 12, 15, 16, 17, 18, 19)), 1, 1) + timedelta(
        days=random.randint(0, 365)
    )


_INVENTED: Final = """
- id: xx-prior.year
  authority: [none]
  effective: {from: 2020-07-01, to: 2026-01-31}
  count: {traits: [unexcused, unknown], unit: day_full, prior: attested}
  window: school_year
  threshold: {op: ">=", n: 5}
  level: some
  repeat: "each:3"
  retract: keep

- id: xx-prior.year
  authority: [none]
  effective: {from: 2026-02-01}
  count: {traits: [unexcused], unit: [day_full, occasion], over_minutes: 30, cap_per_day: 1, prior: attested}
  window: school_year
  threshold: {op: ">", n: 3}
  level: some
  repeat: every
  retract: keep

- id: xx-prior.months
  authority: [none]
  effective: {from: 2020-07-01}
  scope: {ages: [6, 15]}
  count: {traits: [unexcused], unit: day_any, prior: attested}
  window: {rolling: 3, of: calendar_month, cross_year: false}
  threshold: {op: ">=", n: 4}
  level: some
  repeat: per_window
  retract: keep

- id: xx-prior.days
  authority: [none]
  effective: {from: 2020-07-01, to: 2025-12-15}
  count: {traits: [absent], unit: session, prior: attested}
  window: {rolling: 40, of: calendar_day, cross_year: true}
  threshold: {op: ">", pct: 2.5, of: "fixed:180"}
  level: some
  repeat: per_window
  retract: keep

- id: xx-prior.days
  authority: [none]
  effective: {from: 2025-12-16}
  count: {traits: [absent], unit: day_frac, prior: attested}
  window: {rolling: 60, of: calendar_day, cross_year: true}
  threshold: {op: ">=", n: 3.5}
  level: some
  repeat: per_window
  retract: keep

- id: xx-prior.month
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [tardy], unit: occasion, prior: attested}
  window: calendar_month
  threshold: {op: ">=", n: 2}
  level: some
  repeat: every
  retract: keep

- id: xx-prior.fixed
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], unit: day_frac, step: 0.2, prior: attested}
  window: {fixed: {from: "2025-07-10", to: "2026-09-20"}}
  threshold: {op: ">=", n: 2.5}
  level: some
  repeat: per_window
  retract: keep

- id: xx-prior.required
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent, tardy], unit: hour, prior: attested}
  window: school_year
  threshold: {op: ">=", pct: 2, of: required_minutes}
  level: some
  repeat: per_window
  retract: keep

- id: xx-prior.after
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: {since: xx-prior.months}
  threshold: {op: ">=", n: 2}
  level: some
  repeat: "each:2"
  retract: keep

- id: xx-period
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: period}
  window: school_year
  threshold: {op: ">", n: 10}
  level: some
  repeat: "each:6"
  retract: keep

- id: xx-session
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused, excused], unit: session, step: 0.5, cap_per_day: 1.5}
  window: {rolling: 2, of: school_week, cross_year: false}
  threshold: {op: ">=", n: 5}
  level: some
  repeat: per_window
  retract: keep

- id: xx-fixed
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent, tardy], unit: day_frac, step: 0.25}
  window: {fixed: {from: "2025-09-10", to: "2026-09-20"}}
  threshold: {op: ">=", n: 2.5}
  level: some
  repeat: every
  retract: keep

- id: xx-window_days
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], unit: day_any}
  window: calendar_month
  threshold: {op: ">=", pct: 12.5, of: window_days, min_den: 8}
  level: some
  repeat: per_window
  retract: keep

- id: xx-each3
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 2}
  level: some
  repeat: "each:3"
  retract: keep

- id: xx-less
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], but: [state_excused], unit: day_full}
  window: since_enrollment
  threshold: {op: ">", pct: 10, of: enrolled_days, min_den: 15, less: [state_excused]}
  level: some
  repeat: per_window
  retract: keep

- id: xx-share.every
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], unit: day_frac}
  window: school_year
  threshold: {op: ">=", pct: 15, of: enrolled_days, min_den: 12}
  level: some
  repeat: every
  retract: keep

- id: xx-required
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent, tardy, early_out], unit: hour}
  window: school_year
  threshold: {op: ">", pct: 2, of: required_minutes}
  level: some
  repeat: per_window
  retract: keep

- id: xx-run_full
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], unit: day_full, full_share: 0.5}
  window: {run: school_day}
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep

- id: xx-sliding_share
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [absent], unit: day_frac}
  window: {rolling: 20, of: school_day, cross_year: false}
  threshold: {op: ">=", pct: 20, of: enrolled_days, min_den: 10}
  level: some
  repeat: per_window
  retract: keep

- id: xx-once
  authority: [none]
  effective: {from: 2025-10-01, to: 2026-11-15}
  count: {traits: [unexcused], unit: [day_full, occasion], over_minutes: 29}
  window: {rolling: 2, of: calendar_month, cross_year: true}
  threshold: {op: ">=", n: 4}
  level: some
  repeat: once
  retract: keep

- id: xx-since_each
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: [tardy, unexcused], unit: occasion, over_minutes: 0}
  window: {since: xx-each3}
  threshold: {op: ">=", n: 2}
  when: ["fired(xx-run_full)", plan_failed, not_excluded]
  level: some
  repeat: "each:2"
  retract: keep

- id: xx-reports
  authority: [none]
  effective: {from: 2020-07-01}
  count: {traits: ["report:xx-each3", "report:xx-run_full", "report:xx-since_each"], unit: occasion}
  window: calendar_month
  threshold: {op: ">=", n: 2}
  level: some
  repeat: every
  retract: keep

- id: xx-versions
  authority: [none]
  effective: {from: 2020-07-01, to: 2025-10-31}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 4}
  level: some
  repeat: per_window
  retract: keep

- id: xx-versions
  authority: [none]
  effective: {from: 2025-11-01}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep

- id: xx-young
  authority: [none]
  effective: {from: 2025-10-01, to: 2026-10-01}
  scope: {ages: [6, 12], grades: [PK, 5], exclude: [foster, academic_plan]}
  count: {traits: [unexcused, unknown], but: [medical], unit: day_any}
  window: {school_month: 2}
  threshold: {op: ">", n: 1}
  level: some
  repeat: "each:2"
  retract: keep

- id: xx-later
  authority: [none]
  effective: {from: 2025-10-15}
  count: {traits: [unexcused], unit: day_any}
  window: school_year
  threshold: {op: ">=", n: 2}
  level: some
  repeat: every
  retract: keep

- id: xx-once_month
  authority: [none]
  effective: {from: 2025-09-15}
  count: {traits: [unexcused], unit: day_any}
  window: calendar_month
  threshold: {op: ">=", n: 3}
  level: some
  repeat: once
  retract: keep

- id: xx-hours
  authority: [none]
  effective: {from: 2020-07-01, to: 2026-01-15}
  count: {traits: [unexcused, unknown], unit: hour, cap_per_day: 4}
  window: school_year
  threshold: {op: ">", n: 8}
  level: some
  repeat: "each:6"
  retract: keep

- id: xx-hours
  authority: [none]
  effective: {from: 2026-01-16}
  count: {traits: [unexcused], unit: hour}
  window: school_year
  threshold: {op: ">=", n: 5}
  level: some
  repeat: every
  retract: keep

- id: xx-sliding_versions
  authority: [none]
  effective: {from: 2020-07-01, to: 2025-10-31}
  count: {traits: [unexcused], unit: day_any}
  window: {rolling: 15, of: school_day, cross_year: true}
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep

- id: xx-sliding_versions
  authority: [none]
  effective: {from: 2025-11-01}
  count: {traits: [unexcused, unknown], unit: day_any}
  window: {rolling: 15, of: school_day, cross_year: true}
  threshold: {op: ">=", n: 2}
  level: some
  repeat: per_window
  retract: keep

- id: xx-since_share
  authority: [none]
  effective: {from: 2020-07-01}
  scope: {ages: [6, 14]}
  count: {traits: [absent], unit: day_full}
  window: {since: xx-once_month}
  threshold: {op: ">=", pct: 20, of: enrolled_days, min_den: 10}
  level: some
  repeat: per_window
  retract: keep

- id: xx-young_reports
  authority: [none]
  effective: {from: 2020-07-01}
  scope: {ages: [6, 12], grades: [PK, 6]}
  count: {traits: ["report:xx-hours", "report:xx-later"], unit: occasion, cap_per_day: 1}
  window: {rolling: 1, of: calendar_month, cross_year: false}
  threshold: {op: ">=", n: 3}
  level: some
  repeat: per_window
  retract: keep
"""
