"""A Maildir: mail becomes a file that any mail reader opens, and a dropped file becomes mail.

Written in tmp/, forced to the disk, then moved to new/: nobody ever reads half a mail.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from app.core import clock
from app.core.mail_driver import Delivered, nothing, refuse_unless_plain
from app.core.queue import TryAgain


class Maildir:
    """One folder with tmp/, new/ and cur/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(
        self,
        raw: bytes,
        envelope_from: str,
        to: Sequence[str],
        before_the_end: Callable[[], object] = nothing,
    ) -> Delivered:
        """One file for all recipients, with the envelope in its first lines."""
        refuse_unless_plain(envelope_from, *to)
        envelope = [f"Return-Path: <{envelope_from}>", *(f"Delivered-To: {address}" for address in to)]
        self._write("".join(f"{line}\r\n" for line in envelope).encode() + raw, before_the_end)
        return Delivered(accepted=tuple(to))

    def waiting(self) -> Iterator[Path]:
        """The files that nobody has taken yet, the oldest first."""
        with suppress(FileNotFoundError):
            yield from sorted(
                path for path in (self.folder / "new").iterdir() if not path.name.startswith(".")
            )

    def take(self, path: Path) -> None:
        """This file has been read and kept elsewhere: it is no longer new."""
        (self.folder / "cur").mkdir(parents=True, exist_ok=True)
        path.replace(self.folder / "cur" / f"{path.name}:2,S")

    def _write(self, content: bytes, before_the_end: Callable[[], object]) -> None:
        name = f"{clock.now().timestamp():.6f}.{os.getpid()}_{secrets.token_hex(8)}.frontoffice"
        unfinished = self.folder / "tmp" / name
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            before_the_end()
            unfinished.rename(self.folder / "new" / name)
        except OSError as error:
            raise TryAgain(f"The mail folder cannot be written to ({error.strerror}).") from error
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
