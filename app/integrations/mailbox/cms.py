"""S/MIME (RFC 8551): what a signed container holds, and what another one is. No signature is checked here."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

#: Containers in containers of the notation itself (X.690), not of mail.
DEEPEST: Final = 16

_OIDS: Final = {
    "2a864886f70d010702": "signed",
    "2a864886f70d010703": "encrypted",
    "2a864886f70d0109100117": "encrypted",
    "2a864886f70d0109100109": "compressed",
}
_OBJECT_ID, _OCTETS, _EXPLICIT_0, _END = 0x06, 0x04, 0xA0, 0x00


class Container(StrEnum):
    """What an application/pkcs7-mime part is by its own bytes."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    #: Not opened: a few bytes of it could become gigabytes.
    COMPRESSED = "compressed"
    UNKNOWN = "unknown"


class _Value(NamedTuple):
    tag: int
    start: int
    end: int
    after: int


def container(data: bytes) -> Container:
    """What kind of container it is."""
    try:
        kind, _ = _opened(data)
        return Container(_OIDS.get(kind, "unknown"))
    except ValueError:
        return Container.UNKNOWN


def signed_content(data: bytes) -> bytes:
    """The MIME entity that was signed, out of a container that holds it. Raises ValueError if it holds none."""
    _, inner = _opened(data)
    signed = _only(data, inner, 0x30)
    held = [one for one in _values(data, signed.start, signed.end, 0) if one.tag == 0x30]
    if not held:
        raise ValueError("It holds nothing.")
    content = _only(data, _only(data, held[0], _EXPLICIT_0), None)
    return b"".join(_octets(data, content, 0))


def _opened(data: bytes) -> tuple[str, _Value]:
    """The object id of a ContentInfo and what it is about."""
    outer = next(_values(data, 0, len(data), 0), None)
    if outer is None or outer.tag != 0x30:
        raise ValueError("It is no container.")
    found = list(_values(data, outer.start, outer.end, 0))
    if len(found) < 2 or found[0].tag != _OBJECT_ID or found[1].tag != _EXPLICIT_0:
        raise ValueError("It is no container.")
    return data[found[0].start : found[0].end].hex(), found[1]


def _only(data: bytes, within: _Value, tag: int | None) -> _Value:
    for one in _values(data, within.start, within.end, 0):
        if tag is None or one.tag == tag:
            return one
    raise ValueError("It holds nothing.")


def _octets(data: bytes, value: _Value, depth: int) -> Iterator[bytes]:
    """An octet string, which a stream may have cut into many."""
    if value.tag == _OCTETS:
        yield data[value.start : value.end]
    elif value.tag == _OCTETS | 0x20 and depth < DEEPEST:
        for one in _values(data, value.start, value.end, 0):
            yield from _octets(data, one, depth + 1)
    else:
        raise ValueError("It holds something else.")


def _values(data: bytes, start: int, end: int, depth: int) -> Iterator[_Value]:
    """The values that follow each other there, up to the mark that ends a length nobody gave."""
    at = start
    while at < end:
        value = _value(data, at, end, depth)
        if value.tag == _END and value.start == value.end:
            return
        yield value
        at = value.after


def _value(data: bytes, at: int, end: int, depth: int) -> _Value:
    if at + 2 > end or data[at] & 0x1F == 0x1F or depth > DEEPEST:
        raise ValueError("It is damaged.")
    tag, length, start = data[at], data[at + 1], at + 2
    if length == 0x80:
        last = start
        for one in _values(data, start, end, depth + 1):
            last = one.after
        return _Value(tag, start, last, min(last + 2, end))
    if length > 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > end:
        raise ValueError("It is damaged.")
    return _Value(tag, start, start + length, start + length)
