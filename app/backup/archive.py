"""The archive: a sealed stream of tables and files, read and written in little memory.

    magic · length and text of the header · chunk 0 · chunk 1 · … · the last chunk

The header is JSON in the clear. The rest is gzip, cut into chunks, each sealed by AES-256-GCM under a key that
no other archive has. A chunk's nonce is its number and whether it is the last; its associated data is the hash
of the header. So chunks cannot be moved, left out, repeated or taken from another archive, nothing can be cut
off at the end, and a header cannot be changed. (The construction is STREAM: Hoang, Reyhanitabar, Rogaway and
Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015.)

Inside the gzip: members, each a line of JSON, blocks with their length before them, an empty block and a line
with the sum of it all; at the end the manifest, on a line of its own.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT: Final = 1
MAGIC: Final = b"FrontOffice backup\n"
SUFFIX: Final = ".fobackup"
CHUNK: Final = 256 * 1024
TAG: Final = 16
#: A header or a manifest larger than this is not ours.
LONGEST_LINE: Final = 4 * 1024 * 1024
#: Quick, for a backup should be over soon; photos shrink no further anyway.
GZIP_LEVEL: Final = 3


class ArchiveRefused(Exception):
    """An archive that cannot be used; the sentence says why."""


class Place(Protocol):
    """What an archive is written to."""

    def write(self, octets: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...


@dataclass(frozen=True)
class Sum:
    """What went through a member: its octets, its lines (of a table: its rows) and their hash."""

    size: int
    lines: int
    sha256: str


class Summing:
    """Adds up blocks as they pass."""

    def __init__(self) -> None:
        self._size, self._lines, self._digest = 0, 0, hashlib.sha256()

    def passing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: bytes) -> None:
        self._size += len(block)
        self._lines += block.count(b"\n")
        self._digest.update(block)

    def total(self) -> Sum:
        """What has passed until now."""
        return Sum(self._size, self._lines, self._digest.hexdigest())


@dataclass
class Member:
    """A table or a file on its way out of an archive. Its blocks are read once, to the end, before the next."""

    heading: dict[str, Any]
    blocks: Iterator[bytes]
    #: Set when its blocks have been read.
    sum: Sum | None = field(default=None)


class Writer:
    """An archive being written beside its place. Only `finish()` makes it one."""

    def __init__(self, file: Place, header: Mapping[str, Any], key: bytes) -> None:
        self._file = file
        text = json.dumps({"format": FORMAT, **header}, sort_keys=True).encode()
        file.write(MAGIC + len(text).to_bytes(4, "big") + text)
        self._cipher, self._bound_to = AESGCM(key), _bound_to(text)
        self._gzip = zlib.compressobj(GZIP_LEVEL, wbits=31)
        self._number, self._waiting = 0, bytearray()

    def member(self, heading: Mapping[str, Any], blocks: Iterable[bytes]) -> Sum:
        """Write one table or file, block by block."""
        self._line(heading)
        summing = Summing()
        for block in summing.passing(blocks):
            if block:
                self._write(len(block).to_bytes(4, "big") + block)
        self._write(bytes(4))
        total = summing.total()
        self._line({"size": total.size, "lines": total.lines, "sha256": total.sha256})
        return total

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """The manifest, the last chunk with its mark, and all of it on the disk."""
        self._line({"manifest": manifest})
        self._seal(self._gzip.flush())
        self._put(bytes(self._waiting), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _line(self, what: Mapping[str, Any]) -> None:
        self._write(json.dumps(what, sort_keys=True).encode() + b"\n")

    def _write(self, octets: bytes) -> None:
        self._seal(self._gzip.compress(octets))

    def _seal(self, octets: bytes) -> None:
        self._waiting += octets
        # one chunk is always kept back, so that the last one can be marked
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._bound_to))
        self._number += 1


class Reader:
    """An archive being read. Every error is ArchiveRefused, with a sentence that names the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ArchiveRefused(f"{path} cannot be read: {error.strerror}.") from error
        self._text = self._header_text()
        self.header: dict[str, Any] = json.loads(self._text)
        if self.header.get("format") != FORMAT:
            self._file.close()
            raise ArchiveRefused(
                f"{path.name} is written in format {self.header.get('format')}, and this version reads format "
                f"{FORMAT}. Restore it with a newer version."
            )
        #: Known once all members have been read.
        self.manifest: dict[str, Any] = {}
        self._inside: Iterator[bytes] = iter(())
        self._ahead = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def members(self, key: bytes) -> Iterator[Member]:
        """Everything in it, in order. At the end the manifest is known and the last chunk was the last."""
        self._inside = self._unpacked(key)
        while True:
            line = self._line()
            if "manifest" in line:
                self.manifest = line["manifest"]
                if self._ahead or any(self._inside):
                    raise self._broken("there is something behind its end")
                return
            member = Member(line, iter(()))
            member.blocks = self._blocks(member)
            yield member
            if member.sum is None:
                raise RuntimeError("A member was left before its end.")

    def _blocks(self, member: Member) -> Iterator[bytes]:
        summing = Summing()
        while length := int.from_bytes(self._exactly(4), "big"):
            block = self._exactly(length)
            summing.add(block)
            yield block
        total, told = summing.total(), self._line()
        if told != {"size": total.size, "lines": total.lines, "sha256": total.sha256}:
            raise self._broken("a table or file in it does not match its sum")
        member.sum = total

    def _header_text(self) -> bytes:
        start = self._file.read(len(MAGIC) + 4)
        length = int.from_bytes(start[len(MAGIC) :], "big")
        text = self._file.read(length) if start.startswith(MAGIC) and length <= LONGEST_LINE else b""
        try:
            if not isinstance(json.loads(text), dict):
                raise ValueError("a header has names")
        except ValueError as error:
            self._file.close()
            raise ArchiveRefused(f"{self.path} is not a backup of FrontOffice.") from error
        return text

    def _unpacked(self, key: bytes) -> Iterator[bytes]:
        gzip = zlib.decompressobj(wbits=31)
        for chunk in self._opened(AESGCM(key)):
            while chunk:
                yield gzip.decompress(chunk, CHUNK)
                chunk = gzip.unconsumed_tail
        if not gzip.eof:
            raise self._broken("it ends in the middle")

    def _opened(self, cipher: AESGCM) -> Iterator[bytes]:
        bound_to, number = _bound_to(self._text), 0
        here = self._file.read(CHUNK + TAG)
        while True:
            after = self._file.read(CHUNK + TAG)
            try:
                yield cipher.decrypt(_nonce(number, not after), here, bound_to)
            except (InvalidTag, ValueError) as error:
                raise self._why_not(cipher, number, here, bound_to, at_the_end=not after) from error
            if not after:
                return
            here, number = after, number + 1

    def _why_not(
        self, cipher: AESGCM, number: int, chunk: bytes, bound_to: bytes, *, at_the_end: bool
    ) -> ArchiveRefused:
        if at_the_end:
            try:
                cipher.decrypt(_nonce(number, False), chunk, bound_to)
            except (InvalidTag, ValueError):
                pass
            else:
                return self._broken("its end is missing")
        return self._broken(f"part {number + 1} does not open")

    def _broken(self, how: str) -> ArchiveRefused:
        return ArchiveRefused(
            f"{self.path.name} was cut short or changed after it was made: {how}. Use another backup."
        )

    def _line(self) -> dict[str, Any]:
        while (at := self._ahead.find(b"\n")) < 0:
            if len(self._ahead) > LONGEST_LINE:
                raise self._broken("a line in it has no end")
            self._more()
        line = bytes(self._ahead[:at])
        del self._ahead[: at + 1]
        try:
            read = json.loads(line)
        except ValueError as error:
            raise self._broken("a line in it cannot be read") from error
        return dict(read)

    def _exactly(self, length: int) -> bytes:
        if length > LONGEST_LINE:
            raise self._broken("a block in it is too large")
        while len(self._ahead) < length:
            self._more()
        block = bytes(self._ahead[:length])
        del self._ahead[:length]
        return block

    def _more(self) -> None:
        try:
            self._ahead += next(self._inside)
        except StopIteration:
            raise self._broken("it ends in the middle") from None
        except zlib.error as error:
            raise self._broken("it does not unpack") from error


def in_blocks(pieces: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Small pieces put together to blocks of about a chunk; large ones cut."""
    block = bytearray()
    for piece in pieces:
        block += piece
        while len(block) >= CHUNK:
            yield bytes(block[:CHUNK])
            del block[:CHUNK]
    if block:
        yield bytes(block)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _bound_to(header: bytes) -> bytes:
    return hashlib.sha256(MAGIC + header).digest()
