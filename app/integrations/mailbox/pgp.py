"""PGP written into the text itself (RFC 9580 §6.2, §7): signed text is laid bare, an encrypted block is lifted out."""

from dataclasses import dataclass
from typing import Final

_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"
_END_OF_SIGNATURE: Final = "-----END PGP SIGNATURE-----"
_ENCRYPTED: Final = "-----BEGIN PGP MESSAGE-----"
_END_OF_ENCRYPTED: Final = "-----END PGP MESSAGE-----"


@dataclass(frozen=True)
class Bared:
    """The text as a person reads it, and the encrypted blocks that stood in it."""

    text: str
    is_signed: bool
    encrypted: tuple[str, ...]


def bared(text: str, *, instead: str) -> Bared:
    """The text without its armour. `instead` stands where an encrypted block stood."""
    if "-----BEGIN PGP" not in text:
        return Bared(text, is_signed=False, encrypted=())
    text, is_signed = _without_signature(text)
    told, blocks = [], []
    while _ENCRYPTED in text:
        before, begin, rest = text.partition(_ENCRYPTED)
        inside, end, text = rest.partition(_END_OF_ENCRYPTED)
        told += [before, instead]
        blocks.append(begin + inside + end + "\n")
    return Bared("".join([*told, text]), is_signed, tuple(blocks))


def _without_signature(text: str) -> tuple[str, bool]:
    before, begin, rest = text.partition(_SIGNED)
    if not begin or _SIGNATURE not in rest:
        return text, False
    inside, _, signature = rest.partition(_SIGNATURE)
    _, _, after = signature.partition(_END_OF_SIGNATURE)
    # Lines such as "Hash: SHA256" stand above the first blank one.
    _, blank, told = inside.partition("\n\n")
    lines = (line.removeprefix("- ") for line in (told if blank else inside).split("\n"))
    return before + "\n".join(lines).rstrip() + after, True
