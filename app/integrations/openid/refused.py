"""What is refused between a provider and us."""


class ProviderRefused(Exception):
    """Nobody is signed in by this answer; `sentence` says what was wrong with it, and holds nothing out of it."""

    def __init__(self, sentence: str, *, is_fault: bool = True) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        #: False for what needs no admin: somebody changed their mind, or took a wrong account.
        self.is_fault = is_fault
