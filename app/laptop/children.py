"""Processes that live and die with their supervisor."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

PR_SET_PDEATHSIG = 1
LARGEST_LOG = 5_000_000
LONGEST_PAUSE = 30.0


def _die_with_parent(signum: signal.Signals, parent: int) -> Callable[[], None]:
    """Linux tells a child when its parent is gone, even by kill -9; elsewhere only a proper end does."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def ask() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
            if os.getppid() != parent:  # it went before we asked
                os._exit(1)

    return ask


class Child:
    """One process: how it is started, where its words go, which signal ends it."""

    def __init__(
        self,
        name: str,
        order: Sequence[str],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        ends_on: signal.Signals = signal.SIGTERM,
        popen: Mapping[str, Any] | None = None,
        cwd: str | None = None,
    ) -> None:
        self.name = name
        self.order = list(order)
        self.log = log
        self.env = env
        self.ends_on = ends_on
        self.popen = dict(popen or {})
        self.cwd = cwd
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    def start(self) -> None:
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".old.log"))
        with contextlib.ExitStack() as stack:
            words = stack.enter_context(self.log.open("ab")) if self.log else subprocess.DEVNULL
            self.process = subprocess.Popen(
                self.order,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,  # Ctrl-C goes to the supervisor alone, who ends us in good order
                preexec_fn=_die_with_parent(self.ends_on, os.getpid()),
                **self.popen,
            )
        self.started_at = time.monotonic()

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def end(self, grace: float = 15) -> None:
        """Ask, wait, insist."""
        if self.process is None or self.ended():
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.ends_on)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_lines(self, count: int = 12) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Supervisor:
    """Starts children in order, starts again those that fall, ends them in the reverse order."""

    def __init__(self, say: Callable[[str], None], longest_pause: float = LONGEST_PAUSE) -> None:
        self._longest_pause = longest_pause
        self.children: list[Child] = []
        self.say = say
        self.asked_to_end = False
        self._falls: dict[str, int] = {}
        self._again_at: dict[str, float] = {}

    def start(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def heed_signals(self) -> None:
        def end(_signum: int, _frame: object) -> None:
            self.asked_to_end = True

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, end)

    def watch(self) -> None:
        while not self.asked_to_end:
            self.look()
            time.sleep(0.2)

    def look(self) -> None:
        """Start again what fell, after a pause that grows while it keeps falling."""
        now = time.monotonic()
        for child in self.children:
            if not child.ended():
                continue
            if child.name not in self._again_at:
                stood = now - child.started_at
                falls = 1 if stood > 60 else self._falls.get(child.name, 0) + 1
                self._falls[child.name] = falls
                pause = min(self._longest_pause, 2.0 ** (falls - 1))
                self._again_at[child.name] = now + pause
                self.say(
                    f"{child.name} stopped and starts again in {pause:.0f} s. Its words: {child.log or 'none kept'}"
                )
            elif now >= self._again_at[child.name]:
                del self._again_at[child.name]
                child.start()

    def end_all(self) -> None:
        """Who asks for work first, who serves it last: the database outlives all."""
        for child in reversed(self.children):
            child.end()


def say_to(stream: TextIO) -> Callable[[str], None]:
    def say(sentence: str) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            stream.write(sentence + "\n")
            stream.flush()

    return say
