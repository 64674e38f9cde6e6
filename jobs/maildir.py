"""Mail dropped into a folder: `maildir-in/new`, or `maildir-in/<address>/new` named after the desk.

A file moves to `cur` when it is stored. Between the commit and the move a crash is harmless: the file is
handed in again, and storing is idempotent.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parseaddr
from pathlib import Path
from threading import Event
from typing import Final

from flask import Flask

LOOK_EVERY: Final = 1.0
AFTER_A_FAULT: Final = 10.0
#: Enough for any header, and little enough to read it twice.
LONGEST_HEADER: Final = 256 * 1024
#: Who it was delivered to, the most certain first; the next is asked where nobody of the first is ours.
RECIPIENT_HEADERS: Final = (("Delivered-To", "X-Original-To", "Envelope-To"), ("To", "Cc"))

Deliver = Callable[[str | None, str, list[str], bytes], None]

log = logging.getLogger("frontoffice.maildir")


class NobodyHere(Exception):
    """None of the recipients is a desk of ours."""


def watch(app: Flask, folder: Path, largest: int, deliver: Deliver, stop: Event) -> None:
    """Hand in what is dropped there, until told to stop."""
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    sizes: dict[Path, int] = {}
    while not stop.is_set():
        pause = LOOK_EVERY
        before, sizes = sizes, _sizes(folder)
        # whoever drops a file may still be writing it, so its size must have stood still
        for path in (path for path, size in sizes.items() if before.get(path) == size):
            if stop.is_set():
                break
            try:
                with app.app_context():
                    hand_in(path, largest, deliver)
            except Exception as error:  # noqa: BLE001 - it stays where it is, and the next one has its turn
                log.error("A file was not handed in: %s", type(error).__name__)
                pause = AFTER_A_FAULT
        stop.wait(pause)


def hand_in(path: Path, largest: int, deliver: Deliver) -> None:
    """Store one file and put it into `cur`; what can be nobody's goes to a folder that says why."""
    if path.stat().st_size > largest:
        _put(path, "too-large")
        return
    raw = path.read_bytes()
    headers = BytesHeaderParser().parsebytes(raw[:LONGEST_HEADER])
    # the name alone would not do: people drop another "mail.eml" tomorrow
    provider_id = f"{path.name.partition(':')[0]}:{hashlib.sha256(raw).hexdigest()[:32]}"
    for recipients in _recipients(path, headers):
        try:
            deliver(provider_id, _sender(headers), recipients, raw)
        except NobodyHere:
            continue
        _put(path, "cur")
        return
    _put(path, "unknown-address")


def _recipients(path: Path, headers: Message) -> Iterator[list[str]]:
    desk = path.parent.parent.name
    if "@" in desk:
        yield [desk]
        return
    for names in RECIPIENT_HEADERS:
        values = [str(value) for name in names for value in headers.get_all(name, [])]
        addresses = [address for _, address in getaddresses(values) if "@" in address]
        if addresses:
            yield list(dict.fromkeys(addresses))


def _sender(headers: Message) -> str:
    return parseaddr(str(headers.get("Return-Path", "")))[1]


def _sizes(folder: Path) -> dict[Path, int]:
    sizes = {}
    try:
        for path in sorted([*folder.glob("new/*"), *folder.glob("*/new/*")]):
            if path.is_file() and not path.name.startswith("."):
                sizes[path] = path.stat().st_size
    except OSError as error:  # taken away between two looks, or closed to us
        log.warning("The folder could not be read whole: %s", type(error).__name__)
    return sizes


def _put(path: Path, where: str) -> None:
    folder = path.parent.parent / where
    folder.mkdir(exist_ok=True)
    goal = folder / (path.name if ":2," in path.name or where != "cur" else f"{path.name}:2,")
    count = 0
    while goal.exists():
        count += 1
        goal = goal.with_name(f"{count}.{path.name}")
    path.rename(goal)
    if where != "cur":
        log.warning("A file went to %s.", where)
