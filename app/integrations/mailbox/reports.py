"""What a mail server reports of a mail that we sent (RFC 3464), or says in its own words when it knows no better.

Nothing here is proof: anybody can write a report. Which of our mails it is about, and whether the report may be
believed, is told by the address to which it came back (notices/actions/returns.py).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.integrations.mailbox.headers import ids_in
from app.integrations.mailbox.parse import ParsedMail

LONGEST: Final = 100_000
MOST_GROUPS: Final = 50

_STATUS_PARTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_PARTS: Final = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "text/rfc822-headers",
        "message/global-headers",
    }
)
_FIELD = re.compile(r"^([A-Za-z-]{1,40})[ \t]*:[ \t]*(.{0,900})", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])(\d\d)[ -](?=\S)")
_BLANK = re.compile(r"\r?\n[ \t]*\r?\n")
_MESSAGE_ID = re.compile(
    r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,990}>)", re.IGNORECASE | re.MULTILINE
)
_LATER = re.compile(
    r"warning|delayed|has been delayed|will (?:be retried|retry|keep trying)|still (?:being )?(?:re)?tr(?:y|ied)"
    r"|do not need to resend|not yet been delivered",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"permanent|could not be delivered|couldn.t be delivered|undeliver|delivery (?:has )?failed|returned to sender"
    r"|wasn.t able to deliver|giving up|failure notice|does not exist|unknown user|user unknown|no such user",
    re.IGNORECASE,
)


class Outcome(StrEnum):
    """What became of the mail."""

    FAILED = "failed"
    DELAYED = "delayed"
    #: It arrived, or was passed on.
    PASSED = "passed"


@dataclass(frozen=True)
class Report:
    """What a report says. `status` is an enhanced code of RFC 3463, such as "5.1.1", or empty."""

    outcome: Outcome
    status: str = ""
    #: The Message-ID of the mail that it returns, where it returns one. A hint, and no more.
    about: str | None = None

    @property
    def is_permanent(self) -> bool:
        """The address itself will not take mail: 5.x.x, and not a temporary trouble that lasted too long."""
        return self.outcome is Outcome.FAILED and not self.status.startswith("4")


def report_in(mail: ParsedMail) -> Report | None:
    """The report that a mail is, if it is one as RFC 3464 writes them."""
    about = _about(mail)
    parts = [one for one in mail.files if one.declared_type in _STATUS_PARTS]
    found = [report for one in parts for report in _reports(one.content, about)]
    worst = (Outcome.FAILED, Outcome.DELAYED, Outcome.PASSED)
    return min(found, key=lambda report: worst.index(report.outcome), default=None)


def report_in_words(mail: ParsedMail) -> Report | None:
    """The report of a server that knows no RFC 3464: what its text says, read only where a report is expected."""
    if not mail.is_automatic:
        return None
    text = f"{mail.subject}\n{mail.text}"[:LONGEST]
    status = _status(text)
    if _LATER.search(text) and not status.startswith("5"):
        return Report(Outcome.DELAYED, status, _about(mail))
    if status.startswith("5") or _NEVER.search(text):
        return Report(Outcome.FAILED, status, _about(mail))
    return None


def _reports(content: bytes, about: str | None) -> list[Report]:
    """One for each recipient that it speaks of: a group of lines with an Action or a Status."""
    groups = _BLANK.split(_text(content))[:MOST_GROUPS]
    return [report for group in groups if (report := _of_group(group, about))]


def _of_group(group: str, about: str | None) -> Report | None:
    fields = {name.lower(): value.strip() for name, value in _FIELD.findall(group)}
    action = fields.get("action", "").partition(" ")[0].strip(";,.").lower()
    status = _status(fields.get("status", "")) or _status(fields.get("diagnostic-code", ""))
    if action == "failed":
        return Report(Outcome.FAILED, status, about)
    if action == "delayed":
        return Report(Outcome.DELAYED, status, about)
    if action in {"delivered", "relayed", "expanded"}:
        return Report(Outcome.PASSED, status, about)
    by_class = {"2": Outcome.PASSED, "4": Outcome.DELAYED, "5": Outcome.FAILED}
    return Report(by_class[status[0]], status, about) if status else None


def _status(text: str) -> str:
    found = _STATUS.search(text)
    if found:
        return ".".join(str(int(number)) for number in found.groups())
    code = _CODE.search(text)
    return f"{code[1]}.0.0" if code else ""


def _about(mail: ParsedMail) -> str | None:
    for part in mail.files:
        if part.declared_type in _RETURNED_PARTS:
            head = _BLANK.split(_text(part.content).lstrip(), maxsplit=1)[0]
            found = _MESSAGE_ID.search(head)
            if found:
                return next(ids_in(found[1]), None)
    return None


def _text(content: bytes) -> str:
    return content[:LONGEST].decode("utf-8", "replace")
