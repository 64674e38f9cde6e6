"""What every process writes down: one line an event, and in no line a word about a person.

Our own loggers ("frontoffice.…", "app.…", "jobs.…") say fixed sentences with numbers, ids, states and slugs.
Of what libraries say only the fixed part is kept, since their arguments may quote a request or a mail. A fault
is its type, its SQLSTATE and constraint, and where it happened; never its message, never a value.
"""

import json
import logging
import os
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from app.core.settings import get_settings

OURS: Final = ("frontoffice", "app.", "jobs.")
#: Up to INFO gunicorn speaks of itself alone: addresses it listens at, processes it starts and ends.
SPEAKS_OF_ITSELF: Final = "gunicorn.error"
LONGEST: Final = 2000
MOST_FAULTS: Final = 5
MOST_PLACES: Final = 12
HOUSE: Final = str(Path(__file__).parents[2]) + os.sep

#: Hexadecimal, as proxies make them: nobody's name or address can be spelled in it.
REQUEST_ID: Final = re.compile(r"[0-9a-fA-F-]{16,64}")

_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def set_up(process: str, stream: TextIO | None = None) -> None:
    """From here on, this process writes its lines to `stream` (else stderr) in the way the settings say."""
    handler = Quill(stream)
    handler.setFormatter(Line(process, as_json=get_settings().log == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def facts(**known: object) -> dict[str, dict[str, object]]:
    """`extra=facts(status=200)`: what a machine shall find in a line. Numbers, ids, states and slugs only."""
    return {"facts": known}


def request_id() -> str:
    """The id of the request in hand, "" where there is none. A person may quote it, and it finds the lines."""
    return _request_id.get()


@contextmanager
def about_request(given: str | None) -> Iterator[str]:
    """Lines within carry the id that a proxy gave, if it looks like one, else a fresh one."""
    number = given if given and REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    with because_of_request(number):
        yield number


@contextmanager
def because_of_request(number: str | None) -> Iterator[None]:
    """Lines within carry the id of the request that made this necessary; None: no request did."""
    token = _request_id.set(number or "")
    try:
        yield
    finally:
        _request_id.reset(token)


def fault_of(error: BaseException) -> list[dict[str, Any]]:
    """A fault and what led to it, the outermost first: types and places."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and len(chain) < MOST_FAULTS:
        seen.add(id(now))
        chain.append({"type": _name(now), "at": _places(now.__traceback__)})
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return chain


class Line(logging.Formatter):
    """One event, one line: a JSON object, or words for somebody who watches."""

    def __init__(self, process: str, *, as_json: bool) -> None:
        super().__init__()
        self._process = process
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        known = self._known(record)
        if self._as_json:
            return _AS_JSON(known)
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        line = f"{known['at'][:19]} {self._process} {level}{known['said']}"
        if "request" in known:
            line += f" request={known['request']}"
        for fault in known.get("fault", ()):
            line += f" | {fault['type']} at {' < '.join(reversed(fault['at'])) or 'an unknown place'}"
        return line

    def _known(self, record: logging.LogRecord) -> dict[str, Any]:
        known: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "said": _said(record),
        }
        if request_id():
            known["request"] = request_id()
        if record.name.startswith(OURS):
            known |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            known["fault"] = fault_of(record.exc_info[1])
        return known


class Quill(logging.StreamHandler[TextIO]):
    """Writes lines. One that cannot be written is not printed with its arguments, as logging would."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            return  # nobody reads any more
        at = f"{record.name}, line {record.lineno}"
        sys.stderr.write(f"A line of the log could not be written ({type(error).__name__}, {at}).\n")


def _said(record: logging.LogRecord) -> str:
    if record.name.startswith(OURS) or (record.name == SPEAKS_OF_ITSELF and record.levelno <= logging.INFO):
        said = record.getMessage()
    elif record.args:
        said = str(record.msg)  # with %s where the values would stand
    else:
        said = f"Words left out ({Path(record.pathname).name}:{record.lineno})."
    said = said[:LONGEST]
    if said.isprintable():
        return said
    return "".join(letter if letter.isprintable() else " " for letter in said)


def _name(error: BaseException) -> str:
    """ "IntegrityError 23505 uq_people_email": what PostgreSQL says of the rule, not of the row."""
    said = getattr(error, "orig", None) or error
    sqlstate = getattr(said, "sqlstate", None)
    rule = getattr(getattr(said, "diag", None), "constraint_name", None)
    return " ".join(str(part) for part in (type(error).__name__, sqlstate, rule) if part)


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        file = code.co_filename.removeprefix(HOUSE).rpartition("site-packages" + os.sep)[2]
        places.append(f"{file}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-MOST_PLACES:]


def _uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        sys.__excepthook__(kind, error or kind(), traceback)
        return
    log = logging.getLogger("frontoffice")
    log.critical("Nobody caught this.", exc_info=(kind, error or kind(), traceback))
