"""The other side of the mail door: a mail server that keeps a mail until somebody has said 250 for it."""

import smtplib
import threading
import time
from collections.abc import Callable, Iterator

from bench.staff import DESK, writer

TEXT = "It hums and shows nothing. We have a lesson at ten, and the spare one is in use.\r\n" * 6


def message_id(nth: int) -> str:
    """What the mail of that number is called, everywhere."""
    return f"<bench-{nth}@postal.example>"


def mail(nth: int) -> bytes:
    """The same bytes each time: a mail server that tries again sends what it has."""
    headers = {
        "From": f"Writer Number {nth} <{writer(nth)}>",
        "To": DESK,
        "Subject": f"Projector {nth} is dark",
        "Message-ID": message_id(nth),
        "Date": "Thu, 05 Nov 2026 09:30:00 -0600",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + f"\r\n{TEXT}").encode()


class Sender:
    """Sends mails over several connections, each mail again until it is accepted."""

    def __init__(
        self, port: int, mails: int, connections: int, may_go: Callable[[int], bool], first: int = 0
    ) -> None:
        self.accepted: dict[int, float] = {}
        #: Milliseconds from MAIL FROM to 250, of those that were accepted at the first try.
        self.latencies: list[float] = []
        self.tries = 0
        self._port = port
        self._may_go = may_go
        self._first = first
        self._numbers: Iterator[int] = iter(range(first, first + mails))
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(connections)]

    def start(self) -> None:
        """Begin; `is_done` says when all is accepted."""
        for thread in self.threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """True when every mail was accepted."""
        return not any(thread.is_alive() for thread in self.threads)

    def _work(self) -> None:
        connection: smtplib.SMTP | None = None
        while (nth := self._next()) is not None:
            while not self._may_go(nth - self._first):
                time.sleep(0.005)
            raw, again = mail(nth), False
            while True:
                try:
                    self.tries += 1
                    connection = connection or smtplib.SMTP("127.0.0.1", self._port, timeout=30)
                    began = time.monotonic()
                    connection.sendmail(writer(nth), [DESK], raw)
                except (OSError, smtplib.SMTPException):
                    connection, again = None, True
                    time.sleep(0.2)
                else:
                    break
            self.accepted[nth] = time.time()
            if not again:
                self.latencies.append((time.monotonic() - began) * 1000)

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)
