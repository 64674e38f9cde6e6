"""What this room refuses."""


class NotForThem(Exception):
    """A link that is not made; `sentence` tells the office why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotTaken(Exception):
    """What a family sent is not taken; `key` is the sentence in the catalogue that tells them why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
