"""What a file really is, told from its first bytes, and a name for it that is safe to show and to save.

Neither the name nor the type that came with a file is believed: both are written by whoever sent it.
"""

import re
import unicodedata
from typing import Final

UNKNOWN: Final = "application/octet-stream"
PLAIN_TEXT: Final = "text/plain"

#: What the pictures module can draw anew. Whatever else calls itself a picture is a file: SVG is a program.
PICTURES: Final = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/bmp",
        "image/tiff",
        "image/heic",
        "image/avif",
    }
)

_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_IN_A_ZIP: Final = (
    (b"word/document", _OFFICE + "wordprocessingml.document"),
    (b"xl/workbook", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/presentation", _OFFICE + "presentationml.presentation"),
    (b"vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (b"vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
)
_BY_FIRST_BYTES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # Word, Excel and mail before 2007
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_LOOKED_AT: Final = 64 * 1024
_LONGEST_NAME: Final = 120
_LONGEST_ENDING: Final = 12


def content_type(data: bytes) -> str:
    """The type of a file by its bytes: a picture, a known document, plain text, or an unknown file."""
    return _picture(data) or _document(data) or (PLAIN_TEXT if _is_text(data) else UNKNOWN)


def safe_name(name: str, otherwise: str = "file") -> str:
    """A file name without paths, control and direction marks, or length that breaks a page or a disk."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(
        " " if unicodedata.category(letter) in {"Zs", "Zl", "Zp", "Cc"} else letter
        for letter in name
        if unicodedata.category(letter) not in {"Cf", "Cs", "Co", "Cn"}
    )
    kept = re.sub(r'[<>:"|?*\x00-\x1f]', "-", " ".join(kept.split())).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        stem, ending = kept, ""
    if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", stem):
        stem = "_" + stem
    stem = _shortened(stem, _LONGEST_NAME - len(ending) - 1).rstrip(". ") or otherwise
    return f"{stem}.{ending}" if ending else stem


def _shortened(text: str, letters: int) -> str:
    # File systems count bytes, and a letter is up to four.
    return text[:letters].encode()[:200].decode(errors="ignore")


def _picture(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if data.startswith((b"II*\0", b"MM\0*")):
        return "image/tiff"
    if data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis"}:
        return "image/avif"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "image/avif" if b"avif" in data[12:40] else "image/heic"
    return None


def _document(data: bytes) -> str | None:
    for start, kind in _BY_FIRST_BYTES:
        if data.startswith(start):
            return kind
    if data[4:8] == b"ftyp":
        return "video/quicktime" if data[8:12] == b"qt  " else "video/mp4"
    if data.startswith(b"PK\x03\x04"):
        # The names in an archive are read as bytes: opening it could cost more than the file is worth.
        return next((kind for name, kind in _IN_A_ZIP if name in data), "application/zip")
    return None


def _is_text(data: bytes) -> bool:
    start = data[:_LOOKED_AT]
    if b"\0" in start:
        return False
    try:
        # The last letter may be cut in two where we stopped looking.
        text = start.decode() if len(data) <= _LOOKED_AT else start.decode(errors="ignore")
    except UnicodeDecodeError:
        return False
    return not any(letter < " " and letter not in "\t\n\r\f\x1b" for letter in text)
