"""A mail taken apart on its bytes: heads, bodies and boundaries (RFC 2046), each part opened when it is asked for.

The standard library's parser reads all of a mail at once and keeps a string for each of its lines: fifty megabytes
of short lines cost it more than a gigabyte. Here a part is two places in the bytes that are there anyway.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from app.integrations.mailbox.allowance import DEEPEST, LONGEST_HEAD, MOST_HEADERS, Allowance
from app.integrations.mailbox.headers import Headers
from app.integrations.mailbox.transfer import unpacked

_HEADER: Final = re.compile(rb"([!-9;-~]+):[ \t]*")
_AFTER_BOUNDARY: Final = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_KIND: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,120}")


class Part:
    """One part: its headers, and where its body lies. Raises nothing but Spent."""

    def __init__(
        self, raw: bytes, start: int = 0, end: int | None = None, *, otherwise: str = "text/plain"
    ) -> None:
        self._raw = raw
        self._start, self._end = start, len(raw) if end is None else end
        pairs, self._body = _head(raw, self._start, self._end)
        self.headers = Headers(pairs)
        self.kind = _kind(self.headers, otherwise)

    @property
    def main_kind(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def disposition(self) -> str:
        return self.headers.first("content-disposition").partition(";")[0].strip().lower()

    @property
    def name(self) -> str:
        """The name of a file, as its sender gave it."""
        named = self.headers.parameter("content-disposition", "filename")
        return named or self.headers.parameter("content-type", "name")

    @property
    def as_it_came(self) -> bytes:
        """Head and body."""
        return self._raw[self._start : self._end]

    @property
    def body(self) -> bytes:
        """In the encoding in which it travelled."""
        return self._raw[self._body : self._end]

    def content(self, allowance: Allowance) -> bytes:
        """What it carries. Raises Spent."""
        allowance.take_bytes(self._end - self._body)
        return unpacked(self.body, self.headers.first("content-transfer-encoding"))

    def children(self, allowance: Allowance) -> "list[Part]":
        """The parts within, for as long as the allowance lasts; none if it is no container. Raises Spent."""
        boundary = self.headers.parameter("content-type", "boundary").rstrip()
        if self.main_kind != "multipart" or not boundary:
            return []
        otherwise = "message/rfc822" if self.kind == "multipart/digest" else "text/plain"
        mark = b"--" + boundary.encode("utf-8", "surrogateescape")
        return [
            Part(self._raw, start, end, otherwise=otherwise) for start, end in self._between(mark, allowance)
        ]

    def _between(self, mark: bytes, allowance: Allowance) -> Iterator[tuple[int, int]]:
        """Where the pieces between the boundaries lie; the last may lack its closing one."""
        raw, at, opened = self._raw, max(self._body - 1, 0), None
        for _ in range(allowance.parts_left + 1):
            found, after = self._next_boundary(mark, at, allowance)
            if found is None or after is None:
                break
            if opened is not None:
                yield opened, max(opened, found - (raw[found - 1 : found] == b"\r"))
            at, opened = after.end() - 1, after.end()
            if after[1]:
                return
        if opened is not None and opened < self._end:
            yield opened, self._end

    def _next_boundary(
        self, mark: bytes, at: int, allowance: Allowance
    ) -> tuple[int | None, re.Match[bytes] | None]:
        while True:
            allowance.check_time()
            found = self._raw.find(b"\n" + mark, at, self._end)
            if found < 0:
                return None, None
            at = found + 1 + len(mark)
            # `--abc` is no boundary where `--abcd` stands.
            after = _AFTER_BOUNDARY.match(self._raw, at, self._end)
            if after:
                return found, after


def leaves(part: Part, allowance: Allowance, too_deep: list[Part]) -> Iterator[tuple[Part, Sequence[Part]]]:
    """The parts that carry something, first to last, each with the containers around it. Raises Spent.

    What lies deeper than DEEPEST goes into `too_deep`.
    """
    waiting: list[tuple[Part, tuple[Part, ...]]] = [(part, ())]
    while waiting:
        one, around = waiting.pop()
        children = one.children(allowance) if len(around) < DEEPEST else []
        if children:
            waiting.extend((child, (*around, one)) for child in reversed(children))
        elif one.main_kind == "multipart" and len(around) >= DEEPEST:
            too_deep.append(one)
        else:
            allowance.take_part()
            yield one, around


def _head(raw: bytes, start: int, end: int) -> tuple[list[tuple[str, bytes]], int]:
    """The headers as they stand there, and where the body begins: after a blank line, or at a line that is none."""
    found: list[tuple[str, list[bytes]]] = []
    at, limit = start, min(end, start + LONGEST_HEAD)
    while at < limit:
        newline = raw.find(b"\n", at, limit)
        after = newline + 1 if newline >= 0 else limit
        line = raw[at:after].rstrip(b"\r\n")
        header = _HEADER.match(line)
        if not line.strip() and not (line and found):
            at = after
            break
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif header is None:
            break
        elif len(found) < MOST_HEADERS:
            found.append((header[1].decode("ascii").lower(), [line[header.end() :]]))
        at = after
    return [(name, b"\n".join(lines)) for name, lines in found], at


def _kind(headers: Headers, otherwise: str) -> str:
    """The type that it declares, or what RFC 2045 says of a part without one."""
    said = headers.first("content-type").partition(";")[0].strip().lower()
    if not said:
        return otherwise
    return said if _KIND.fullmatch(said) else "text/plain"
