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
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "x-mac-roman": "mac_roman",
    "utf8mb4": "utf-8",
}
#: Codecs of Python's that are no character sets, or that turn harmless text into something else.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
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
    try:
        found = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    usable = found._is_text_encoding and found.name.replace("-", "_") not in _NOT_FOR_MAIL
    return _MEANT.get(found.name.replace("_", "-"), found.name) if usable else None


def _decode(data: bytes, charset: str | None) -> str:
    if data.startswith(codecs.BOM_UTF8):
        charset, data = "utf-8", data[3:]
    declared = known_codec(charset)
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
