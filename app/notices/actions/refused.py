"""What the mail room refuses about notices, each with a sentence for the person who asked."""


class Refused(Exception):
    """Not done; `sentence` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
