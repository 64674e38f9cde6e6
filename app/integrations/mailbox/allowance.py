"""What reading one mail may cost. Every bound on a mail from outside stands here.

They are far above any honest mail. What lies beyond them is said in the mail's faults, and the original is kept.
"""

import time
from dataclasses import dataclass, field
from typing import Final

MEGABYTE: Final = 1024 * 1024

#: More headers, or longer ones, than any honest mail has: the rest is not read.
MOST_HEADERS: Final = 1000
LONGEST_HEADER: Final = 50_000
LONGEST_HEAD: Final = 1_000_000
MOST_ADDRESSES: Final = 200
MOST_IDS: Final = 100

#: Parts within parts, and parts in all.
DEEPEST: Final = 30
MOST_PARTS: Final = 300

#: What is shown of its words; and the most HTML that is cleaned.
LONGEST_TEXT: Final = 500_000
LONGEST_TEXT_PART: Final = 4 * MEGABYTE
MOST_PICTURES_IN_TEXT: Final = 50

LONGEST_INVITATION: Final = 1 * MEGABYTE
MOST_INVITED: Final = 50

#: The reader of winmail.dat is not ours: it has a process of its own with these ceilings.
LARGEST_WINMAIL: Final = 50 * MEGABYTE
MOST_FILES_IN_WINMAIL: Final = 100
LONGEST_RTF: Final = 4 * MEGABYTE
WINMAIL_SECONDS: Final = 10
WINMAIL_WAIT: Final = 30
WINMAIL_MEMORY: Final = 600 * MEGABYTE

#: For all parts of one mail together, after their transfer encoding: signed parts within signed parts add up.
MOST_BYTES: Final = 200 * MEGABYTE
MOST_SECONDS: Final = 30.0


class Spent(Exception):
    """The mail has cost as much as one mail may."""


@dataclass
class Allowance:
    """What is left for one mail."""

    seconds: float = MOST_SECONDS
    bytes_left: int = MOST_BYTES
    parts_left: int = MOST_PARTS
    # Of this thread's own work: on a busy machine an honest mail must not lose its end.
    _began: float = field(default_factory=time.thread_time)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.seconds - (time.thread_time() - self._began))

    def check_time(self) -> None:
        """Raises Spent when its time is over."""
        if not self.seconds_left:
            raise Spent(f"It takes longer than {self.seconds:.0f} seconds to read; the rest was left out.")

    def take_part(self) -> None:
        """Raises Spent when that was one part too many, or when its time is over."""
        self.check_time()
        if not self.parts_left:
            raise Spent(f"It has more than {MOST_PARTS} parts; the rest was left out.")
        self.parts_left -= 1

    def take_bytes(self, count: int) -> None:
        """Raises Spent when these bytes are too many."""
        if count > self.bytes_left:
            raise Spent(
                f"Its parts are more than {MOST_BYTES // MEGABYTE} MB together; the rest was left out."
            )
        self.bytes_left -= count
