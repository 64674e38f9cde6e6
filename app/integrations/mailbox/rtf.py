"""Outlook's own rich text: unpacked (MS-OXRTFCP) and told as plain text. Both stop at LONGEST_RTF."""

import re
import struct
from typing import Final

from app.integrations.mailbox.allowance import LONGEST_RTF

_UNCOMPRESSED, _COMPRESSED = b"MELA", b"LZFu"
_DICTIONARY: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN: Final = re.compile(
    r"\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<word>[a-z]{1,32})(?P<number>-?\d{1,9})? ?|\\(?P<sign>[^a-z])|(?P<group>[{}])"
    r"|[\r\n]+|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_UNSEEN: Final = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "themedata", "datastore", "listtable"}
)
_MEANS: Final = {
    "par": "\n",
    "line": "\n",
    "row": "\n",
    "tab": "\t",
    "cell": "\t",
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
}


def unpacked(data: bytes) -> bytes:
    """The rich text of a PidTagRtfCompressed property. Raises ValueError for anything else."""
    if len(data) < 16:
        raise ValueError("It is too short.")
    _, size, kind, _ = struct.unpack_from("<II4sI", data)
    if kind == _UNCOMPRESSED:
        return data[16 : 16 + min(size, LONGEST_RTF)]
    if kind != _COMPRESSED:
        raise ValueError("It is no rich text.")
    window = bytearray(_DICTIONARY.ljust(4096, b" "))
    write, at, found = len(_DICTIONARY), 16, bytearray()
    while at < len(data) and len(found) < min(size, LONGEST_RTF):
        control = data[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(data):
                    return bytes(found)
                pair = data[at] << 8 | data[at + 1]
                at += 2
                read, length = pair >> 4, (pair & 15) + 2
                if read == write:
                    return bytes(found)
            else:
                if at >= len(data):
                    return bytes(found)
                read, length = -1, 1
            for step in range(length):
                byte = data[at] if read < 0 else window[(read + step) % 4096]
                found.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
            at += read < 0
    return bytes(found)


def as_text(rtf: bytes) -> str:
    """What a person reads of it."""
    source = rtf[:LONGEST_RTF].decode("latin-1")
    codec = _codec(source)
    told: list[str] = []
    pending = bytearray()
    silent_from: int | None = None
    depth = skip = 0
    hidden = False

    def flush() -> None:
        if pending:
            told.append(bytes(pending).decode(codec, "replace"))
            pending.clear()

    for token in _TOKEN.finditer(source):
        if token["group"] == "{":
            depth += 1
        elif token["group"] == "}":
            depth -= 1
            if silent_from is not None and depth < silent_from:
                silent_from = None
        elif silent_from is None and (token["word"] in _UNSEEN or token["sign"] == "*"):
            silent_from = depth
        elif token["word"] == "htmlrtf":
            hidden = token["number"] != "0"
        elif silent_from is not None or hidden:
            continue
        elif token["byte"]:
            if skip:
                skip -= 1
            else:
                pending.append(int(token["byte"], 16))
        elif token["word"] == "u" and token["number"]:
            flush()
            told.append(chr(int(token["number"]) % 65536))
            skip = 1
        elif token["word"] in _MEANS or token["sign"] or token["text"]:
            flush()
            text = _MEANS.get(token["word"] or "") or _sign(token["sign"]) or token["text"] or ""
            told.append(text[skip:] if token["text"] else text)
            skip = 0
    flush()
    return "".join(told).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def _sign(sign: str | None) -> str:
    return {"~": " ", "_": "-", "\n": "\n", "\r": "\n"}.get(
        sign or "", sign if sign in ("\\", "{", "}") else ""
    )


def _codec(source: str) -> str:
    named = re.search(r"\\ansicpg(\d{3,5})", source[:2000])
    name = f"cp{named[1]}" if named else "cp1252"
    try:
        b"x".decode(name)
    except LookupError:
        return "cp1252"
    return name
