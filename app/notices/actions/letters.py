"""What our mails say: a text and a simple HTML template a kind, in templates/notices/mail.

The first line of a text template is the subject. Whatever people wrote goes in as a value and is never read
as a template; in HTML it is escaped. A word that a template wants and nobody gave is an error, not a gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

TEMPLATES: Final = Path(__file__).parents[2] / "templates"

#: Each kind of mail and what its templates must be told.
KINDS: Final[dict[str, frozenset[str]]] = {
    "ticket_received": frozenset({"number", "title"}),
    "ticket_reply": frozenset({"number", "title", "technician", "text"}),
    "ticket_closed": frozenset({"number", "title", "technician", "text"}),
    "ticket_assigned": frozenset({"number", "title", "requester", "school", "by"}),
    "ticket_answered": frozenset({"number", "title", "requester", "text"}),
    "account_invited": frozenset({"name", "by", "link", "minutes"}),
    "password_reset": frozenset({"name", "link", "minutes"}),
    "factors_taken_away": frozenset({"name"}),
    "factors_changed": frozenset({"name", "changes"}),
    "sealed_account": frozenset({"name", "happened", "do"}),
    "roster_connection": frozenset({"name", "what", "happened"}),
    "register_connection": frozenset({"name", "what", "happened"}),
    "secret_ends": frozenset({"name", "about", "last_day", "without_it", "page"}),
    "operator_visit": frozenset({"name", "about", "happened", "reason"}),
    "incident_recorded": frozenset({"name", "page"}),
    "mail_test": frozenset({"name"}),
}


@dataclass(frozen=True)
class Letter:
    """A mail's words."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def render(
    kind: str, told: Mapping[str, Any], around: Mapping[str, Any], *, began_by_mail: bool = False
) -> Letter:
    """The mail of that kind, told its own words and those of the house around it.

    Raises KeyError for an unknown kind, ValueError for a word missing or too many.
    """
    if set(told) != KINDS[kind]:
        raise ValueError(
            f"{kind} wants to be told {', '.join(sorted(KINDS[kind]))}; it was told something else."
        )
    words = {**told, **around}
    if "title" in told:
        words["title"] = title = " ".join(str(told["title"]).split())
        # A conversation that began with a mail keeps its subject: some mail programs thread by it.
        words["subject"] = f"Re: {title}" if began_by_mail else f"{title} [#{told['number']}]"
    subject, _, text = _templates().get_template(f"notices/mail/{kind}.txt").render(words).partition("\n")
    html = _templates().get_template(f"notices/mail/{kind}.html").render(words)
    return Letter(subject=" ".join(subject.split()), text=text.strip("\n") + "\n", html=html)


def paragraphs(text: str) -> Markup:
    """What somebody wrote, as HTML that looks the way they wrote it."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    joined = (
        Markup("<br>\n").join(escape(line) for line in block.strip("\n").split("\n")) for block in blocks
    )
    return Markup("\n").join(Markup("<p>{}</p>").format(block) for block in joined)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["paragraphs"] = paragraphs
    return environment
