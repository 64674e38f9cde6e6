"""What a notice that a rule owes must be by law: what it says, by which ways it goes, and from what it follows."""

from datetime import date
from typing import Final

from app.core.expiring import today
from app.notices.models.notice import EMAIL, LETTER, SMS
from app.truancy.law.packs import pack, places, shipped
from app.truancy.law.rule import Rule
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.rule_activation import active_rules

NOTICE: Final = "notice"
#: The law asks that all of it be in the parent's language: so nobody may choose that it goes in English.
IN_THEIR_LANGUAGE: Final = "language_of_parent"
#: Not a passage: every notice is in the parent's language, or a person chose otherwise, who may only where no law asks.
BY_ITSELF: Final = frozenset({IN_THEIR_LANGUAGE})
MUST_BE_THEIRS: Final = (
    "The law asks for this notice in the family’s language ({authority}), so it does not go in English. Have it "
    "translated and approve that. Until then tell them with an interpreter, and write that into the case."
)
#: Rules whose law asks for writing (24 PS 13-1333; RC 3321.191 as it was; RCW 28A.225.020, which else has a call): a
#: line on a phone that points elsewhere is not taken for that.
IN_WRITING: Final = frozenset({"us-pa.truant", "us-oh.excessive.month", "us-wa.m1"})


def permitted(rule_id: str) -> tuple[str, ...]:
    """By what the law of a rule lets it be told; the letter last, which needs nobody's consent."""
    return (EMAIL, LETTER) if rule_id in IN_WRITING else (SMS, EMAIL, LETTER)


def contents(rule_id: str, day: date) -> list[str]:
    """What the law had the notice of a rule say on that day."""
    return [
        item
        for rule in _in_force(rule_id, day)
        for duty in rule.duties
        if duty.do == NOTICE
        for item in duty.contents
        if item not in BY_ITSELF
    ]


def must_be_theirs(rule_id: str, day: date) -> str:
    """Why the notice of a rule had to be in the family's language on that day, in a sentence; "" where it had not."""
    return next(
        (
            MUST_BE_THEIRS.format(authority="; ".join(rule.authority))
            for rule in _in_force(rule_id, day)
            for duty in rule.duties
            if duty.do == NOTICE and IN_THEIR_LANGUAGE in duty.contents
        ),
        "",
    )


def asks_for_certified_mail(rule_id: str) -> bool:
    """Whether what did not arrive goes on as certified mail."""
    return any(
        "certified" in duty.then
        for place in places()
        for rule in pack(place)
        if rule.id == rule_id
        for duty in rule.duties
        if duty.do == NOTICE
    )


def _in_force(rule_id: str, day: date) -> list[Rule]:
    return [rule for place in places() for rule in pack(place) if rule.id == rule_id and rule.in_force(day)]


def firing_of(duty: CaseDuty) -> Firing | None:
    """What the duty follows from; None where it was opened by hand."""
    return Firing.behind(duty.student_id, duty.rule_id, duty.window, duty.ordinal)


def title(rule_id: str) -> str:
    """How the district calls a rule."""
    titles = {rule.id: rule.title for rule in (*shipped(), *active_rules(today()))}
    return titles.get(rule_id, rule_id)
