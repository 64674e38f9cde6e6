"""The law a second time, slowly: what fires for a student, with everything counted anew for each day.

Written from the model's text (docs/attendance-rules.md), apart from the engine, to be compared with it. Nothing is
carried from day to day but the firings themselves; whoever doubts the engine can read this instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.firing import Firing
from app.truancy.law.prior import Prior
from app.truancy.law.rule import Of, Predicate, Repeat, Rule, Span, Threshold, Unit, in_order
from app.truancy.law.schedule import Enrollment, SchoolDay, SchoolYear
from app.truancy.law.traits import Trait

GRADES = ["PK", "TK", "KG", *(f"{number:02}" for number in range(1, 14))]
AWAY = Trait.ABSENT | Trait.SUSPENDED_OUT
ONE_DAY = timedelta(days=1)
NOTHING = Fraction(0)


@dataclass(frozen=True)
class Told:
    """What must be the same of a firing."""

    rule: str
    version: str
    window: str
    ordinal: int
    trigger: date
    evidence: tuple[Mark, ...]
    total: Fraction
    out_of: int | None
    blocked: tuple[tuple[str, str], ...]
    excluded: tuple[str, ...]
    #: Ids of the records of earlier schools.
    prior: tuple[str, ...] = ()


def told(firing: Firing) -> Told:
    """What the engine says, to be compared."""
    return Told(
        firing.rule.id,
        firing.rule.sha256,
        firing.window,
        firing.ordinal,
        firing.trigger,
        firing.evidence,
        Fraction(firing.total),
        firing.out_of,
        tuple((one.why, one.about) for one in firing.blocked),
        firing.excluded,
        tuple(one.id for one in firing.prior),
    )


def expected(rules: Sequence[Rule], facts: StudentFacts, seen_on: date) -> list[Told]:
    """Everything that fires, in no order that matters."""
    student = Student(facts, seen_on)
    for rule in in_order(rules):
        versions = [one for one in rules if one.id == rule.id]
        if rule is versions[0]:
            student.fired[rule.id] = _firings(versions, student)
    return [one for firings in student.fired.values() for one in firings]


class Student:
    """A register, looked up day by day."""

    def __init__(self, facts: StudentFacts, seen_on: date) -> None:
        self.facts = facts
        self.seen_on = seen_on
        self.fired: dict[str, list[Told]] = {}
        self.enrollments: list[Enrollment] = []
        for stretch in facts.schedule.stretches:
            if stretch.enrollment not in self.enrollments:
                self.enrollments.append(stretch.enrollment)
        self.marks: dict[date, list[Mark]] = {}
        for mark in sorted(facts.marks, key=lambda mark: (mark.day, mark.slot)):
            self.marks.setdefault(mark.day, []).append(mark)
        planned = sorted({day for one in self.enrollments for day in one.calendar.days})
        self.at = {day: self.enrollment(day) for day in planned}
        self.days_off = [
            day for day, there in self.at.items() if there and there.calendar.planned(day) and self.off(day)
        ]
        #: The days that may count at all.
        self.days = [day for day in planned if self.expected(day)]

    def enrollment(self, day: date) -> Enrollment | None:
        """The one that counts on that day: the primary one, else the one that began later."""
        there = [
            one for one in self.enrollments if one.entry <= day and (one.exit is None or day <= one.exit)
        ]
        return max(there, key=lambda one: (one.primary, one.entry), default=None)

    def expected(self, day: date) -> SchoolDay | None:
        """How long the student was expected; None if not, or if nobody knows yet."""
        if day > self.facts.current_to or self.off(day):
            return None
        there = self.at.get(day)
        return there.calendar.planned(day) if there else None

    def off(self, day: date) -> bool:
        """True if the register says that they were not expected after all."""
        return any(mark.traits & Trait.NOT_EXPECTED for mark in self.marks.get(day, []))

    def year(self, day: date) -> SchoolYear:
        there = self.at[day]
        assert there is not None
        return next(year for year in there.calendar.years if year.begins <= day <= year.ends)


# --- one day -----------------------------------------------------------------------------------------------------


def qualifying(rule: Rule, student: Student, day: date) -> list[Mark]:
    """The marks of that day that the rule is about."""
    if not _of_age(rule, student, day) or not _in_grade(rule, student):
        return []
    return [
        mark
        for mark in student.marks.get(day, [])
        if mark.traits & rule.count.traits and not mark.traits & rule.count.but
    ]


def _of_age(rule: Rule, student: Student, day: date) -> bool:
    born = student.facts.born
    if rule.scope.ages is None or born is None:
        return True
    age = day.year - born.year - (1 if (day.month, day.day) < (born.month, born.day) else 0)
    return rule.scope.ages[0] <= age <= rule.scope.ages[1]


def _in_grade(rule: Rule, student: Student) -> bool:
    if rule.scope.grades is None or student.facts.grade not in GRADES:
        return True
    first, last = rule.scope.grades
    return GRADES.index(first) <= GRADES.index(student.facts.grade) <= GRADES.index(last)


def missed(mark: Mark, planned: SchoolDay) -> Fraction:
    """Minutes."""
    if mark.minutes is not None:
        return Fraction(min(mark.minutes, planned.minutes))
    if not mark.traits & AWAY:
        return Fraction(0)
    if mark.slot == "DAY":
        return Fraction(planned.minutes)
    if mark.slot in ("AM", "PM"):
        return Fraction(planned.minutes, planned.sessions)
    return Fraction(planned.minutes, planned.periods)


def amount(rule: Rule, student: Student, day: date) -> tuple[Fraction, list[Mark]]:
    """What the day counts for, and the marks for which it does."""
    planned = student.expected(day)
    if planned is None:
        return Fraction(0), []
    found = qualifying(rule, student, day)
    total, behind = Fraction(0), set[Mark]()
    for unit in rule.count.units if found else ():
        more, by = _in_unit(unit, rule, found, planned)
        total += more
        behind.update(by if more else ())
    if rule.count.cap_per_day is not None:
        total = min(total, _in_minutes(rule, rule.count.cap_per_day))
    return total, sorted(behind, key=lambda mark: mark.slot)


def _in_unit(unit: Unit, rule: Rule, found: list[Mark], planned: SchoolDay) -> tuple[Fraction, list[Mark]]:
    whole = [mark for mark in found if mark.slot == "DAY"]
    halves = [mark for mark in found if mark.slot in ("AM", "PM")]
    lessons = [mark for mark in found if mark not in whole and mark not in halves]
    speaking = whole or found
    minutes = min(
        sum((missed(mark, planned) for mark in speaking), start=Fraction(0)), Fraction(planned.minutes)
    )
    match unit:
        case Unit.DAY_ANY:
            return Fraction(1), speaking
        case Unit.DAY_FULL:
            return Fraction(1 if minutes >= rule.count.full_share * planned.minutes else 0), speaking
        case Unit.DAY_FRAC:
            share = minutes / planned.minutes
            step = rule.count.step
            return Fraction(share // step * step if step else share), speaking
        case Unit.HOUR:
            return minutes, speaking
        case Unit.OCCASION:
            least = rule.count.over_minutes
            long = [mark for mark in speaking if least is None or missed(mark, planned) > least]
            return Fraction(len(long)), long
        case Unit.PERIOD:
            return _parts(lessons, whole, planned.periods)
        case Unit.SESSION:
            return _parts(halves, whole, planned.sessions)


def _parts(parts: list[Mark], whole: list[Mark], of: int) -> tuple[Fraction, list[Mark]]:
    if parts:
        return Fraction(len(parts)), parts
    for mark in whole:
        return Fraction(of if mark.traits & AWAY else 1), whole
    return Fraction(0), []


class Amounts:
    """What each day counts for under a rule: by its marks, or by what fired on it if the rule counts that."""

    def __init__(self, rule: Rule, student: Student) -> None:
        per_day = {day: _amount_at(rule, student, day) for day in student.days}
        self.brought = brought(rule, student)
        #: Only days that count for something.
        self.by_day = {day: one for day, one in per_day.items() if one[0]}

    def on(self, day: date) -> Fraction:
        return self.by_day[day][0] if day in self.by_day else NOTHING


def _amount_at(rule: Rule, student: Student, day: date) -> tuple[Fraction, list[Mark]]:
    if not rule.count.reports:
        return amount(rule, student, day) if day in student.marks else (Fraction(0), [])
    if not _of_age(rule, student, day) or not _in_grade(rule, student):
        return Fraction(0), []
    reported = [
        one
        for id in rule.count.reports
        for one in student.fired.get(id, [])
        if one.trigger == day and not one.blocked
    ]
    total = Fraction(len(reported))
    if rule.count.cap_per_day is not None:
        total = min(total, Fraction(rule.count.cap_per_day))
    return total, sorted({one.evidence[-1] for one in reported})


# --- records of earlier schools ------------------------------------------------------------------------------------


def brought(rule: Rule, student: Student) -> list[tuple[Prior, Fraction]]:
    """Those that a rule may count at all, and for how much; by their last days."""
    if not rule.count.prior:
        return []
    found = []
    for paper in sorted(student.facts.prior, key=lambda one: (one.last, one.first, one.id)):
        days = [paper.first + number * ONE_DAY for number in range((paper.last - paper.first).days + 1)]
        was_here = any(student.enrollment(day) for day in days)
        in_scope = _in_grade(rule, student) and all(_of_age(rule, student, day) for day in days)
        much = NOTHING if was_here or not in_scope else _as_counted(rule, paper)
        found += [(paper, much)] if much else []
    return found


def _as_counted(rule: Rule, paper: Prior) -> Fraction:
    asked = rule.count.traits
    kind = Trait.TARDY if paper.unit == "late" else Trait.ABSENT
    number = Fraction(0)
    number += Fraction(paper.unexcused) if asked & (kind | Trait.UNEXCUSED) else 0
    number += Fraction(paper.excused) if asked & (kind | Trait.EXCUSED) else 0
    number += Fraction(paper.unknown) if asked & (kind | Trait.UNKNOWN) else 0
    units, cap = rule.count.units, rule.count.cap_per_day
    if paper.unit == "day":
        # A whole day is one of what days are counted in, and one occasion. Of lessons and hours nothing is known.
        one = Fraction(len([unit for unit in units if unit.startswith("day") or unit is Unit.OCCASION]))
        return number * (one if cap is None else min(one, Fraction(cap)))
    if cap is not None:
        return NOTHING
    total = NOTHING
    for unit in units:
        match paper.unit, unit:
            case "half_day", Unit.SESSION:
                total += number
            case "half_day", Unit.DAY_FRAC:
                step = rule.count.step
                total += number * (Fraction(Fraction(1, 2) // step) * step if step else Fraction(1, 2))
            case "hour", Unit.HOUR:
                total += number * 60
            case "late", Unit.OCCASION:
                total += number if rule.count.over_minutes is None else 0
    return total


# --- windows -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Over:
    """One window, as it is on a day: its name, and the days from which to which."""

    name: str
    first: date
    last: date
    #: Only days under this enrollment.
    only: Enrollment | None = None
    #: Marks before this day were used.
    unused_from: date = date.min

    def days(self, student: Student, up_to: date) -> list[date]:
        """Those on which the student was expected."""
        first, last = self.first, min(self.last, up_to)
        return [
            day
            for day in student.days
            if first <= day <= last and (self.only is None or student.at[day] is self.only)
        ]


def _windows(rule: Rule, student: Student, day: date) -> list[Over]:
    """Those with a beginning and an end that the day is in."""
    window, year, there = rule.window, student.year(day), student.at[day]
    assert there is not None
    match window.span:
        case Span.SCHOOL_YEAR:
            return [Over(year.name, *_of_all_schools(student, year.name))]
        case Span.SINCE_ENROLLMENT:
            first = max(there.entry, year.begins)
            return [Over(f"{year.name}@{there.school}:{first}", first, year.ends, only=there)]
        case Span.CALENDAR_MONTH:
            first = day.replace(day=1)
            last = (first + timedelta(days=31)).replace(day=1) - ONE_DAY
            return [Over(f"{day:%Y-%m}", max(first, year.begins), min(last, year.ends))]
        case Span.SCHOOL_MONTH:
            weeks = sorted({_monday(one) for one in there.calendar.days if year.begins <= one <= year.ends})
            number = weeks.index(_monday(day)) // window.length
            own = weeks[number * window.length : (number + 1) * window.length]
            return [Over(f"{year.name}/m{number + 1}", own[0], own[-1] + timedelta(days=6))]
        case Span.FIXED:
            assert window.first
            assert window.last
            name = f"{window.first}..{window.last}"
            return [Over(name, window.first, window.last)] if window.first <= day <= window.last else []
        case Span.SINCE:
            return [
                Over(f"{one.window}/{one.ordinal}", one.trigger + ONE_DAY, year.ends)
                for one in student.fired.get(window.since, [])
                if one.trigger < day and student.year(one.trigger).name == year.name
            ]
    raise AssertionError(window.span)


def _of_all_schools(student: Student, name: str) -> tuple[date, date]:
    """The year goes on at the next school, even where that one's begins on another day."""
    years = [year for one in student.enrollments for year in one.calendar.years if year.name == name]
    return min(year.begins for year in years), max(year.ends for year in years)


def _sliding(
    rule: Rule, student: Student, amounts: Amounts, day: date, firings: Sequence[Told]
) -> Over | None:
    """What of a rolling window, or of the run of days that ends on that day, was not used before."""
    year = student.year(day)
    used = max((one.trigger for one in firings), default=None)
    if rule.window.span is Span.ROLLING:
        first = _back(rule, student, day)
        return Over(year.name, first, day, unused_from=used + ONE_DAY if used else first)
    first = _run(student, amounts, day)
    return Over(year.name, first, day) if used is None or used < first else None


def _run(student: Student, amounts: Amounts, day: date) -> date:
    """The first of the days in a row."""
    first = day
    for one in reversed([one for one in student.days if one <= day]):
        if student.year(one).name != student.year(day).name or not amounts.on(one):
            break
        first = one
    return first


def _back(rule: Rule, student: Student, day: date) -> date:
    window, year = rule.window, student.year(day)
    before = [one for one in student.days if one <= day]
    match window.of:
        case "calendar_day":
            first = day - timedelta(days=window.length - 1)
        case "calendar_month":
            first = _months_before(day, window.length) + ONE_DAY
        case "school_day":
            first = before[-window.length :][0]
        case "school_week":
            first = sorted({_monday(one) for one in before})[-window.length :][0]
        case _:
            raise AssertionError(window.of)
    return first if window.cross_year else max(first, year.begins)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("Every month has 28 days.")


# --- firing ------------------------------------------------------------------------------------------------------


def _firings(versions: Sequence[Rule], student: Student) -> list[Told]:
    firings: list[Told] = []
    amounts = {rule.sha256: Amounts(rule, student) for rule in versions}
    for day in student.days:
        for rule in versions:
            if rule.effective <= day and (rule.until is None or day <= rule.until):
                counts = amounts[rule.sha256]
                if rule.window.span in (Span.ROLLING, Span.RUN):
                    over = _sliding(rule, student, counts, day, firings) if counts.on(day) else None
                    firings += _fires(rule, student, counts, day, over, firings) if over else []
                elif counts.by_day:
                    for over in _windows(rule, student, day):
                        if counts.on(day) or _first_said(rule, student, day, over):
                            firings += _fires(rule, student, counts, day, over, firings)
    return firings


def _fires(
    rule: Rule, student: Student, amounts: Amounts, day: date, over: Over, firings: Sequence[Told]
) -> list[Told]:
    counted = [one for one in over.days(student, day) if one >= over.unused_from and amounts.on(one)]
    papers = [
        (one, much)
        for one, much in amounts.brought
        if over.first <= one.first and one.last <= over.last and over.unused_from <= one.last < day
    ]
    total = sum((amounts.on(one) for one in counted), Fraction(0)) + sum(much for _, much in papers)
    out_of = _out_of(rule, student, day, over)
    if not _too_much(rule, total, out_of) or (rule.repeat is Repeat.ONCE and firings):
        return []
    here = [one for one in firings if one.window == over.name]
    begins_with_itself = rule.window.span in (Span.ROLLING, Span.RUN)
    if here and not begins_with_itself:
        last = here[-1].trigger
        before = sum((amounts.on(one) for one in counted if one <= last), Fraction(0))
        before += sum(much for one, much in papers if one.last < last)
        if rule.repeat is Repeat.PER_WINDOW:
            return []
        if rule.repeat is Repeat.EACH and total < before + _in_minutes(rule, rule.each):
            return []
        counted = [one for one in counted if one > last]
        papers = [(one, much) for one, much in papers if one.last >= last]
    return [
        Told(
            rule.id,
            rule.sha256,
            over.name,
            len(here) + 1,
            day,
            tuple(mark for one in counted for mark in amounts.by_day[one][1]),
            total,
            out_of,
            _blocked(rule, student, day),
            tuple(name for name in rule.scope.exclude if name in _flags_on(student, day)),
            tuple(one.id for one, _ in papers),
        )
    ]


def _in_minutes(rule: Rule, number: Fraction | int) -> Fraction:
    """Hours are counted in minutes."""
    return Fraction(number * 60 if Unit.HOUR in rule.count.units else number)


def _too_much(rule: Rule, total: Fraction, out_of: int | None) -> bool:
    threshold = rule.threshold
    if threshold.n is not None:
        least = _in_minutes(rule, threshold.n)
    else:
        assert out_of is not None
        assert threshold.percent is not None
        if out_of < threshold.least and threshold.of is not Of.FIXED:
            return False
        least = Fraction(threshold.percent) * out_of / 100
    return total > least if threshold.over else total >= least


def _out_of(rule: Rule, student: Student, day: date, over: Over) -> int | None:
    threshold, there, year = rule.threshold, student.at[day], student.year(day)
    assert there is not None
    days = there.calendar.days
    match threshold.of:
        case None:
            return None
        case Of.FIXED:
            return threshold.fixed
        case Of.REQUIRED_MINUTES:
            planned = [there.calendar.planned(one) for one in days if year.begins <= one <= year.ends]
            return year.required_minutes or sum(one.minutes for one in planned if one)
        case Of.ENROLLED_DAYS:
            return len(_without_less(threshold, student, over.days(student, day)))
        case Of.WINDOW_DAYS:
            # All that the school was open, whether the student was there yet or not.
            open_days = [one for one in days if over.first <= one <= day and one not in student.days_off]
            return len(_without_less(threshold, student, open_days))


def _without_less(threshold: Threshold, student: Student, days: list[date]) -> list[date]:
    return [
        day
        for day in days
        if not threshold.less
        or not any(mark.traits & threshold.less for mark in student.marks.get(day, []))
        or day not in student.days
    ]


def _first_said(rule: Rule, student: Student, day: date, over: Over) -> bool:
    """True on the day on which a share of days first says something."""
    if rule.threshold.of not in (Of.ENROLLED_DAYS, Of.WINDOW_DAYS):
        return False
    least = rule.threshold.least
    if least <= 1 or (_out_of(rule, student, day, over) or 0) < least:
        return False
    before = over.days(student, day)[:-1]
    # Enrolled days only grow; those of a window are fewer again at a school that opened later.
    asked = before[-1:] if rule.threshold.of is Of.ENROLLED_DAYS else before
    return all((_out_of(rule, student, one, over) or 0) < least for one in asked)


# --- what stands in its way --------------------------------------------------------------------------------------


def _blocked(rule: Rule, student: Student, day: date) -> tuple[tuple[str, str], ...]:
    found = []
    if rule.scope.ages and student.facts.born is None:
        found.append(("age_not_known", ""))
    if rule.scope.grades and student.facts.grade not in GRADES:
        found.append(("grade_not_known", ""))
    for one in rule.when:
        why = _unmet(one, student, day)
        found += [why] if why else []
    return tuple(found)


def _unmet(one: Predicate, student: Student, trigger: date) -> tuple[str, str] | None:
    about = one.about[0] if one.about else ""
    year = student.year(trigger)
    case = list(student.facts.case)
    this_year = [event for event in case if year.begins <= event.on <= year.ends]
    before = [fired for fired in student.fired.get(about, []) if year.begins <= fired.trigger <= year.ends]
    since = before[0].trigger if before else date.max
    match one.name:
        case "fired":
            return None if before else ("not_fired", about)
        case "conference_attempted_after":
            efforts = [event.on for event in case if event.kind.startswith("conference_")]
            tried = any(on >= since for on in efforts)
            return None if tried else ("conference_not_attempted", about)
        case "conference_date_passed":
            held = any(
                event.kind == "conference_held" and since <= event.on < student.seen_on for event in case
            )
            return None if held else ("conference_date_not_passed", about)
        case "delivered":
            known = any(event.kind == "delivered" and event.rule == about for event in this_year)
            return None if known else ("not_delivered", about)
        case "done":
            known = any(event.kind == "done" and event.name == about for event in this_year)
            return None if known else ("not_done", about)
        case "plan_failed":
            return (
                None if any(event.kind == "plan_failed" for event in this_year) else ("plan_not_failed", "")
            )
        case "attested" | "not_attested":
            known = any(event.kind == "attested" and event.name == about for event in this_year)
            if one.name == "attested":
                return None if known else ("not_attested", about)
            return ("attested", about) if known else None
        case "not_excluded":
            flags = _flags_on(student, trigger)
            return ("excluded", min(flags)) if flags else None
        case "unused_marks_only":
            return None
        case "fewer_than":
            most, kind, years = int(one.about[0]), one.about[1], int(one.about[2].rstrip("y"))
            first = _months_before(trigger, 12 * years)
            counts = [
                len([e for e in case if (e.kind, e.name) == (kind, parent) and first < e.on <= trigger])
                for parent in student.facts.parents
            ]
            return ("too_many", kind) if counts and all(count >= most for count in counts) else None
    raise AssertionError(one.name)


def _flags_on(student: Student, day: date) -> list[str]:
    flags = student.facts.flags
    return [flag.name for flag in flags if flag.first <= day and (flag.last is None or day <= flag.last)]


def sorted_told(found: Iterable[Told]) -> list[Told]:
    return sorted(found, key=lambda one: (one.rule, one.window, one.ordinal))
