"""What is new in an answer, and what is the mail it answers. The straight road: in doubt all of it is new.

For answers alone: in a first mail, what was forwarded is what it is about.

What is folded away, and why it is sure enough:
- lines that begin with ">", when the mail introduces them, says whose they are, or holds our own mark;
- all below our own mark, below a head of From, Sent and To or Subject, below a line "Original Message", and below
  an introduction with day, address and verb that no ">" follows: some programs quote without a sign;
- a signature below "-- ", the line that a telephone adds, the footer of a mailing list.
Answers between quoted lines keep these with them. A mail that was passed on is new to the desk.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import Final

from app.integrations.mailbox.quote_words import (
    ADDRESS,
    DAY,
    ENDS_WITH_ADDRESS,
    FORWARDED,
    HEAD_WORDS,
    ORIGINAL,
    POINTS_BELOW,
    SENT_FROM,
    STARTS,
    TIME,
    WROTE,
    Head,
)

#: Stands in our own mails: whatever client quotes it, below it is our own text.
MARK = "Please write your answer above this line"

#: A text of more lines is a log that somebody pasted: it is shown.
MOST_LOOKED_AT: Final = 20_000
#: No introduction is longer, and none is broken into more lines.
LONGEST_INTRODUCTION: Final = 400
MOST_LINES: Final = 3
#: Its longest line, to whom, is broken into several.
LONGEST_HEAD: Final = 12
#: A signature longer than this may be something else: it is shown.
LONGEST_SIGNATURE: Final = 8

_RULE = re.compile(r"\s*[-_=*—]{5,100}\s*$")
_LONG_RULE = re.compile(r"\s*_{30,100}\s*$")
_TOLD = re.compile(r"[^\W\d_][^:：]{0,30}[:：]\s*\S")
_LIST_FOOTER = re.compile(r"\S+ mailing list$")
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069*]")
_LINK = re.compile(r"\s*[<(\[]?https?://\S+")


class Kind(StrEnum):
    NEW = "new"
    #: The mail that is answered, with whatever signature stands around it.
    QUOTE = "quote"
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Part:
    kind: Kind
    #: With every sign it came with.
    text: str

    @property
    def shown(self) -> str:
        return self.text.rstrip().strip("\n")


@dataclass(frozen=True)
class Reply:
    """A text in parts, in its own order; joined they are the text. One of them is new."""

    parts: tuple[Part, ...]

    @classmethod
    def all_new(cls, text: str) -> "Reply":
        return cls((Part(Kind.NEW, text),))

    @property
    def new(self) -> str:
        return next(part.shown for part in self.parts if part.kind is Kind.NEW)


def split(text: str) -> Reply:
    """What is new and what is quoted. Nothing that could be new is ever folded away."""
    lines = text.split("\n", MOST_LOOKED_AT)
    if len(lines) > MOST_LOOKED_AT:
        return Reply.all_new(text)
    end, kind = _where_the_new_ends(lines)
    start = _where_the_new_starts(lines[:end])
    if not _says_something(lines[start:end]):
        return Reply.all_new(text)
    whole = [line + "\n" for line in lines[:-1]] + [lines[-1]]
    parts = (
        Part(Kind.QUOTE, "".join(whole[:start])),
        Part(Kind.NEW, "".join(whole[start:end])),
        Part(kind, "".join(whole[end:])),
    )
    return Reply(tuple(part for part in parts if part.text.strip() or part.kind is Kind.NEW))


# Where the new text ends: first what is quoted without signs, then from below what is quoted with them.


def _where_the_new_ends(lines: list[str]) -> tuple[int, Kind]:
    kind, end = Kind.SIGNATURE, len(lines)
    cut = _where_a_quote_without_signs_begins(lines)
    if cut is None:
        return end, kind
    if cut < end and _says_something(lines[:cut]) and not _points_below(lines[:cut]):
        kind, end = Kind.QUOTE, cut
    above = _above_what_is_added(lines, end)
    quote = _above_a_quote_with_signs(lines, above)
    if quote < above and _says_something(lines[:quote]):
        kind, above = Kind.QUOTE, _above_what_is_added(lines, quote)
    return above, kind


def _where_a_quote_without_signs_begins(lines: list[str]) -> int | None:
    """The line from where all is another's; their number when there is none; None when it is passed on."""
    signs_from = _signs_from(lines)
    for number, line in enumerate(lines):
        if not line.strip() or _is_quoted(line):
            continue
        if FORWARDED.fullmatch(line[:200].strip()):
            return None
        if MARK in line[:200]:
            return _above_its_introduction(lines, number)
        if ORIGINAL.fullmatch(line[:200].strip()) and any(map(_told, lines[number + 1 : number + 5])):
            return number
        if _is_head(lines, number):
            return _above_its_rule(lines, number)
        if number >= signs_from[1] and _is_whole_introduction(lines, number):
            return number - _introduction_above(lines, number) + 1
    return len(lines)


def _signs_from(lines: list[str]) -> tuple[int, int]:
    """The first and the line after the last that begins with the sign of a quote."""
    signed = [number for number, line in enumerate(lines) if _is_quoted(line)]
    return (signed[0], signed[-1] + 1) if signed else (len(lines), 0)


def _above_a_quote_with_signs(lines: list[str], end: int) -> int:
    start = end
    while start > 0 and (not lines[start - 1].strip() or _is_quoted(lines[start - 1])):
        start -= 1
    while start < end and not lines[start].strip():
        start += 1
    if start == end:
        return end
    above = start - _introduction_over(lines, start)
    return above if above < start or _is_anothers(lines, start, end) else end


def _is_anothers(lines: list[str], start: int, end: int) -> bool:
    """These lines with signs are a mail's: it says so itself, or the text above quotes it already."""
    if any(MARK in line[:200] for line in lines[start:end]):
        return True
    if _is_head(lines, start) or _introduction_below(lines, start):
        return True
    first = _signs_from(lines[:start])[0]
    if first == start or (start and lines[start - 1].strip()):
        return False  # right below words: the writer may have set the signs
    return bool(_introduction_over(lines, first) or _introduction_below(lines, first))


def _above_what_is_added(lines: list[str], end: int) -> int:
    """Above the footer of a list, a telephone's line and a signature; `end` when there is none."""
    while True:
        above = _above_signature(lines, _above_telephone(lines, _above_footer(lines, end)))
        if above == end or not _says_something(lines[:above]):
            return end
        end = above


def _above_footer(lines: list[str], end: int) -> int:
    said = _last_said(lines, end, 4)
    is_footer = (
        len(said) == 4
        and _LONG_RULE.match(lines[said[0]][:200])
        and _LIST_FOOTER.match(lines[said[1]][:200])
        and ADDRESS.search(lines[said[2]][:200])
        and _LINK.match(lines[said[3]][:200])
    )
    return said[0] if is_footer else end


def _above_telephone(lines: list[str], end: int) -> int:
    said = _last_said(lines, end, 1)
    if not said:
        return end
    line = _LINK.sub("", _plain(lines[said[0]]))
    return said[0] if len(line) <= 100 and SENT_FROM.fullmatch(line.strip("<>()[] ")) else end


def _above_signature(lines: list[str], end: int) -> int:
    for count, number in enumerate(reversed(_last_said(lines, end, LONGEST_SIGNATURE + 1))):
        if _is_quoted(lines[number]):
            return end
        # Without the space of RFC 3676 it may divide two thoughts: then only right below a quote.
        if lines[number] == "-- " or (
            lines[number] == "--" and count <= 4 and _is_below_quote(lines, number)
        ):
            return number
    return end


def _is_below_quote(lines: list[str], number: int) -> bool:
    return _above_a_quote_with_signs(lines, number) < number


# Where it starts: a quoted mail above the only answer is folded too.


def _where_the_new_starts(lines: list[str]) -> int:
    first, after = _signs_from(lines)
    if not after or _says_something(lines[: first - _introduction_over(lines, first)]):
        return 0
    if not all(_is_quoted(line) for line in lines[first:after] if line.strip()):
        return 0
    is_introduced = _introduction_over(lines, first) or _is_anothers(lines, first, after)
    return after if is_introduced and _says_something(lines[after:]) else 0


# Introductions: "On … wrote:", in up to three lines.


def _introduction_over(lines: list[str], number: int) -> int:
    """How many lines above this one introduce it, the blank ones between them and it included."""
    last = number - 1
    while last >= 0 and number - last <= 6 and not lines[last].strip():
        last -= 1
    length = _introduction_above(lines, last) if last >= 0 else 0
    return number - last - 1 + length if length else 0


def _introduction_below(lines: list[str], number: int) -> bool:
    """The quoted lines begin with their own introduction."""
    return any(
        _introduction_above([_unquoted(line) for line in lines[number : at + 1]], at - number)
        for at in range(number, min(number + MOST_LINES, len(lines)))
    )


def _introduction_above(lines: list[str], last: int) -> int:
    """How many lines, this one the last, are an introduction. Most likely one; a part of one is no whole."""
    if not lines[last].rstrip().endswith((":", "：")):
        return 0
    found = 0
    for length in range(1, MOST_LINES + 1):
        first = last - length + 1
        if first < 0 or not lines[first].strip() or (length > 1 and _is_quoted(lines[first])):
            break
        words = _joined(lines, first, last)
        if length > 1 and not _may_begin_an_introduction(lines[first]):
            continue
        if _names_day_and_writer(words):
            return length
        if not found and length == 1 and _names_writer(words):
            found = length
    return found


def _may_begin_an_introduction(line: str) -> bool:
    words = _plain(line)
    is_dated = bool(STARTS.match(words) and (DAY.search(words) or TIME.search(words) or " 20" in words))
    return not words.endswith(("!", "?", ":", "：")) and (is_dated or bool(ADDRESS.search(words)))


def _names_day_and_writer(words: str) -> bool:
    if not DAY.search(words):
        return False
    if WROTE.search(words):
        return bool(STARTS.match(words) or ADDRESS.search(words))
    return bool(ENDS_WITH_ADDRESS.search(words))


def _names_writer(words: str) -> bool:
    return bool(ADDRESS.search(words) and WROTE.search(words))


def _is_whole_introduction(lines: list[str], last: int) -> bool:
    """So whole that no sign need follow: a day, an address, a verb, and a beginning."""
    length = _introduction_above(lines, last)
    words = _joined(lines, last - length + 1, last) if length else ""
    return bool(
        length
        and DAY.search(words)
        and TIME.search(words)
        and ADDRESS.search(words)
        and (WROTE.search(words) or ENDS_WITH_ADDRESS.search(words))
        and _says_something(lines[last + 1 :])
    )


def _joined(lines: list[str], first: int, last: int) -> str:
    """These lines as one, without its colon; nothing when they are longer than an introduction."""
    joined = " ".join(_plain(line) for line in lines[first : last + 1])
    return joined.rstrip(" :：") if len(joined) <= LONGEST_INTRODUCTION else ""


# Heads: From, Sent, To, Subject.


def _is_head(lines: list[str], number: int) -> bool:
    """A quoted mail's head begins here: who, when, and to whom or about what."""
    if _head_word(lines[number]) is None:
        return _is_unknown_head(lines, number)
    told = {word: line for line in _block(lines, number) if (word := _head_word(line))}
    when = told.get(Head.SENT) or told.get(Head.DATE)
    if Head.FROM not in told or when is None or not told.keys() & {Head.TO, Head.SUBJECT}:
        return False
    is_dated = bool(DAY.search(when[:200]) or TIME.search(when[:200]))
    return is_dated and (Head.SENT in told or any(ADDRESS.search(line[:300]) for line in told.values()))


def _is_unknown_head(lines: list[str], number: int) -> bool:
    """In a language that is not known: a long rule, and below it a time, an address and what they are."""
    if not _LONG_RULE.match(lines[number][:200]):
        return False
    said = _block(lines, number + 1)[:3]
    return (
        len(said) == 3
        and all(map(_told, said))
        and any(DAY.search(line[:200]) and TIME.search(line[:200]) for line in said)
        and any(ADDRESS.search(line[:300]) for line in said)
    )


def _head_word(line: str) -> Head | None:
    word, colon, _ = _plain(_unquoted(line[:80])).replace("：", ":").partition(":")
    return HEAD_WORDS.get(word.strip().lower()) if colon else None


def _above_its_rule(lines: list[str], number: int) -> int:
    above = _last_said(lines, number, 1)
    return above[0] if above and number - above[0] <= 3 and _RULE.match(lines[above[0]][:200]) else number


def _above_its_introduction(lines: list[str], number: int) -> int:
    """Our mark is the first line of our mail: what introduces the quote stands right above it."""
    length = _introduction_over(lines, number)
    if length:
        return number - length
    for at in range(max(0, number - 9), number):
        if ORIGINAL.fullmatch(lines[at][:200].strip()):
            return at
        if _is_head(lines, at):
            return _above_its_rule(lines, at)
    return number


# Lines.


def _is_quoted(line: str) -> bool:
    return line[:4].lstrip().startswith(">")


def _unquoted(line: str) -> str:
    return line.lstrip("> ")


def _plain(line: str) -> str:
    """Without the marks of direction and of bold that programs sprinkle in, and with simple spaces."""
    return " ".join(_UNSEEN.sub("", line[: LONGEST_INTRODUCTION + 1]).split())


def _told(line: str) -> bool:
    return bool(_TOLD.match(_plain(line[:80])))


def _says_something(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _points_below(lines: list[str]) -> bool:
    return any(POINTS_BELOW.search(line[:1000]) for line in lines)


def _block(lines: list[str], number: int) -> list[str]:
    """The lines from here to the next blank one, as many as a head may have."""
    return list(takewhile(str.strip, lines[number : number + LONGEST_HEAD]))


def _last_said(lines: list[str], end: int, count: int) -> list[int]:
    """The numbers of the last lines above `end` that say something, at most so many, in their order."""
    found: list[int] = []
    while end > 0 and len(found) < count:
        end -= 1
        if lines[end].strip():
            found.append(end)
    return found[::-1]
