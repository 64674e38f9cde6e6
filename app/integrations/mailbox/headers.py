"""Mail headers as they really come: 8-bit, folded oddly, encoded twice, with half an address."""

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from app.integrations.mailbox.allowance import LONGEST_HEADER, MOST_ADDRESSES, MOST_HEADERS, MOST_IDS
from app.integrations.mailbox.charsets import known_codec, tidy, to_text

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\n]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\n]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]{1,64}@[^\s<>()\[\],;:\"\\@]{1,253}")
#: Older mail may have blanks and comments within an address (RFC 5322 §4.4).
_AROUND_A_SIGN = re.compile(r"\s*([.@])\s*")
_ID = re.compile(r"<\s*([^<>]{1,990}?)\s*>")


@dataclass(frozen=True)
class Address:
    """A name as shown and a plain lower-case address."""

    name: str
    address: str


class Headers:
    """The headers of one part, read tolerantly from their bytes."""

    def __init__(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        pairs = pairs[:MOST_HEADERS]
        kind = next((value for name, value in pairs if name == "content-type"), b"")
        charset = parameters_of(_original(kind)).get("charset")
        self._pairs = [(name, _original(value, charset)) for name, value in pairs]

    def all(self, name: str) -> list[str]:
        """Each value of that header, unfolded, still with its encoded words."""
        return [value for key, value in self._pairs if key == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def words(self, name: str) -> str:
        """The first value as a person reads it."""
        return decoded(self.first(name))

    def addresses(self, name: str) -> tuple[Address, ...]:
        found = [address for value in self.all(name) for address in addresses_in(value)]
        return tuple(found[:MOST_ADDRESSES])

    def ids(self, name: str) -> tuple[str, ...]:
        """Message ids, each with its angle brackets, in the order in which they stand."""
        found = [one for value in self.all(name) for one in ids_in(value)]
        return tuple(dict.fromkeys(found[-MOST_IDS:]))

    def parameter(self, header: str, name: str) -> str:
        return parameters_of(self.first(header)).get(name, "")

    def date(self) -> datetime | None:
        """When the sender says it was written; in UTC where no zone is given. A claim, not a fact."""
        try:
            at = parsedate_to_datetime(self.first("date"))
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
            return None


def decoded(value: str) -> str:
    """RFC 2047 read as senders write it: adjacent words joined before decoding, faults left as they stand."""
    joined = _BETWEEN_WORDS.sub(r"\1", value)
    pieces: list[str] = []
    pending: list[bytes] = []
    charset: str | None = None
    end = 0

    def flush() -> None:
        if pending:
            pieces.append(to_text(b"".join(pending), charset))
            pending.clear()

    for word in _ENCODED_WORD.finditer(joined):
        data = _unpacked(word[2], word[3])
        if data is None:
            continue
        if word.start() > end or word[1].lower() != (charset or "").lower():
            flush()
            pieces.append(joined[end : word.start()])
        charset = word[1]
        pending.append(data)
        end = word.end()
    flush()
    pieces.append(joined[end:])
    return one_line("".join(pieces))


def one_line(text: str) -> str:
    """Header text on one line: what follows a line end could be a header of its own."""
    return " ".join(tidy(text).split())


def addresses_in(value: str) -> Iterator[Address]:
    """Every address of an address header; groups are opened, empty ones give nothing."""
    for entry in _entries(value):
        if "<" in entry and ">" in entry.rpartition("<")[2]:
            before, _, rest = entry.rpartition("<")
            inside = _AROUND_A_SIGN.sub(r"\1", _without_comments(rest.partition(">")[0]))
        else:
            before, inside = "", entry
        found = _ADDRESS.findall(_without_comments(inside)) or _ADDRESS.findall(decoded(inside))
        name = decoded(_shown(before)) or decoded(_comment(entry))
        for one in found[:MOST_ADDRESSES]:
            yield Address(name=name[:200], address=tidy(one).lower().strip(".'"))


def ids_in(value: str) -> Iterator[str]:
    """`<id>` wherever one stands; a bare word with an @ where a sender forgot the brackets."""
    found = _ID.findall(value)
    if not found:
        found = [word.strip(",;\"'") for word in value.split() if "@" in word]
    for one in found:
        compact = "".join(tidy(one).split())
        if compact:
            yield f"<{compact}>"


def parameters_of(value: str) -> dict[str, str]:
    """The parameters of a Content-Type or Content-Disposition, RFC 2231 and RFC 2047 and neither."""
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, str]]] = {}
    for piece in _split(value, ";")[1:]:
        name, equals, content = piece.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            continue
        content = _unquoted(content)
        parts = name.split("*")
        if len(parts) == 1:
            plain.setdefault(name, decoded(content))
        else:
            number = next((int(part) for part in parts[1:] if part.isdecimal() and len(part) < 4), 0)
            extended.setdefault(parts[0], {})[number] = (name.endswith("*"), content)
    return plain | {name: _rejoined(pieces) for name, pieces in extended.items()}


def _rejoined(pieces: dict[int, tuple[bool, str]]) -> str:
    charset: str | None = None
    data = b""
    for number, (is_encoded, content) in sorted(pieces.items()):
        if number == min(pieces) and is_encoded and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if is_encoded else content.encode("utf-8", "replace")
    # Some senders put RFC 2047 words inside RFC 2231 pieces.
    return decoded(to_text(data, charset if known_codec(charset) else None))


def _original(value: bytes, charset: str | None = None) -> str:
    """The header as it came, unfolded. 8-bit bytes are UTF-8, or else of the charset that the body declares."""
    data = value[:LONGEST_HEADER]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = to_text(data, charset)
    return " ".join(tidy(text).split("\n")).strip()


def _unpacked(encoding: str, content: str) -> bytes | None:
    data = content.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data.rstrip(b"=")) % 4))
    except binascii.Error:
        return None


def _entries(value: str) -> Iterator[str]:
    for piece in _split(value, ",;"):
        # `Staff: a@x, b@x;` is a group: its name is not an address.
        outside = _without_comments(_QUOTED.sub("", piece.partition("<")[0]))
        if ":" in outside and "@" not in outside.partition(":")[0]:
            piece = piece.partition(":")[2]
        if piece.strip():
            yield piece.strip()


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def _split(value: str, at: str) -> list[str]:
    """Split outside quotes, comments and angle brackets. An unclosed quote or comment is taken as text."""
    pieces, start, depth = [], 0, 0
    in_quotes = in_angle = False
    position = 0
    while position < len(value):
        character = value[position]
        if character == "\\" and (in_quotes or depth):
            position += 1
        elif character == '"' and not depth:
            in_quotes = not in_quotes and '"' in value[position + 1 :][:2000]
        elif not in_quotes and character == "(":
            depth += 1 if depth or ")" in value[position:][:2000] else 0
        elif not in_quotes and character == ")":
            depth = max(0, depth - 1)
        elif not in_quotes and not depth:
            if character == "<":
                in_angle = ">" in value[position:][:2000]
            elif character == ">":
                in_angle = False
            elif character in at and not in_angle:
                pieces.append(value[start:position])
                start = position + 1
        position += 1
    pieces.append(value[start:])
    return pieces


def _without_comments(value: str) -> str:
    kept, depth, escaped = [], 0, False
    for character in value:
        if escaped or character == "\\":
            escaped = not escaped
            kept.append("" if depth else character)
        elif character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _shown(before: str) -> str:
    """The name before an address. A comment stays in it only where it is quoted."""
    plain = _unquoted(before)
    return plain if plain != before.strip() else _without_comments(plain).strip()


def _comment(value: str) -> str:
    return value.partition("(")[2].rpartition(")")[0].strip()


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return re.sub(r"^\"|\"$", "", value) if value.count('"') == 1 else value
