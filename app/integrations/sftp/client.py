"""An SFTP server that a district names: which key it shows, what lies in a folder, and copies of files.

A server is known by its key alone. The first time a person compares its fingerprint and confirms it; from then on a
server with another one is told nothing, and least of all a password. One session has two minutes in all.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO, Final

from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.integrations.sftp import wire
from app.integrations.sftp.server import Server

FILE, FOLDER, OTHER = "file", "folder", "other"
#: Entries of a folder.
MOST_ENTRIES: Final = 10_000
LONGEST_NAME: Final = 255
#: As programs call what they are still writing.
UNFINISHED: Final = (".part", ".filepart", ".tmp", ".partial")
GARBLED: Final = "What answers at the address of the server does not speak SFTP as it should."


@dataclass(frozen=True)
class Entry:
    """What lies in a folder, by what the server tells of it: FILE, FOLDER, or OTHER (a link is followed nowhere)."""

    name: str
    kind: str
    size: int | None
    #: Seconds since 1970, when it was written last.
    changed: int | None


class Files:
    """The files of an account that is signed in."""

    def __init__(self, channel: wire.Channel) -> None:
        self._wire = wire.Wire(channel)

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder; "" for the one in which the account begins. Raises Unreadable.

        What has a name that no file of an export has (a path, no UTF-8, signs that cannot be printed) is left out.
        """
        try:
            found = self._wire.names((folder or ".").encode(), MOST_ENTRIES)
        except wire.TooMany as error:
            raise Unreadable(
                f"The folder holds more than {MOST_ENTRIES:,} files. Have the system write to one of its own."
            ) from error
        except wire.Denied as error:
            raise _refused(error, "the folder") from error
        return [entry for one in found if (entry := _entry(one)) is not None]

    def copy(self, folder: str, entry: Entry, into: IO[bytes]) -> None:
        """A file, as large as it was told to be. Raises Unreadable, and NotNow for one that is shorter by now."""
        assert entry.size is not None
        try:
            for piece in self._wire.octets(path_of(folder, entry.name).encode(), entry.size):
                into.write(piece)
        except wire.CutShort as error:
            raise NotNow("A file on the server became shorter while it was read.") from error
        except wire.Denied as error:
            raise _refused(error, "a file in the folder") from error


def host_key_of(server: Server) -> str:
    """Which key the server shows, as "ssh-ed25519 SHA256:…". Nobody signs in. Raises Unreadable and NotNow."""
    from app.integrations.sftp import session

    with session.met(server, session.KINDS) as transport:
        return session.key_of(transport)


@contextmanager
def signed_in(server: Server, secret: str, *, by_key: bool) -> Iterator[Files]:
    """The files of its account. `secret`: a password, or a private key of keys.make(). Raises Unreadable and NotNow.

    Whatever breaks off within the block is NotNow, too.
    """
    from app.integrations.sftp import session

    with session.signed_in(server, secret, by_key=by_key) as channel:
        try:
            yield Files(channel)
        except wire.Garbled as error:
            raise Unreadable(GARBLED) from error


def newest(entries: list[Entry], pattern: str, kind: str = FILE) -> Entry | None:
    """The one written last of those whose name fits, such as attendance-*.zip; of several at once, the last by name.

    What begins with a dot, or is called as programs call what they are still writing, is passed over.
    """
    fitting = [
        one
        for one in entries
        if one.kind == kind
        and fnmatchcase(one.name.lower(), pattern.lower())
        and not one.name.startswith(".")
        and not one.name.lower().endswith(UNFINISHED)
    ]
    return max(fitting, key=lambda one: (one.changed or 0, one.name), default=None)


def path_of(folder: str, name: str) -> str:
    """Of what lies in a folder."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _entry(told: wire.Told) -> Entry | None:
    try:
        name = told.name.decode()
    except UnicodeDecodeError:
        return None
    if name in ("", ".", "..") or "/" in name or not name.isprintable() or len(name) > LONGEST_NAME:
        return None
    return Entry(name, _kind(told), told.size, told.changed)


def _kind(told: wire.Told) -> str:
    if told.mode is None or not stat.S_IFMT(told.mode):
        return {b"d": FOLDER, b"l": OTHER}.get(told.line[:1], FILE)
    if stat.S_ISREG(told.mode):
        return FILE
    return FOLDER if stat.S_ISDIR(told.mode) else OTHER


def _refused(error: wire.Denied, what: str) -> Unreadable:
    if error.status == wire.NO_SUCH_FILE:
        return Unreadable(f"The server says that {what} is not there. Check how it is written.")
    if error.status == wire.PERMISSION_DENIED:
        return Unreadable(f"The account may not read {what} on the server. Its operator has to allow it.")
    return Unreadable(f"The server refused to show {what}, with SFTP status {error.status}.")
