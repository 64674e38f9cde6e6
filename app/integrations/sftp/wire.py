"""SFTP version 3 on a channel of SSH, as far as a reader needs it (draft-ietf-secsh-filexfer-02).

There is no word in it by which anything is written, moved or deleted. What a server says is held against what is
possible before it is believed: a packet has an end, a count has that many things behind it, an answer has a question.
"""

import struct
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

VERSION: Final = 3
#: Octets. OpenSSH takes and sends no larger one.
LARGEST_PACKET: Final = 256 * 1024
#: Octets asked for at once (every server gives that many), and how many such questions are on the way at a time.
CHUNK: Final = 32 * 1024
AHEAD: Final = 32
NO_SUCH_FILE: Final = 2
PERMISSION_DENIED: Final = 3

_INIT, _OPEN, _CLOSE, _READ, _OPENDIR, _READDIR = 1, 3, 4, 5, 11, 12
_VERSION, _STATUS, _HANDLE, _DATA, _NAME = 2, 101, 102, 103, 104
_OK, _EOF = 0, 1
_FOR_READING: Final = 1
_HAS_SIZE, _HAS_OWNERS, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 0x80000000


class Garbled(Exception):
    """What came is no SFTP."""


class Denied(Exception):
    """The server refused, and by which status: NO_SUCH_FILE, PERMISSION_DENIED, or another."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class TooMany(Exception):
    """A folder has more in it than was asked for."""


class CutShort(Exception):
    """A file ends before it should."""


class Channel(Protocol):
    """Of paramiko: what is sent and received on it is encrypted below."""

    def sendall(self, octets: bytes) -> None: ...

    def recv(self, most: int) -> bytes: ...


@dataclass(frozen=True)
class Told:
    """What a server tells of one thing in a folder; None where it says nothing."""

    name: bytes
    #: The line of `ls -l`: some servers tell by it alone what it is.
    line: bytes
    size: int | None
    mode: int | None
    #: Seconds since 1970.
    changed: int | None


class Wire:
    """A server that is asked. EOFError: it ended the channel; TimeoutError: it fell silent."""

    def __init__(self, channel: Channel) -> None:
        """Raises Garbled."""
        self._channel, self._number = channel, 0
        self._asked: set[int] = set()
        self._answered: dict[int, tuple[int, _Octets]] = {}
        self._send(_INIT, struct.pack(">I", VERSION))
        kind, told = self._packet()
        if kind != _VERSION or told.number() < VERSION:
            raise Garbled

    def names(self, folder: bytes, most: int) -> list[Told]:
        """What lies in it. Raises Denied, Garbled and TooMany."""
        handle = self._handle(_OPENDIR, _string(folder))
        found: list[Told] = []
        while (told := self._known(_READDIR, _string(handle), _NAME)) is not None:
            count = told.number()
            for _ in range(count):
                found.append(_one(told))
                if len(found) > most:
                    raise TooMany
            if not count:
                break
        self._let_go(handle)
        return found

    def octets(self, path: bytes, size: int) -> Iterator[bytes]:
        """The first `size` octets of a file, in their order. Raises Denied, Garbled and CutShort."""
        handle = self._handle(_OPEN, _string(path) + struct.pack(">II", _FOR_READING, 0))
        on_the_way: deque[tuple[int, int, int]] = deque()
        next_at = 0
        while next_at < size or on_the_way:
            while next_at < size and len(on_the_way) < AHEAD:
                length = min(CHUNK, size - next_at)
                on_the_way.append((self._read(handle, next_at, length), next_at, length))
                next_at += length
            number, at, length = on_the_way.popleft()
            while length:
                piece = self._piece(number, length)
                yield piece
                at, length = at + len(piece), length - len(piece)
                if length:  # a server may give less than it was asked for
                    number = self._read(handle, at, length)
        self._let_go(handle)

    def _let_go(self, handle: bytes) -> None:
        with suppress(Denied):  # all of it was read
            self._known(_CLOSE, _string(handle), _STATUS)

    def _read(self, handle: bytes, at: int, length: int) -> int:
        return self._ask(_READ, _string(handle) + struct.pack(">QI", at, length))

    def _piece(self, number: int, most: int) -> bytes:
        told = self._answer(number, _DATA)
        if told is None:
            raise CutShort
        piece = told.string()
        if not 0 < len(piece) <= most:
            raise Garbled
        return piece

    def _handle(self, kind: int, about: bytes) -> bytes:
        told = self._known(kind, about, _HANDLE)
        if told is None:
            raise Garbled
        return told.string()

    def _known(self, kind: int, about: bytes, wanted: int) -> "_Octets | None":
        return self._answer(self._ask(kind, about), wanted)

    def _ask(self, kind: int, about: bytes) -> int:
        self._number += 1
        self._asked.add(self._number)
        self._send(kind, struct.pack(">I", self._number) + about)
        return self._number

    def _answer(self, number: int, wanted: int) -> "_Octets | None":
        """What the answer holds; None at an end, and where all went well. Raises Denied and Garbled."""
        while number not in self._answered:
            kind, told = self._packet()
            of = told.number()
            if of not in self._asked:
                raise Garbled
            self._asked.remove(of)
            self._answered[of] = kind, told
        kind, told = self._answered.pop(number)
        if kind == _STATUS:
            status = told.number()
            if status in (_OK, _EOF):
                return None
            raise Denied(status)
        if kind != wanted:
            raise Garbled
        return told

    def _send(self, kind: int, about: bytes) -> None:
        self._channel.sendall(struct.pack(">IB", len(about) + 1, kind) + about)

    def _packet(self) -> "tuple[int, _Octets]":
        length = int.from_bytes(self._exactly(4))
        if not 0 < length <= LARGEST_PACKET:
            raise Garbled
        whole = self._exactly(length)
        return whole[0], _Octets(whole[1:])

    def _exactly(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            piece = self._channel.recv(count - len(got))
            if not piece:
                raise EOFError
            got += piece
        return bytes(got)


class _Octets:
    """The rest of a packet, taken from its beginning. Raises Garbled where less is there than was said."""

    def __init__(self, whole: bytes) -> None:
        self._whole, self._at = whole, 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._whole):
            raise Garbled
        taken, self._at = self._whole[self._at : end], end
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4))

    def string(self) -> bytes:
        return self.take(self.number())


def _string(octets: bytes) -> bytes:
    return struct.pack(">I", len(octets)) + octets


def _one(told: _Octets) -> Told:
    name, line, flags = told.string(), told.string(), told.number()
    size = int.from_bytes(told.take(8)) if flags & _HAS_SIZE else None
    if flags & _HAS_OWNERS:
        told.take(8)
    mode = told.number() if flags & _HAS_MODE else None
    changed = None
    if flags & _HAS_TIMES:
        told.take(4)
        changed = told.number()
    if flags & _HAS_MORE:
        for _ in range(told.number()):
            told.string()
            told.string()
    return Told(name, line, size, mode, changed)
