"""What this room refuses, each with a sentence for the person who asked."""

from datetime import timedelta


class Refused(Exception):
    """Not done; `sentence` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotThem(Refused):
    """Address and password do not belong together. Says the same whether the account exists or not."""

    def __init__(self) -> None:
        super().__init__("That address and password do not belong together. Check both, then try again.")


class OnlyElsewhere(Refused):
    """The district has its staff come in by a provider alone. Says the same whether the account exists or not."""

    def __init__(self, names: str) -> None:
        super().__init__(
            f"Staff of this district sign in with {names} alone: use that button on the sign-in page. Passwords and "
            "links for them open nothing here."
        )


class MustWait(Refused):
    """Too many tries: `wait` must pass before the next one is looked at."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, round(wait.total_seconds()))
        super().__init__(f"There were too many tries. Wait {in_words(self.seconds)}, then try again.")


class NotThatCode(Refused):
    """Neither a code of the app, nor a recovery code; or one that was used before."""

    def __init__(self) -> None:
        super().__init__(
            "That code does not fit. A code of the app works once, for about a minute: wait for the next one, then "
            "type its six digits. A recovery code works once too."
        )


class NotThatPasskey(Refused):
    """Unknown, of another address, for another question, or a copy: says the same for all of them."""

    def __init__(self) -> None:
        super().__init__(
            "That passkey was not accepted. Try once more; if it stays so, use another way, and remove the passkey "
            "under “Your sign-in”."
        )


class BeginAgain(Refused):
    """Too long ago, or never begun."""

    def __init__(self) -> None:
        super().__init__("That took longer than 10 minutes. Type your address and password again.")


class StillAsked(Refused):
    """The district asks for a second factor, and this is the last one."""

    def __init__(self) -> None:
        super().__init__(
            "Your district asks for a second factor, and this is the only one you have. Is your phone lost? An admin "
            "can take the factor away, and you set up a new one."
        )


class LinkUsedUp(Refused):
    """The link was used, is older than an hour, or never was one. Says the same for all three."""

    def __init__(self) -> None:
        super().__init__(
            "This link does not work any more. A link works once, for 60 minutes: ask for a new one."
        )


class WeakPassword(Refused):
    """The new password is too easy to guess."""


class LastAdmin(Refused):
    """Somebody has to be able to open the door for the others."""

    def __init__(self) -> None:
        super().__init__("This is the only admin who can sign in. Make somebody else an admin first.")


class NotFromHere(Refused):
    """A sign-in elsewhere that opened nothing. It stands in the audit log already."""


class Held(Refused):
    """A provider vouches for them, and an admin of the district has to say who they are here."""

    def __init__(self) -> None:
        super().__init__(
            "You are not known here yet. Your district’s admin sees that you asked, and lets you in or not. "
            "Try again once they have."
        )


def in_words(seconds: int) -> str:
    """A pause as it is said."""
    if seconds < 90:
        return f"{seconds} seconds" if seconds != 1 else "1 second"
    return f"{-(-seconds // 60)} minutes"
