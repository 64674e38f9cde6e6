"""What a part carries, unpacked from the encoding in which it travelled. Broken encodings give what they can."""

import binascii
import quopri
import re
from email.message import Message

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*\n", re.MULTILINE)


def parts_of(part: Message) -> list[Message]:
    """The parts within a container, or none."""
    payload = _as_it_came(part)
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def unpacked(part: Message, encoding: str) -> bytes:
    """The bytes of a part that is no container."""
    payload = _as_it_came(part)
    if not isinstance(payload, str):
        return b""
    data = payload.encode("utf-8", "surrogateescape")
    match encoding.lower().partition(";")[0].strip():
        case "quoted-printable":
            return quopri.decodestring(data)
        case "base64":
            return _from_base64(data)
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            return _from_uuencode(data)
        case _:
            return data


def _as_it_came(part: Message) -> object:
    # get_payload() would decode by the declared charset first, and some charsets make that raise.
    return vars(part).get("_payload")


def _from_base64(data: bytes) -> bytes:
    letters = _NOT_BASE64.sub(b"", data)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uuencode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    pieces = []
    for line in data[begin.end() if begin else 0 :].splitlines():
        if line.strip() in {b"", b"end", b"`"}:
            continue
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders pad the last line with more than its length says.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                pieces.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                continue
    return b"".join(pieces)
