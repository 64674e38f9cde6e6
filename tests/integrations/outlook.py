"""A winmail.dat as Outlook writes it (MS-OXTNEF), small and by hand."""

import struct

MESSAGE, FILE = 1, 2
_HEAD = struct.pack("<IH", 0x223E9F78, 1)


def winmail(
    files: dict[str, bytes] | None = None, *, body: str = "", html: bytes = b"", rtf: bytes = b""
) -> bytes:
    """A parcel with these files and words."""
    parcel = _HEAD + attribute(MESSAGE, 0x9006, 0x0008, struct.pack("<I", 0x10000))
    parcel += attribute(MESSAGE, 0x9007, 0x0006, struct.pack("<II", 1252, 0))
    if body:
        parcel += attribute(MESSAGE, 0x800C, 0x0002, body.encode("cp1252"))
    properties = [(0x1013, html)] * bool(html) + [(0x1009, rtf)] * bool(rtf)
    if properties:
        parcel += attribute(MESSAGE, 0x9003, 0x0006, mapi(*properties))
    for name, content in (files or {}).items():
        parcel += attribute(FILE, 0x9002, 0x0006, b"\x01\x00" + b"\xff" * 12)
        parcel += attribute(FILE, 0x8010, 0x0001, name.encode("cp1252") + b"\0")
        parcel += attribute(FILE, 0x800F, 0x0006, content)
    return parcel


def attribute(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def mapi(*properties: tuple[int, bytes]) -> bytes:
    """Binary properties, padded to four bytes each."""
    told = struct.pack("<I", len(properties))
    for name, data in properties:
        told += struct.pack("<HHII", 0x0102, name, 1, len(data)) + data + b"\0" * (-len(data) % 4)
    return told


def rich(text: str) -> bytes:
    """Rich text in Outlook's wrapping, not compressed."""
    data = (r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 " + text + "}").encode("cp1252")
    return struct.pack("<II4sI", len(data) + 12, len(data), b"MELA", 0) + data
