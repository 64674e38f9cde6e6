"""A mail while it is read: its parts, and what has been found of it so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.integrations.mailbox.allowance import LONGEST_TEXT_PART, Allowance, Spent
from app.integrations.mailbox.charsets import to_text
from app.integrations.mailbox.clean import LONGEST_HTML, as_text
from app.integrations.mailbox.headers import one_line
from app.integrations.mailbox.parts import Part, leaves

TOO_MUCH_HTML: Final = "Its formatting is too large to be cleaned; the text is shown alone."


class Protection(StrEnum):
    """How its sender protected it."""

    NONE = ""
    #: By S/MIME or PGP; whether the signature is good, nobody here has checked.
    SIGNED = "signed"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True)
class MailFile:
    """A file that came with a mail. Its type is what the sender says; sniffing is the attachments' business."""

    name: str
    declared_type: str
    content: bytes = field(repr=False)
    cid: str | None
    inline: bool


@dataclass
class Leaf:
    """A part that carries something. Parts of one multipart/alternative share a block: they say the same twice."""

    kind: str
    content: bytes
    block: int
    name: str = ""
    disposition: str = ""
    cid: str = ""
    charset: str = ""
    is_encrypted: bool = False

    @property
    def is_words(self) -> bool:
        """To be read, and not a file."""
        is_text = self.kind in {"text/plain", "text/html"}
        return is_text and not self.name and self.disposition != "attachment" and not self.is_encrypted


@dataclass
class Reading:
    """A mail on the desk: what has been found of it so far."""

    raw: bytes
    zone: str
    allowance: Allowance
    part: Part = field(default_factory=lambda: Part(b""))
    leaves: list[Leaf] = field(default_factory=list)
    #: By block: its plain texts, and its HTML.
    words: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    text: str = ""
    html: str | None = None
    files: list[MailFile] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: Those of the files that were written into the HTML.
    pictures: list[MailFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    protection: Protection = Protection.NONE
    _blocks: dict[Part, int] = field(default_factory=dict)
    _last_block: int = 0
    _text_left: int = LONGEST_TEXT_PART
    _html_left: int = LONGEST_HTML

    def attempt(self, step: Callable[["Reading"], None]) -> None:
        try:
            step(self)
        except Spent as spent:
            self.fault(str(spent))
        except Exception as error:  # noqa: BLE001 a mail that breaks a step is still somebody's mail
            what = step.__name__.replace("_", " ")
            self.fault(f"It could not be read whole ({what}: {type(error).__name__}); the original is kept.")

    def fault(self, sentence: str) -> None:
        if sentence not in self.faults:
            self.faults.append(sentence)

    def block_of(self, part: Part, around: Sequence[Part]) -> int:
        """The same for all parts of one multipart/alternative, the outermost."""
        outermost = next((one for one in around if one.kind == "multipart/alternative"), part)
        if outermost not in self._blocks:
            self._blocks[outermost] = self.new_block()
        return self._blocks[outermost]

    def new_block(self) -> int:
        self._last_block += 1
        return self._last_block

    def told(self, words: str) -> Leaf:
        """A sentence of ours, or an invitation, as a part of its own."""
        return Leaf("text/plain", words.encode(), self.new_block(), charset="utf-8")

    def take_words(self, leaf: Leaf) -> None:
        """Its text or its HTML joins its block. A mail has only so many words, and so much HTML that is cleaned."""
        texts, htmls = self.words.setdefault(leaf.block, ([], []))
        words = self._text_of(leaf)
        if leaf.kind == "text/html" and len(words) <= self._html_left:
            self._html_left -= len(words)
            htmls.append(words)
        elif leaf.kind == "text/html":
            self.fault(TOO_MUCH_HTML)
            texts.extend([] if any(map(str.strip, texts)) else [as_text(words)])
        else:
            texts.append(words)

    def _text_of(self, leaf: Leaf) -> str:
        content = leaf.content
        if len(content) > self._text_left:
            self.fault("Its text is longer than is shown; the whole mail is kept.")
            content = content[: self._text_left]
        self._text_left -= len(content)
        return to_text(content, leaf.charset)

    def leaves_of(self, part: Part) -> list[Leaf]:
        """What it carries, as far as the allowance lasts. What lies too deep is kept as a file."""
        found: list[Leaf] = []
        too_deep: list[Part] = []
        try:
            for one, around in leaves(part, self.allowance, too_deep):
                found.append(self._leaf_or_file(one, around))
        except Spent as spent:
            self.fault(str(spent))
        if too_deep:
            self.fault("Some parts lie inside too many others to be opened; they are kept as a file.")
        for one in too_deep:
            found.append(Leaf("message/rfc822", one.as_it_came, self.new_block(), name="unopened parts.eml"))
        return found

    def _leaf_or_file(self, part: Part, around: Sequence[Part]) -> Leaf:
        try:
            return self._leaf(part, around)
        except Spent:
            raise
        except Exception as error:  # noqa: BLE001 one broken part must not cost the others
            self.fault(f"One part could not be read ({type(error).__name__}); it is kept as a file.")
            return Leaf("message/rfc822", part.as_it_came, self.new_block(), name="unread part.eml")

    def _leaf(self, part: Part, around: Sequence[Part]) -> Leaf:
        if any(one.kind == "multipart/signed" for one in around):
            self.protection = Protection.SIGNED
        headers = part.headers
        kind = part.kind
        if part.main_kind == "multipart":
            kind = "text/plain"  # it promised parts and has none
        return Leaf(
            kind=kind,
            content=part.content(self.allowance),
            block=self.block_of(part, around),
            name=part.name,
            disposition=part.disposition,
            cid=one_line(headers.first("content-id")).strip("<> "),
            charset=headers.parameter("content-type", "charset"),
            is_encrypted=bool(around)
            and around[-1].kind == "multipart/encrypted"
            and kind != "application/pgp-encrypted",
        )
