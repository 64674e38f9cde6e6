"""What a district lays over a statutory rule: a lower threshold, earlier deadlines, more duties, its own name for it,
and that confirmed records of an earlier school are counted, too.

The statute is the floor. Whatever fires under it fires under an overlay too, on that day or before it: what would not
is refused with a sentence (`laid_over` raises Looser). So only thresholds go down, deadlines come closer, duties and
records are added; what else is counted, over what time, how often and of whom stays as the law says it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

from app.truancy.law.prior import why_not_counted
from app.truancy.law.rule import Amount, Duty, Rule, Span, whole
from app.truancy.law.words import DUTIES

MOST_DAYS: Final = 400
MOST_ADDED: Final = 6
MOST_HELD_BACK: Final = 50
NOTICE: Final = "notice"
LONGEST_TITLE: Final = 120
#: What takes a family to a board, a court or a penalty is for the law to ask for, and for no practice of a district.
FOR_THE_LAW_ALONE: Final = frozenset(
    {"referral", "consider_sarb", "petition", "court_determination", "decide_notice", "agreement_or_board"}
)
#: What a district may add, as the office says it.
MAY_BE_ADDED: Final = {word: said for word, said in DUTIES.items() if word not in FOR_THE_LAW_ALONE}
TO: Final = ("", "parent", "each_parent", "principal", "attendance_supervisor")
#: Conditions that may hold on a day and not on one before it, though nobody did anything.
_OF_THE_DAY: Final = frozenset({"not_excluded", "fewer_than"})


class Looser(Exception):
    """It would not be as strict as the law, or nobody can say that it is. `sentence` is for whoever wrote it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Added:
    """A duty of the district's own, beside those of the law."""

    do: str
    to: str = ""
    #: In school days from the trigger.
    due: int | None = None


@dataclass(frozen=True)
class Overlay:
    """What is laid over one rule. An empty one leaves it as the law has it."""

    #: In place of the threshold's number, or of its share.
    n: Amount | None = None
    percent: Amount | None = None
    #: Duties of the rule by their word, and the days that they are due in.
    due: tuple[tuple[str, int], ...] = ()
    added: tuple[Added, ...] = ()
    #: What the district calls it: "Letter 1".
    title: str = ""
    #: Of a notice that is the district's own: how many percent of the students it is held back from, drawn by lot, so
    #: that the district sees whether it helps. No other rule, and nothing that fires, depends on it.
    held_back: int = 0
    #: What confirmed records of an earlier school say is counted, too.
    prior: bool = False

    def written(self) -> dict[str, Any]:
        """As it is kept: plain JSON, only what it has."""
        told: dict[str, Any] = {}
        if self.n is not None:
            told["n"] = str(Fraction(self.n))
        if self.percent is not None:
            told["pct"] = str(Fraction(self.percent))
        if self.due:
            told["due"] = dict(self.due)
        if self.added:
            told["added"] = [{"do": one.do, "to": one.to, "due": one.due} for one in self.added]
        if self.title:
            told["title"] = self.title
        if self.held_back:
            told["held_back"] = self.held_back
        if self.prior:
            told["prior"] = "attested"
        return told

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Overlay":
        """What written() wrote. Raises ValueError for anything else."""
        unknown = set(told) - {"n", "pct", "due", "added", "title", "held_back", "prior"}
        if unknown:
            raise ValueError(f"An overlay has no field {min(unknown)}.")
        return cls(
            n=whole(Fraction(told["n"])) if "n" in told else None,
            percent=whole(Fraction(told["pct"])) if "pct" in told else None,
            due=tuple(sorted((word, int(days)) for word, days in told.get("due", {}).items())),
            added=tuple(Added(one["do"], one["to"], one["due"]) for one in told.get("added", ())),
            title=str(told.get("title", "")),
            held_back=int(told.get("held_back", 0)),
            prior="prior" in told,
        )


def laid_over(rule: Rule, overlay: Overlay, beside: Sequence[Rule] = ()) -> Rule:
    """The rule as the district practises it. `beside`: the other rules of its pack, some of which may follow on it.

    Raises Looser, with a sentence, for what is not as strict as the law.
    """
    _refuse_an_unlikely_title(overlay.title)
    _refuse_to_hold_back_what_the_law_asks_for(overlay)
    threshold, count = rule.threshold, rule.count
    if overlay.n is not None or overlay.percent is not None:
        _refuse_a_higher_threshold(rule, overlay)
        _refuse_what_would_move_others(rule, beside, _THRESHOLD)
        threshold = replace(threshold, n=overlay.n, percent=overlay.percent)
    if overlay.prior and not count.prior:
        _refuse_records_that_cannot_be_counted(rule)
        _refuse_what_would_move_others(rule, beside, _RECORDS)
        count = replace(count, prior=True)
    duties = (*_earlier(rule, dict(overlay.due)), *_added(rule, overlay.added))
    laid = replace(rule, threshold=threshold, count=count, duties=duties, title=overlay.title or rule.title)
    return replace(laid, sha256=_version(rule, overlay))


def between(rule: Rule, first: date, last: date | None) -> Rule | None:
    """The same rule, speaking only for what is triggered from the one day to the other; None if it has no such day.

    It stays the same version: what fired under it is known again after it has ended.
    """
    begins = max(rule.effective, first)
    ends = min(rule.until or date.max, last or date.max)
    if ends < begins:
        return None
    return replace(rule, effective=begins, until=None if ends == date.max else ends)


def text_sha256(rule: Rule) -> str:
    """Of all that counsel reads and confirms: what decides, and the law in plain words."""
    read = json.dumps([rule.sha256, rule.title, rule.text, rule.source], ensure_ascii=False)
    return hashlib.sha256(read.encode("utf-8")).hexdigest()


def _version(rule: Rule, overlay: Overlay) -> str:
    """A name is no other version, nor is a lot; an overlay that changes what follows is one."""
    deciding = replace(overlay, title="", held_back=0).written()
    if not deciding:
        return rule.sha256
    told = json.dumps([rule.sha256, deciding], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def _refuse_an_unlikely_title(title: str) -> None:
    if len(title) > LONGEST_TITLE or not title.isprintable():
        raise Looser(f"Write the name on one line, with at most {LONGEST_TITLE} characters.")


def _refuse_to_hold_back_what_the_law_asks_for(overlay: Overlay) -> None:
    if not overlay.held_back:
        return
    if NOTICE not in {one.do for one in overlay.added}:
        raise Looser(
            "Only a notice that your district adds can be held back from some: what the law has families told, "
            "each of them is told."
        )
    if not 0 < overlay.held_back <= MOST_HELD_BACK:
        raise Looser(f"Hold it back from 1 to {MOST_HELD_BACK} percent of the students.")


def _refuse_a_higher_threshold(rule: Rule, overlay: Overlay) -> None:
    law = rule.threshold
    if law.n is not None:
        given, asked, unit = overlay.n, law.n, ""
        if overlay.percent is not None or given is None:
            raise Looser("This rule counts to a number, so its threshold is a number and not a share.")
    else:
        assert law.percent is not None, "A threshold is a number or a share."
        given, asked, unit = overlay.percent, law.percent, " %"
        if overlay.n is not None or given is None:
            raise Looser("This rule asks for a share, so its threshold is a percentage.")
    if given <= 0:
        raise Looser("The threshold must be more than nought.")
    if given > asked:
        raise Looser(
            f"The law fires at {_said(asked)}{unit}, so {_said(given)}{unit} would be looser. "
            f"Write {_said(asked)}{unit} or less."
        )


def _refuse_records_that_cannot_be_counted(rule: Rule) -> None:
    why = why_not_counted(rule)
    if why:
        raise Looser(f"Records of an earlier school cannot be counted under this rule: {why}.")


def _refuse_what_would_move_others(rule: Rule, beside: Sequence[Rule], what: str) -> None:
    """A rule that follows on this one must not come later because this one comes earlier. `what` is laid over it."""
    window = rule.window
    followers = [one for one in beside if rule.id in one.needs and one.id != rule.id]
    if followers and window.span is Span.ROLLING and window.cross_year:
        raise Looser(_MOVES.format(what=what, other=followers[0].id))
    for one in followers:
        if window.span is Span.RUN or not (_begins_earlier(one, rule) and _counts_earlier(one, rule)):
            raise Looser(_MOVES.format(what=what, other=one.id))
        _refuse_what_would_move_others(one, [other for other in beside if other.id != rule.id], what)


_THRESHOLD: Final = "Another threshold here"
_RECORDS: Final = "Counting records of an earlier school"
_MOVES: Final = (
    "{what} could make rule {other} fire later than the law asks. So this one stays as the law has it."
)


def _begins_earlier(follower: Rule, rule: Rule) -> bool:
    """Of a window that begins after this one: a count can only grow with it, a share can shrink."""
    return follower.window.since != rule.id or follower.threshold.n is not None


def _counts_earlier(follower: Rule, rule: Rule) -> bool:
    """Of one that counts this one's firings: they stay in its window, and none is left out for its day."""
    if rule.id not in follower.count.reports:
        return True
    return (
        follower.window.span is Span.SCHOOL_YEAR
        and follower.threshold.n is not None
        and follower.count.cap_per_day is None
        and follower.scope.ages in (None, rule.scope.ages)
        and not any(one.name in _OF_THE_DAY for one in rule.when)
    )


def _earlier(rule: Rule, due: Mapping[str, int]) -> list[Duty]:
    for word in due:
        if word not in {duty.do for duty in rule.duties}:
            raise Looser("The law does not ask for that here. Add it as a duty of your own.")
    return [_due_in(duty, due[duty.do]) if duty.do in due else duty for duty in rule.duties]


def _due_in(duty: Duty, days: int) -> Duty:
    said = DUTIES[duty.do].lower()
    if duty.begins == "delivered":
        raise Looser(
            f"The clock of “{said}” begins with a delivery, so its deadline stays as the law has it."
        )
    if not 1 <= days <= MOST_DAYS:
        raise Looser(f"A deadline is 1 to {MOST_DAYS} days.")
    if duty.due is not None and days > duty.due:
        unit = duty.unit.replace("_", " ")
        raise Looser(
            f"The law gives {duty.due} {unit}s for “{said}”, so {days} would be looser. Write {duty.due} or fewer."
        )
    return replace(duty, due=days)


def _added(rule: Rule, added: Sequence[Added]) -> list[Duty]:
    if len(added) > MOST_ADDED:
        raise Looser(f"Add at most {MOST_ADDED} duties.")
    taken = {duty.do for duty in rule.duties}
    duties = []
    for one in added:
        if one.do not in DUTIES or one.to not in TO:
            raise Looser("Choose a duty from the list.")
        if one.do in FOR_THE_LAW_ALONE:
            raise Looser(f"“{DUTIES[one.do]}” is for the law to ask for. A district cannot add it.")
        if one.do in taken:
            raise Looser(f"“{DUTIES[one.do]}” is asked for already. Give it an earlier deadline instead.")
        if one.due is not None and not 1 <= one.due <= MOST_DAYS:
            raise Looser(f"A deadline is 1 to {MOST_DAYS} days.")
        taken.add(one.do)
        duties.append(Duty(one.do, to=one.to, due=one.due))
    return duties


def _said(value: Amount) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):g}"
