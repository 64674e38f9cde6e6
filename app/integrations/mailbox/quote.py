"""What is new in an answer, and what is the mail it answers. The straight road: in doubt all of it is new.

For answers alone: in a first mail, what was forwarded is what it is about.
"""

import re
from dataclasses import dataclass

#: Stands in our own mails: whatever client quotes it, below it is our own text.
MARK = "Please write your answer above this line"

_WROTE = re.compile(
    r"""^[>\s]*(
        on\s.{6,250}[\s>]+wrote
      | am\s.{6,250}[\s>]+schrieb(\s.{0,120})?
      | le\s.{6,250}[\s>]+a\sécrit
      | el\s.{6,250}[\s>]+escribió
      | il\s.{6,250}[\s>]+ha\sscritto
      | op\s.{6,250}[\s>]+schreef(\s.{0,120})?
      | em\s.{6,250}[\s>]+escreveu
      | den\s.{6,250}[\s>]+skrev
      | \d{4}[-/.].{6,250}<[^<>\s]+@[^<>\s]+>
    )\s*:\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_ORIGINAL = re.compile(
    r"^\s*-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|mensaje original)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{20,}\s*$")
_OUTLOOK = re.compile(r"^\s*\*?(from|von|de|da|van)\s*:\*?\s*\S", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(
    r"^\s*\*?(sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|cc)\s*:\*?",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"^(-- ?|sent from my .{2,40}|sent with .{2,60}|get outlook for .{2,20})$", re.IGNORECASE
)


@dataclass(frozen=True)
class Reply:
    """`new` is shown, `quoted` is folded away; together they are the whole text, line by line."""

    new: str
    quoted: str


def split(text: str) -> Reply:
    """Cut where the quoted mail begins. Nothing that could be new is ever folded away."""
    lines = text.split("\n")
    cut = _where_the_quote_begins(lines)
    new = "\n".join(lines[:cut]).rstrip()
    if not new.strip():
        return Reply(new=text.strip("\n"), quoted="")
    return Reply(new=new.strip("\n"), quoted="\n".join(lines[cut:]).strip("\n"))


def without_signature(text: str) -> str:
    """The text above a signature line, if something stands above it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _SIGNED.match(line.rstrip("\n")) and any(map(str.strip, lines[:number])):
            rest = [one for one in lines[number + 1 :] if one.strip()]
            if len(rest) <= 8:
                return "\n".join(lines[:number]).rstrip()
    return text


def _where_the_quote_begins(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if MARK in line and not line.lstrip().startswith(">"):
            return _above_introduction(lines, number)
        if _ORIGINAL.match(line):
            return number
        if _RULE.match(line) and _is_outlook_head(lines, number + 1):
            return number
        if _is_outlook_head(lines, number):
            return number
        length = _introduction(lines, number)
        if length and _is_all_quoted(lines[number + length :]):
            return number
        if line.startswith(">") and _is_all_quoted(lines[number:]):
            return number
    return len(lines)


def _introduction(lines: list[str], number: int) -> int:
    """How many lines an "On … wrote:" takes here: clients break it in up to three."""
    for length in (1, 2, 3):
        joined = " ".join(line.strip() for line in lines[number : number + length])
        if _WROTE.match(joined):
            return length
    return 0


def _is_all_quoted(lines: list[str]) -> bool:
    """Every line that says something is quoted. Answers written between the quoted lines are new text."""
    told = [line for line in lines if line.strip()]
    return bool(told) and all(line.lstrip().startswith(">") for line in told)


def _is_outlook_head(lines: list[str], number: int) -> bool:
    head = [line for line in lines[number : number + 8] if line.strip()][:4]
    return (
        bool(head)
        and bool(_OUTLOOK.match(head[0]))
        and sum(bool(_OUTLOOK_NEXT.match(one)) for one in head[1:]) >= 2
    )


def _above_introduction(lines: list[str], number: int) -> int:
    """Our mark is the first line of our mail: the introduction of the quote stands right above it."""
    start = number
    while start > 0 and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith(">")):
        start -= 1
    for length in (3, 2, 1):
        at = start - length
        if at >= 0 and _introduction(lines, at) == length:
            return at
    for at in range(max(0, start - 9), start):
        if _is_outlook_head(lines, at) or _ORIGINAL.match(lines[at]):
            return at
    return start if start < number else number
