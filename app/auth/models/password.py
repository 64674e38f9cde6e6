"""Passwords: argon2id, a few at a time, and the same time for an account that does not exist."""

from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 200

#: 19 MiB each: two at once stay far below what a web process may weigh.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=19_456, parallelism=1)
_A_FEW_AT_A_TIME: Final = BoundedSemaphore(2)

#: Verified when there is no account, so that a stranger cannot tell by the clock.
_NOBODYS: Final = _HASHER.hash("a password that nobody has")

#: What long passwords are made of when nobody thought about them.
_FIRST_GUESSES: Final = ("password", "welcome", "letmein", "qwerty", "iloveyou", "school", "teacher", "abc")


def hashed(password: str) -> str:
    """The password as it is stored."""
    with _A_FEW_AT_A_TIME:
        return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """True if it is that password; takes as long when there is none to compare with."""
    with _A_FEW_AT_A_TIME:
        try:
            _HASHER.verify(stored or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_out_of_date(stored: str) -> bool:
    """True if it was hashed with less care than we take today."""
    return _HASHER.check_needs_rehash(stored)


def weakness(password: str, *, name: str = "", email: str = "") -> str | None:
    """A sentence that says what is wrong with a new password, or None."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. Four words that do not belong together are easy to keep."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if len(set(plain)) < 5:
        return "Use more than a few different characters: this one is guessed at once."
    known = [email.partition("@")[0], *name.split(), *_FIRST_GUESSES]
    left = plain
    for word in sorted({word.casefold() for word in known if len(word) > 2}, key=len, reverse=True):
        left = left.replace(word, "")
    if len(left.strip("0123456789!.-_ ")) < 4:
        return "This is among the first passwords that a stranger would try. Choose another."
    return None
