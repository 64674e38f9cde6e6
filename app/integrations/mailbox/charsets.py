"""Bytes of unknown honesty become text: never an exception, never a NUL, always NFC."""

import codecs
import re
import unicodedata

#: What senders say, and what they mean (WHATWG's encoding standard says the same).
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp-ms": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "unicode": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "x-mac-roman": "mac_roman",
    "utf8mb4": "utf-8",
}
#: Codecs of Python's that are no character sets, or that turn harmless text into something else.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
#: Control characters that no reader needs and that databases, terminals or headers stumble over.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def to_text(data: bytes, charset: str | None = None) -> str:
    """What the sender most likely wrote. The declared charset is tried first and not believed blindly."""
    return tidy(_decode(data, charset))


def tidy(text: str) -> str:
    """NFC, Unix line ends, no NUL and no other control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def known_codec(charset: str | None) -> str | None:
    """The Python codec for a declared charset, or None when there is none to trust."""
    name = (charset or "").strip().strip("\"'").lower().partition("*")[0]
    if not name or len(name) > 40:
        return None
    found = _looked_up(_MEANT.get(name, name)) or _looked_up(_MEANT.get(name[2:], name[2:]))
    if found is None:
        return None
    usable = found._is_text_encoding and found.name.replace("-", "_") not in _NOT_FOR_MAIL
    return _MEANT.get(found.name.replace("_", "-"), found.name) if usable else None


def _looked_up(name: str) -> codecs.CodecInfo | None:
    try:
        return codecs.lookup(name) if name else None
    except (LookupError, ValueError):
        return None


def _decode(data: bytes, charset: str | None) -> str:
    if data.startswith(codecs.BOM_UTF8):
        charset, data = "utf-8", data[3:]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    declared = known_codec(charset)
    if declared and declared.startswith("iso2022_jp") and b"\x1b" in data:
        return _from_iso_2022_jp(data)
    for codec in filter(None, (None if declared == "ascii" else declared, "utf-8")):
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            continue
    if declared not in {None, "ascii", "utf-8"}:
        return data.decode(declared or "", "replace")
    # Neither the declared charset nor UTF-8: a few broken bytes in UTF-8, or a Windows letter all through?
    patched = data.decode("utf-8", "replace")
    broken = patched.count("�")
    whole = sum(1 for character in patched if character > "\x7f") - broken
    return patched if whole > broken else data.decode("cp1252", "replace")


_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\([@BDOPQ]|\([BJIH])")


def _from_iso_2022_jp(data: bytes) -> str:
    """Japanese mail as it is really written: with Microsoft's own signs, which the standard's codec refuses."""
    told: list[str] = []
    mode, at = b"(B", 0
    for escape in [*_ESCAPE.finditer(data), None]:
        told.append(_in_mode(mode, data[at : escape.start() if escape else len(data)]))
        if escape:
            mode, at = escape[1], escape.end()
    return "".join(told)


def _in_mode(mode: bytes, data: bytes) -> str:
    if mode in (b"$@", b"$B"):
        # A line end takes the writer back to ASCII, whether or not the escape for it is there.
        pairs, newline, rest = data.partition(b"\n")
        moved = b"".join(_as_shift_jis(*pairs[at : at + 2]) for at in range(0, len(pairs) - 1, 2))
        return moved.decode("cp932", "replace") + (newline + rest).decode("ascii", "replace")
    if mode == b"(I":
        return bytes(byte | 0x80 for byte in data).decode("cp932", "replace")
    if mode.startswith(b"$("):
        return (b"\x1b" + mode + data + b"\x1b(B").decode("iso2022_jp_ext", "replace")
    return data.decode("cp932" if max(data, default=0) > 0x7F else "ascii", "replace")


def _as_shift_jis(first: int, second: int) -> bytes:
    if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
        return bytes((first, second))
    row = ((first - 0x21) >> 1) + 0x81
    if first % 2:
        cell = second + (0x1F if second < 0x60 else 0x20)
    else:
        cell = second + 0x7E
    return bytes((row if row <= 0x9F else row + 0x40, cell))
