"""What a part carries, unpacked from the encoding in which it travelled. Broken encodings give what they can."""

import binascii
import io
import quopri
import re
from itertools import islice

#: A whole mail of full lines has fewer.
MOST_UU_LINES = 1_000_000

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*\n", re.MULTILINE)


def unpacked(data: bytes, encoding: str) -> bytes:
    """The bytes that were meant."""
    match encoding.lower().partition(";")[0].strip():
        case "quoted-printable":
            return quopri.decodestring(data)
        case "base64":
            return _from_base64(data)
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            return _from_uuencode(data)
        case _:
            return data


def _from_base64(data: bytes) -> bytes:
    letters = data.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uuencode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    found = bytearray()
    # A stream gives a line at a time: a list of all of them would be many times what it lists.
    for line in islice(io.BytesIO(data[begin.end() if begin else 0 :]), MOST_UU_LINES):
        line = line.rstrip(b"\r\n")
        if line.strip() in {b"", b"end", b"`"}:
            continue
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders pad the last line with more than its length says.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                found += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                continue
    return bytes(found)
