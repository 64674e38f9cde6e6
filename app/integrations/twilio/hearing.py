"""What Twilio tells us by itself: that it is Twilio, what became of a text, and what somebody answered.

Webhooks security (twilio.com/docs/usage/webhooks/webhooks-security): HMAC-SHA1 under the account's own token over the
public address and every field in its order; fields that come twice count twice. New fields come without notice.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from app.integrations.twilio import words
from app.integrations.twilio.client import MESSAGE_SID

SIGNATURE: Final = "X-Twilio-Signature"

#: The words that Twilio itself takes for an end, those of the FCC's rule (47 CFR 64.1200(a)(10)), and Canada's ARRET.
STOP: Final = frozenset(
    {
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "opt out",
        "arret",
        "arrêt",
    }
)
START: Final = frozenset({"start", "unstop", "yes"})
HELP: Final = frozenset({"help", "info"})

_E164: Final = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True)
class News:
    """What became of a text."""

    sid: str
    status: str
    code: int


@dataclass(frozen=True)
class Answered:
    """Somebody's text. `word`: stop, start, help, or "" for anything else. What it says is not kept."""

    sid: str
    number: str = field(repr=False)
    word: str
    #: Twilio has answered them already (Advanced Opt-Out).
    is_answered: bool = False


def is_from_twilio(token: str, address: str, form: Any, signature: str) -> bool:
    """True if the account whose token this is signed it. `form`: with repeated keys as they came."""
    from twilio.request_validator import RequestValidator  # not at start: a vendor's library

    return bool(token) and bool(RequestValidator(token).validate(address, form, signature))


def news(form: Any) -> News | None:
    """A status callback, or None for what is none."""
    sid = _one(form, "MessageSid") or _one(form, "SmsSid")
    status = _one(form, "MessageStatus") or _one(form, "SmsStatus")
    if not MESSAGE_SID.fullmatch(sid) or status not in words.RANK:
        return None
    code = _one(form, "ErrorCode")
    return News(sid, status, int(code) if code.isascii() and code.isdigit() and len(code) < 7 else 0)


def answered(form: Any) -> Answered | None:
    """A text that came in, or None for what is none."""
    sid, number = _one(form, "MessageSid") or _one(form, "SmsSid"), _one(form, "From")
    if not MESSAGE_SID.fullmatch(sid) or not _E164.fullmatch(number):
        return None
    told = _one(form, "OptOutType").lower()
    word = told if told in ("stop", "start", "help") else _word(_one(form, "Body"))
    return Answered(sid, number, word, is_answered=bool(told))


def _word(body: str) -> str:
    """A whole text that is one of the words, in any case, with the marks that people and phones put around it."""
    said = " ".join(body.casefold().split()).strip(" .!?,;:\"'“”‘’-_*()")
    said = said.replace("-", " ") if said == "opt-out" else said
    if said in STOP:
        return "stop"
    if said in START:
        return "start"
    return "help" if said in HELP else ""


def _one(form: Any, name: str) -> str:
    return str(form.get(name, "")).strip()
