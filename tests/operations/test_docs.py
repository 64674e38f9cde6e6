"""docs/operations.md tells every measure and every alarm, as the code has them. GOLDEN=write renews it."""

import os
import re
from pathlib import Path

from flask import Flask

from app.core.alarms import RULES, Rule
from app.core.measures import every_measure
from app.core.quotas import QUOTAS

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def between(name: str, page: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", page, re.DOTALL)
    assert found is not None, f"The page has no place for {name}."
    return found[1]


def agrees(name: str, table: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("GOLDEN") == "write":
        page = page.replace(
            f"<!-- {name} -->\n{between(name, page)}<!-- /{name} -->",
            f"<!-- {name} -->\n{table}<!-- /{name} -->",
        )
        PAGE.write_text(page, encoding="utf-8")
    assert between(name, page) == table


def limit(rule: Rule) -> str:
    value = rule.shown(rule.above if rule.above is not None else rule.below or 0)
    lasting = f", for {rule.lasting.total_seconds() / 60:.0f} minutes" if rule.lasting else ""
    return f"{'above' if rule.above is not None else 'below'} {value}{lasting}"


def test_every_alarm_is_explained() -> None:
    lines = ["| alarm | raised | what it says | what to do |", "|---|---|---|---|"]
    for rule in RULES:
        said = rule.sentence.replace("{about}", "…").replace("{value}", "…")
        lines.append(f"| `{rule.name}` | `{rule.reading}` {limit(rule)} | {said} | {rule.to_do} |")

    agrees("alarms", "\n".join(lines) + "\n")


def test_every_measure_is_explained(app: Flask) -> None:
    lines = ["| measure | label | |", "|---|---|---|"]
    with app.app_context():
        for measure in every_measure():
            label = f"`{measure.by}`" if measure.by else ""
            lines.append(f"| `frontoffice_{measure.name}` | {label} | {measure.what} |")

    agrees("measures", "\n".join(lines) + "\n")


def test_every_quota_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for quota in QUOTAS.values():
        assert f"| `{quota.name}` | `FRONTOFFICE_{quota.setting.upper()}` |" in page
