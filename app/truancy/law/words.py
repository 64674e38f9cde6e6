"""Rules in plain words: for the clerk who asks why a letter went out, and for the counsel who signs a rule."""

from datetime import date
from fractions import Fraction
from typing import Final

from app.truancy.law.firing import Blocked
from app.truancy.law.rule import Amount, Count, Duty, Of, Predicate, Repeat, Retract, Rule, Span, Unit
from app.truancy.law.traits import Traits, named, names_of

#: Whole combinations first: the office says "unexcused", and not "absent or unexcused".
_TRAITS: Final = (
    (named(["absent", "suspended_out"]), "absent for any reason, suspension out of school included"),
    (named(["unexcused", "unknown"]), "without excuse, or for a reason nobody gave"),
    (named(["unexcused"]), "without excuse"),
    (named(["excused"]), "with an excuse"),
    (named(["absent"]), "absent for any reason"),
)
_UNITS: Final = {
    Unit.DAY_ANY: "each day on which any part of it was missed",
    Unit.DAY_FULL: "each full day missed",
    Unit.DAY_FRAC: "days missed, parts of days as parts",
    Unit.OCCASION: "each time",
    Unit.PERIOD: "each lesson missed",
    Unit.SESSION: "each session missed",
    Unit.HOUR: "the hours missed",
}
_NOUNS: Final = {
    Unit.DAY_ANY: "days",
    Unit.DAY_FULL: "days",
    Unit.DAY_FRAC: "days",
    Unit.OCCASION: "times",
    Unit.PERIOD: "lessons",
    Unit.SESSION: "sessions",
    Unit.HOUR: "hours",
}
_OF: Final = {
    "calendar_day": "calendar days, both ends included",
    "calendar_month": "calendar months",
    "school_week": "weeks with school",
    "school_day": "school days",
}
_SHARES: Final = {
    Of.ENROLLED_DAYS: "the days on which they were expected",
    Of.WINDOW_DAYS: "the school days of that time",
    Of.REQUIRED_MINUTES: "the hours required in the school year",
}
#: Each duty as the office says it.
DUTIES: Final = {
    "report": "Report",
    "notice": "Send notice",
    "consider_sarb": "Consider a referral to the attendance review board",
    "prevention_measure": "Take a truancy prevention measure",
    "referral": "Refer",
    "offer_conference": "Offer an attendance improvement conference, in writing",
    "written_plan": "Write down the plan agreed on",
    "conference": "Hold a conference",
    "assessment_warns": "Take data-informed steps (WARNS in middle and high school)",
    "agreement_or_board": "Agreement, engagement board or petition",
    "petition": "File a petition",
    "supportive_services": "Offer supportive services",
    "home_contact": "Make contact at home",
    "child_study_team": "Call the child study team",
    "direct_contact": "Make direct contact with the parent",
    "attendance_plan": "Make a plan to resolve the absences",
    "schedule_conference": "Schedule a conference",
    "hold_conference": "Hold the conference",
    "action_plan": "Make an action plan",
    "court_determination": "Decide about court referral",
    "attendance_review_team": "Call the attendance review team",
    "decide_notice": "Decide whether a penalty notice is issued",
    "offer_counseling": "Offer counseling",
}
_TO: Final = {
    "parent": "to a parent",
    "each_parent": "to each parent",
    "principal": "to the principal",
    "attendance_supervisor": "to the attendance supervisor",
}
#: What a notice must say, as a line of a checklist.
CONTENTS: Final = {
    "is_truant": "that the pupil is a truant",
    "duty_to_compel": "the parent's duty to compel attendance",
    "alternative_programs": "that alternative programs exist",
    "right_to_meet": "the right to meet with the staff",
    "mental_health_services": "that mental health and supportive services may be available",
    "staff_available": "that staff is there to plan with the family",
    "ten_percent_research": "that missing a tenth of the days, for any reason, harms learning",
    "board_name": "the name of the board",
    "board_address": "the address of the board",
    "reason": "the reason of the referral",
    "must_attend": "that pupil, parent and referrer are to come",
    "duty_to_monitor": "the duty to monitor attendance and require it",
    "prevention_measures": "that truancy prevention measures apply",
    "conference_request": "the request for a conference",
    "violation": "the violation",
    "consequences_if_habitual": "what follows from becoming habitually truant",
    "language_of_parent": "all of it in the parent's language",
    "consequences": "what follows from more absences",
    "interventions_list": "each intervention that was tried",
    "assessments": "the assessments made",
    "truancy_information": "what is known of the truancy",
    "attendance_record": "the attendance record and the absences it is about",
    "benefits_and_duty": "what regular attendance is good for, and the parent's duty (Education Act 1996, section 7)",
    "support_so_far": "the support given so far",
    "support_on_offer": "further support, and that support which was not taken up is still there",
    "penalty_warning": "that a penalty notice may be issued, or prosecution considered, if attendance does not improve",
    "improvement_period": "from when to when it is to improve, three to six weeks",
    "sufficient_improvement": "what is improvement enough in that time",
    "penalty_before_its_end": "for what a penalty notice may be issued before that time is over",
}
FLAGS: Final = {
    "pregnant": "pregnant",
    "foster": "in foster care",
    "homeless": "homeless",
    "severe_illness": "severely ill",
    "academic_plan": "under an academic plan",
}
_BLOCKED: Final = {
    "not_fired": "{about} has not fired this school year.",
    "conference_not_attempted": "No conference was attempted since the first report.",
    "conference_date_not_passed": "The date of the conference has not passed.",
    "not_delivered": "The notice before this one was not delivered.",
    "not_done": "Not done yet: {duty}.",
    "plan_not_failed": "The plan has not failed.",
    "not_attested": "Nobody has confirmed that {about} was complied with.",
    "attested": "Somebody has confirmed: {about}.",
    "excluded": "The student is {flag}.",
    "too_many": "There were as many as the law allows.",
    "age_not_known": "The date of birth is not known.",
    "grade_not_known": "The grade is not known.",
}


#: Of a rule that counts records of an earlier school.
WITH_RECORDS: Final = (
    "A confirmed record of an earlier school counts, too, where all of its time lies within that of the rule."
)


def counted(rule: Rule) -> str:
    """What the rule counts: "Counts each full day missed, without excuse.\""""
    count = rule.count
    if count.reports:
        return f"Counts reports under {' and '.join(count.reports)}."
    what = " or ".join(_unit(count, unit) for unit in count.units)
    cap = f"; a day counts for {_number(count.cap_per_day)} at most" if count.cap_per_day else ""
    but = f", but not {_traits(count.but)}" if count.but else ""
    prior = f" {WITH_RECORDS}" if count.prior else ""
    return f"Counts {what}, {_traits(count.traits)}{but}{cap}.{prior}"


def within(rule: Rule) -> str:
    """Over what time it is counted."""
    window = rule.window
    if window.span is Span.ROLLING:
        years = ", over the end of a school year too" if window.cross_year else ", within a school year"
        return f"Within any {window.length} {_OF[window.of]}{years}."
    if window.span is Span.SCHOOL_MONTH:
        return f"Within a school month of {window.length} weeks."
    if window.span is Span.SINCE:
        return f"From the day after {window.since} fired to the end of the school year."
    if window.span is Span.FIXED and window.first and window.last:
        return f"From {window.first} to {window.last}."
    return {
        Span.SCHOOL_YEAR: "Within a school year.",
        Span.SINCE_ENROLLMENT: "From the enrollment on, within a school year.",
        Span.CALENDAR_MONTH: "Within a calendar month.",
        Span.RUN: "On school days in a row.",
    }[window.span]


def fires(rule: Rule) -> str:
    """At how much it fires, and how often."""
    often = {
        Repeat.ONCE: "once",
        Repeat.PER_WINDOW: "once in that time",
        Repeat.EVERY: "at each one from there on",
        Repeat.EACH: f"and again at each further {rule.each}"
        if rule.each > 1
        else "and again at each further one",
    }[rule.repeat]
    return f"Fires at {_much(rule)}, {often}."


def _much(rule: Rule) -> str:
    threshold = rule.threshold
    before, after = ("more than ", "") if threshold.over else ("", " or more")
    if threshold.n is not None:
        noun = "reports" if rule.count.reports else _NOUNS[rule.count.units[0]]
        return f"{before}{_number(threshold.n)} {noun if threshold.n != 1 else noun.removesuffix('s')}{after}"
    assert threshold.percent is not None, "A threshold is a number or a share."
    of = f"{threshold.fixed} days" if threshold.of is Of.FIXED else _SHARES[threshold.of or Of.ENROLLED_DAYS]
    least = f", once they are {threshold.least}" if threshold.least > 1 else ""
    return f"{before}{_number(threshold.percent)} %{after} of {of}{least}"


def came_to(rule: Rule, total: Amount, out_of: int | None) -> str:
    """What was counted: "3 days", "12.5 hours", "4 days, 12.9 % of 31"."""
    in_hours = not rule.count.reports and rule.count.units[0] is Unit.HOUR
    much = Fraction(total) / 60 if in_hours else total
    noun = "reports" if rule.count.reports else _NOUNS[rule.count.units[0]]
    told = f"{_number(much)} {noun if much != 1 else noun.removesuffix('s')}"
    if not out_of:
        return told
    whole = Fraction(out_of) / 60 if in_hours else out_of
    return f"{told}, {float(Fraction(total) * 100 / out_of):.1f} % of {_number(whole)}"


def for_whom(rule: Rule) -> str:
    """To whom it applies; "" if to everybody."""
    scope = rule.scope
    told = []
    if scope.ages:
        told.append(f"from {scope.ages[0]} to {scope.ages[1]} years of age")
    if scope.grades:
        told.append(f"in grades {_grade(scope.grades[0])} to {_grade(scope.grades[1])}")
    whole = f"Students {', '.join(told)}." if told else ""
    if scope.exclude:
        flags = [FLAGS[flag] for flag in scope.exclude]
        whole += f" Whoever is {_or(flags)} is for a person to look at."
    return whole.strip()


def owed(duty: Duty) -> str:
    """A duty with whom it is owed to and by when."""
    told = " ".join(part for part in (DUTIES[duty.do], _TO.get(duty.to, "")) if part)
    if duty.due is not None:
        unit = "school day" if duty.unit == "school_day" else "calendar day"
        begins = {"trigger_mark": "that day", "detected": "when it was found", "delivered": "delivery"}[
            duty.begins
        ]
        told += f", within {duty.due} {unit}{'s' if duty.due > 1 else ''} of {begins}"
    if duty.due_before_count is not None:
        told += f", before the count comes to {duty.due_before_count}"
    if duty.attempts > 1:
        told += f", {duty.attempts} attempts"
    if duty.then:
        told += ", then by certified or first-class mail"
    return told + (". A person decides." if duty.approve else ".")


def must_say(duty: Duty) -> list[str]:
    """What the notice must contain, line by line."""
    return [CONTENTS[one] for one in duty.contents]


def when_later_excused(rule: Rule) -> str:
    """What becomes of it when later facts do not support it any more."""
    return {
        Retract.CANCEL_UNSENT: "If an excuse comes later: what has not left is cancelled.",
        Retract.CANCEL_AND_CORRECT: (
            "If an excuse comes later: what has not left is cancelled, what has left is corrected."
        ),
        Retract.KEEP: "If an excuse comes later: it stays on record, and a person decides.",
    }[rule.retract]


def condition(one: Predicate) -> str:
    """A condition as the rule states it."""
    about = one.about[0] if one.about else ""
    return {
        "fired": f"{about} fired before",
        "delivered": f"the notice of {about} was delivered",
        "conference_attempted_after": f"a conference was attempted after {about}",
        "conference_date_passed": f"the date of the conference after {about} has passed",
        "done": f"done before: {DUTIES.get(about, about).lower()}",
        "attested": f"somebody confirmed that {about} was complied with",
        "not_attested": f"nobody confirmed: {about.replace('_', ' ')}",
        "not_excluded": "the student is in no excluded group",
        "plan_failed": "the plan failed",
        "unused_marks_only": "no mark stands behind a notice already",
        "fewer_than": f"fewer than {about} penalty notices for a parent and this child in three years",
    }[one.name]


def why_blocked(one: Blocked) -> str:
    """What stands in the way of what a firing asks for, as a sentence for whoever can mend it."""
    return _BLOCKED[one.why].format(
        about=one.about.replace("_", " "),
        duty=DUTIES.get(one.about, one.about).lower(),
        flag=FLAGS.get(one.about, one.about),
    )


def in_force(rule: Rule, day: date) -> bool:
    """True if it speaks for absences of that day."""
    return rule.effective <= day <= (rule.until or date.max)


def _unit(count: Count, unit: Unit) -> str:
    if unit is Unit.OCCASION and count.over_minutes is not None:
        return f"each time more than {count.over_minutes} minutes were missed"
    if unit is Unit.DAY_FULL and count.full_share != 1:
        return f"each day of which {_number(Fraction(count.full_share) * 100)} % or more was missed"
    return _UNITS[unit]


def _traits(traits: Traits) -> str:
    for whole, words in _TRAITS:
        if whole == traits:
            return words
    return _or([name.replace("_", " ") for name in names_of(traits)])


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _grade(code: str) -> str:
    return "K" if code == "KG" else code.lstrip("0")


def _number(value: Amount) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):g}"
