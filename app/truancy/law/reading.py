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

from app.truancy.law.rule import (
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
MOST_BYTES: Final = 1_000_000
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
    """Days stay text: the grammar says how they are written. Aliases are refused, since they can multiply."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise NotARulebook("The file uses YAML aliases. Write each rule out.")
        return super().compose_node(parent, index)


def rules_of(text: str) -> list[Rule]:
    """The rules of a file, each after those it needs. Raises NotARulebook with a sentence for whoever wrote it."""
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise NotARulebook(f"The file is larger than {MOST_BYTES:,} bytes.")
    try:
        written = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with less
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        raise NotARulebook(f"The file is not YAML{where}.") from None
    fault = best_match(_validator().iter_errors(written))
    if fault is not None:
        raise NotARulebook(_sentence(fault, written))
    rules = [_rule(one) for one in written]
    _refuse_what_contradicts(rules)
    try:
        return in_order(rules)
    except ValueError as error:
        raise NotARulebook(str(error)) from None


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _sentence(fault: ValidationError, written: Any) -> str:
    path = list(fault.absolute_path)
    if not path or not isinstance(path[0], int):
        return "The file must be a list of rules."
    rule = written[path[0]]
    name = rule.get("id") if isinstance(rule, Mapping) else None
    who = f"Rule {name}" if isinstance(name, str) else f"Rule number {path[0] + 1}"
    field = ".".join(str(step) for step in path[1:])
    if fault.validator == "additionalProperties":
        unknown = sorted(set(fault.instance) - set(fault.schema["properties"]))
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
        if rule.until is not None and rule.until < rule.effective:
            raise NotARulebook(f"Rule {rule.id} ends before it begins.")
        if any(one.name == "unused_marks_only" for one in rule.when) and (
            rule.repeat is not Repeat.PER_WINDOW or rule.window.span not in (Span.ROLLING, Span.RUN)
        ):
            raise NotARulebook(
                f"Rule {rule.id}: unused_marks_only needs a rolling window that fires once per window."
            )


def _rule(one: Mapping[str, Any]) -> Rule:
    repeat, _, each = one["repeat"].partition(":")
    deciding = {field: one[field] for field in DECIDING if field in one}
    canonical = json.dumps(deciding, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Rule(
        id=one["id"],
        authority=tuple(one["authority"]),
        effective=_day(one, one["effective"]["from"]),
        until=_day(one, one["effective"]["to"]) if "to" in one["effective"] else None,
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
        retrieved=_day(one, one["retrieved"]) if "retrieved" in one else None,
        placeholder_date=one.get("placeholder_date", False),
    )


def _scope(given: Mapping[str, Any]) -> Scope:
    ages, grades = given.get("ages"), given.get("grades")
    return Scope(
        ages=(ages[0], ages[1]) if ages else None,
        grades=(_grade(grades[0]), _grade(grades[1])) if grades else None,
        exclude=tuple(given.get("exclude", ())),
        instead=tuple(_duty(duty) for duty in given.get("instead", ())),
    )


def _grade(given: str | int) -> str:
    return f"{given:02}" if isinstance(given, int) else {"K": "KG"}.get(given, given)


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
    )


def _window(rule: Mapping[str, Any], given: Any) -> Window:
    if isinstance(given, str):
        return Window(Span(given))
    if "school_month" in given:
        return Window(Span.SCHOOL_MONTH, length=given["school_month"])
    if "rolling" in given:
        cross = given.get("cross_year", False)
        return Window(Span.ROLLING, length=given["rolling"], of=given["of"], cross_year=cross)
    if "run" in given:
        return Window(Span.RUN)
    if "since" in given:
        return Window(Span.SINCE, since=given["since"])
    return Window(Span.FIXED, first=_day(rule, given["fixed"]["from"]), last=_day(rule, given["fixed"]["to"]))


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
        least=given.get("min_den", 1),
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
        due=given.get("due"),
        unit=given.get("unit", "school_day"),
        begins=given.get("from", "trigger_mark"),
        due_before_count=given.get("due_before_count"),
        contents=tuple(given.get("contents", ())),
        approve=given.get("approve", ""),
        attempts=given.get("attempts", 1),
        then=given.get("then", ""),
    )


def _day(rule: Mapping[str, Any], text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotARulebook(f"Rule {rule['id']}: {text} is not a day.") from None


def _exactly(given: float) -> Amount:
    return whole(Fraction(str(given)))
