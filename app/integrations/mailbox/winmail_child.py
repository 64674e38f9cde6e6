"""Reads a winmail.dat from standard input in a process of its own, and writes what it holds to standard output.

The library that reads it trusts the lengths that the file claims: four bytes can keep it busy for hours. So it
runs apart, with ceilings that the system keeps. Started by winmail.py as a file: nothing of the house is here.
"""

import json
import logging
import resource
import sys
from typing import Any

from tnefparse import TNEF

_DEEPEST = 5


def main(seconds: int, memory: int, most_files: int) -> None:
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # The library stops one byte early: a file of a single letter would be lost.
    mail = TNEF(sys.stdin.buffer.read() + b"\0", do_checksum=True)
    if not mail.objects or not all(one.good_checksum for one in mail.objects):
        sys.exit("It is damaged: what could be read of it is less than what was sent.")
    files: list[tuple[str, bytes]] = []
    _gather(mail, files, 0, most_files)
    pieces = [_bytes(mail.body), _bytes(mail.htmlbody), _bytes(mail._rtfbody), *(held for _, held in files)]
    head = {"names": [name for name, _ in files], "sizes": [len(one) for one in pieces]}
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\n")
    for one in pieces:
        out.write(one)


def _gather(mail: TNEF, files: list[tuple[str, bytes]], depth: int, most: int) -> None:
    """The files of a mail, and those of the mails that are attached to it."""
    for one in mail.attachments:
        if len(files) >= most:
            return
        inner = getattr(one, "embed", None)
        if inner is None:
            files.append((_name(one), _bytes(one.data)))
        elif depth < _DEEPEST:
            words = _bytes(inner.body)
            if words:
                files.append((f"{_name(one)}.txt", words))
            _gather(inner, files, depth + 1, most)


def _name(attachment: Any) -> str:
    try:
        return str(attachment.long_filename())
    except (UnicodeDecodeError, TypeError, AttributeError):
        held = attachment._name
        return held.decode("cp1252", "replace") if isinstance(held, bytes) else str(held)


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        value = value[0] if value else b""
    return value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value or b"")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
