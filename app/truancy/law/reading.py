"""Reads a file of rules: YAML held against rule.schema.json, then turned into Rules. A word nobody knows refuses it."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from app.truancy.law.prior import why_not_counted
from app.truancy.law.rule import (
    GRADES,
    Amount,
    Count,
    Duty,
    Of,
    Predicate,
    Repeat,
    Retract,
    Rule,
    Scope,
    Span,
    Threshold,
    Unit,
    Window,
    in_order,
    whole,
)
from app.truancy.law.traits import named

#: A pack of one state is some kilobytes.
MOST_BYTES: Final = 300_000
MOST_RULES: Final = 500
REPORT: Final = "report:"
SCHEMA: Final = Path(__file__).with_name("rule.schema.json")
#: The fields that say what a rule means. Where it was read and how it is called tell no version from another.
DECIDING: Final = (
    "id", "authority", "effective", "scope", "count", "window", "threshold", "when", "level", "duties",
    "repeat", "retract",
)  # fmt: skip


class NotARulebook(Exception):
    """The file cannot be taken as rules. `sentence` says where and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Loader(yaml.SafeLoader):
    """Days stay text: the grammar says how they are written. Aliases are refused, since they can multiply.

    So is a field that is written twice, of which YAML would keep the last.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise NotARulebook("The file uses YAML aliases. Write each rule out.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        found = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            names = [name.value for name, _ in node.value]
            twice = next((name for name in names if names.count(name) > 1), names[0])
            who = f"Rule {found['id']}" if "id" in found else f"Near line {node.start_mark.line + 1}"
            raise NotARulebook(f"{who}: {twice} is written twice.")
        return found


def rules_of(text: str) -> list[Rule]:
    """The rules of a file, each after those it needs. Raises NotARulebook with a sentence for whoever wrote it."""
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise NotARulebook(f"The file is larger than {MOST_BYTES:,} bytes.")
    try:
        written = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with less
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise NotARulebook(f"The file is not YAML{where}.") from None
    if not isinstance(written, list) or not 1 <= len(written) <= MOST_RULES:
        raise NotARulebook(f"The file must be a list of 1 to {MOST_RULES} rules.")
    _refuse_what_is_not_text_or_number(written)
    fault = best_match(_validator().iter_errors(written))
    if fault is not None:
        raise NotARulebook(_sentence(fault, written))
    rules = [_rule(one) for one in written]
    _refuse_what_contradicts(rules)
    try:
        return in_order(rules)
    except ValueError as error:
        raise NotARulebook(str(error)) from None


def _refuse_what_is_not_text_or_number(written: list[Any]) -> None:
    """YAML can write more than the grammar knows: bytes, sets, "not a number", half of a letter."""
    for at, one in enumerate(written):
        for field, value in one.items() if isinstance(one, Mapping) else [("it", one)]:
            try:
                json.dumps({field: value}, allow_nan=False, ensure_ascii=False).encode("utf-8")
            except (TypeError, ValueError, RecursionError):
                raise NotARulebook(
                    f"{_who(one, at)}: {str(field)[:60]!a} holds what is neither text nor a number."
                ) from None


def _who(rule: Any, at: int) -> str:
    name = rule.get("id") if isinstance(rule, Mapping) else None
    return f"Rule {name}" if isinstance(name, str) and name.isascii() else f"Rule number {at + 1}"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _sentence(fault: ValidationError, written: Any) -> str:
    path = list(fault.absolute_path)
    who = _who(written[path[0]], int(path[0]))
    field = ".".join(str(step) for step in path[1:])
    if fault.validator == "additionalProperties":
        unknown = sorted(str(name) for name in set(fault.instance) - set(fault.schema["properties"]))
        return f"{who}: {field or 'it'} has a field that is not known: {unknown[0]}."
    if fault.validator == "required":
        missing = next(one for one in fault.validator_value if one not in fault.instance)
        return f"{who}: {field or 'it'} lacks {missing}."
    return f"{who}: {field or 'it'} may not be {json.dumps(fault.instance, ensure_ascii=False)[:120]}."


def _refuse_what_contradicts(rules: list[Rule]) -> None:
    known: dict[str, list[Rule]] = {}
    for rule in rules:
        for other in known.setdefault(rule.id, []):
            if rule.effective <= (other.until or date.max) and other.effective <= (rule.until or date.max):
                raise NotARulebook(f"Two versions of rule {rule.id} are in force on the same day.")
        known[rule.id].append(rule)
    for rule in rules:
        for needed in sorted(rule.needs):
            if needed not in known:
                raise NotARulebook(f"Rule {rule.id} asks about rule {needed}, which the file does not have.")
        for wrong, why in _contradictions(rule):
            if wrong:
                raise NotARulebook(f"Rule {rule.id}: {why}.")


def _contradictions(rule: Rule) -> list[tuple[bool, str]]:
    """What each field allows and all of them together do not."""
    count, window, of = rule.count, rule.window, rule.threshold.of
    ages, grades = rule.scope.ages, rule.scope.grades
    hours = Unit.HOUR in count.units
    slides = window.span in (Span.ROLLING, Span.RUN)
    return [
        (rule.until is not None and rule.until < rule.effective, "effective ends before it begins"),
        (ages is not None and ages[1] < ages[0], "scope.ages end before they begin"),
        (
            grades is not None and GRADES.index(grades[1]) < GRADES.index(grades[0]),
            "scope.grades end before they begin",
        ),
        (bool(window.first and window.last and window.last < window.first), "window ends before it begins"),
        (rule.id in rule.needs, "it asks about itself"),
        (hours and len(count.units) > 1, "count.unit adds hours to what is not hours"),
        (len(set(count.units)) < len(count.units), "count.unit has a unit twice"),
        (
            count.over_minutes is not None and Unit.OCCASION not in count.units,
            "count.over_minutes needs the unit occasion",
        ),
        (bool(count.reports and count.traits), "count.traits counts marks or reports, not both"),
        (
            bool(count.reports) and count.units != (Unit.OCCASION,),
            "count.unit of reports is occasion",
        ),
        (
            count.prior and bool(why_not_counted(rule)),
            f"count.prior does not go here: {why_not_counted(rule)}",
        ),
        (of is Of.REQUIRED_MINUTES and not hours, "threshold.of required_minutes needs the unit hour"),
        (
            hours and of is not None and of is not Of.REQUIRED_MINUTES,
            "threshold.of days does not go with hours",
        ),
        (
            any(one.name == "unused_marks_only" for one in rule.when)
            and (rule.repeat is not Repeat.PER_WINDOW or not slides),
            "when: unused_marks_only needs a rolling window that fires once per window",
        ),
    ]


def _rule(one: Mapping[str, Any]) -> Rule:
    repeat, _, each = one["repeat"].partition(":")
    deciding = {field: one[field] for field in DECIDING if field in one}
    canonical = json.dumps(deciding, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Rule(
        id=one["id"],
        authority=tuple(one["authority"]),
        effective=_day(one, "effective.from", one["effective"]["from"]),
        until=_day(one, "effective.to", one["effective"]["to"]) if "to" in one["effective"] else None,
        scope=_scope(one.get("scope", {})),
        count=_count(one["count"]),
        window=_window(one, one["window"]),
        threshold=_threshold(one["threshold"]),
        when=tuple(_predicate(text) for text in one.get("when", ())),
        level=one["level"],
        duties=tuple(_duty(duty) for duty in one.get("duties", ())),
        repeat=Repeat(repeat),
        each=int(each or 0),
        retract=Retract(one["retract"]),
        sha256=hashlib.sha256(canonical.encode("utf-8")).hexdigest(),
        title=one.get("title", ""),
        text=one.get("text", ""),
        source=one.get("source", ""),
        retrieved=_day(one, "retrieved", one["retrieved"]) if "retrieved" in one else None,
        placeholder_date=one.get("placeholder_date", False),
    )


def _scope(given: Mapping[str, Any]) -> Scope:
    ages, grades = given.get("ages"), given.get("grades")
    return Scope(
        ages=(int(ages[0]), int(ages[1])) if ages else None,
        grades=(_grade(grades[0]), _grade(grades[1])) if grades else None,
        exclude=tuple(given.get("exclude", ())),
        instead=tuple(_duty(duty) for duty in given.get("instead", ())),
    )


def _grade(given: str | float) -> str:
    return {"K": "KG"}.get(given, given) if isinstance(given, str) else f"{int(given):02}"


def _count(given: Mapping[str, Any]) -> Count:
    words = given["traits"]
    units = given["unit"] if isinstance(given["unit"], list) else [given["unit"]]
    return Count(
        traits=named(word for word in words if not word.startswith(REPORT)),
        reports=tuple(word.removeprefix(REPORT) for word in words if word.startswith(REPORT)),
        units=tuple(Unit(unit) for unit in units),
        over_minutes=given.get("over_minutes"),
        full_share=_exactly(given.get("full_share", 1)),
        step=_exactly(given["step"]) if "step" in given else None,
        cap_per_day=_exactly(given["cap_per_day"]) if "cap_per_day" in given else None,
        but=named(given.get("but", ())),
        prior="prior" in given,
    )


def _window(rule: Mapping[str, Any], given: Any) -> Window:
    if isinstance(given, str):
        return Window(Span(given))
    if "school_month" in given:
        return Window(Span.SCHOOL_MONTH, length=int(given["school_month"]))
    if "rolling" in given:
        cross = given.get("cross_year", False)
        return Window(Span.ROLLING, length=int(given["rolling"]), of=given["of"], cross_year=cross)
    if "run" in given:
        return Window(Span.RUN)
    if "since" in given:
        return Window(Span.SINCE, since=given["since"])
    return Window(
        Span.FIXED,
        first=_day(rule, "window.fixed.from", given["fixed"]["from"]),
        last=_day(rule, "window.fixed.to", given["fixed"]["to"]),
    )


def _threshold(given: Mapping[str, Any]) -> Threshold:
    over = given["op"] == ">"
    if "n" in given:
        return Threshold(over, n=_exactly(given["n"]))
    of, _, fixed = given["of"].partition(":")
    return Threshold(
        over,
        percent=_exactly(given["pct"]),
        of=Of(of),
        fixed=int(fixed or 0),
        least=int(given.get("min_den", 1)),
        less=named(given["less"]) if "less" in given else 0,
    )


def _predicate(text: str) -> Predicate:
    name, _, about = text.partition("(")
    inside = about.removesuffix(")")
    # What is attested is one claim, commas and all.
    parts = [inside] if name in ("attested", "not_attested") else re.split(r", ?", inside)
    return Predicate(name, tuple(part for part in parts if part))


def _duty(given: Mapping[str, Any]) -> Duty:
    return Duty(
        do=given["do"],
        to=given.get("to", ""),
        due=int(given["due"]) if "due" in given else None,
        unit=given.get("unit", "school_day"),
        begins=given.get("from", "trigger_mark"),
        due_before_count=int(given["due_before_count"]) if "due_before_count" in given else None,
        contents=tuple(given.get("contents", ())),
        approve=given.get("approve", ""),
        attempts=int(given.get("attempts", 1)),
        then=given.get("then", ""),
    )


def _day(rule: Mapping[str, Any], field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotARulebook(f"Rule {rule['id']}: {field} {text} is not a day.") from None


def _exactly(given: float) -> Amount:
    return whole(Fraction(str(given)))
