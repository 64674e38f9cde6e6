"""`make bench-kill`: kill every process at random points while mail comes in, and count what became of each mail.

The points are drawn from a seed that is printed; `--seed` draws the same again. What must hold: each mail that was
accepted is one ticket and one receipt. A receipt may reach the sink twice only if the sink had accepted it when
its sender was killed; those are counted and named.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

from redis import Redis

from bench.night import Night
from bench.post import Sender, message_id

TARGETS = ("worker", "mail door", "timetable", "postgres", "web", "web worker")
#: Seconds that a process may live before its next point.
LIVES = (0.3, 5.0)
CONNECTIONS = 4
MAILS_AHEAD = 6
PATIENCE = 300.0


@dataclass
class Points:
    """Which process is killed after how long a life, in order; drawn from the seed alone."""

    lives: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def drawn(cls, seed: int, kills: int, flushes: int) -> "Points":
        """So many points, spread over the targets, and so many moments at which Redis forgets everything."""
        dice, points = Random(seed), cls()
        targets = [TARGETS[nth % len(TARGETS)] for nth in range(kills)] + ["redis"] * flushes
        for target in targets:
            points.lives.setdefault(target, []).append(dice.uniform(*LIVES))
        return points

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self.lives.values()))


class Reaper:
    """Kills, target by target, each in a thread of its own."""

    def __init__(self, night: Night, points: Points) -> None:
        self.done = Counter[str]()
        self.missed = Counter[str]()
        self._night = night
        self.threads = [
            threading.Thread(target=self._reap, args=(target, lives), daemon=True)
            for target, lives in points.lives.items()
        ]

    def start(self) -> None:
        """Begin; it ends with the last point."""
        for thread in self.threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """True after the last point."""
        return not any(thread.is_alive() for thread in self.threads)

    def _reap(self, target: str, lives: Sequence[float]) -> None:
        for life in lives:
            killed = self._flush(life) if target == "redis" else self._kill(target, life)
            (self.done if killed else self.missed)[target] += 1

    def _flush(self, life: float) -> bool:
        time.sleep(life)
        with Redis.from_url(str(self._night.redis_url)) as connection:
            connection.flushall()
        return True

    def _kill(self, target: str, life: float) -> bool:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            child = self._night.child("web" if target == "web worker" else target)
            if not child.ended() and time.monotonic() - child.started_at >= life:
                try:
                    os.kill(self._victim(child.process.pid, target), signal.SIGKILL)  # type: ignore[union-attr]
                except (OSError, IndexError):
                    continue
                time.sleep(0.3)
                return True
            time.sleep(0.01)
        return False

    @staticmethod
    def _victim(pid: int, target: str) -> int:
        if target != "web worker":
            return pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@dataclass
class Verdict:
    """What became of the mails."""

    sent: int
    lost: list[str]
    doubled_tickets: list[str]
    unacknowledged: list[str]
    sent_twice_after_a_kill: list[str]
    sent_twice: list[str]

    @property
    def holds(self) -> bool:
        """True if nothing was lost, and nothing was done twice that need not have been."""
        return not (self.lost or self.doubled_tickets or self.unacknowledged or self.sent_twice)


def judge(night: Night, mails: int) -> Verdict:
    """Compare by id: what was sent in, what was filed, what reached the sink."""
    ids = [message_id(nth) for nth in range(mails)]
    filed = Counter(
        str(row[0]) for row in night.ask("select message_id from inbound_emails where state = 'filed'")
    )
    titles = Counter(str(row[0]) for row in night.ask("select title from tickets"))
    repeated = {str(row[0]) for row in night.ask("select message_id from messages where repeats > 0")}
    ledger = night.acknowledged()
    receipts = Counter(own for own, _ in ledger)
    answered = Counter(answered for _, answered in set(ledger))
    twice = [own for own, count in receipts.items() if count > 1]
    return Verdict(
        sent=mails,
        lost=[one for one in ids if filed[one] == 0],
        doubled_tickets=[title for title, count in titles.items() if count > 1]
        + [one for one in ids if filed[one] > 1],
        unacknowledged=[one for one in ids if answered[one] == 0],
        sent_twice_after_a_kill=[own for own in twice if own in repeated and receipts[own] == 2],
        sent_twice=[own for own in twice if own not in repeated or receipts[own] > 2]
        + [one for one in ids if answered[one] > 1],
    )


def run(folder: Path, mails: int, kills: int, flushes: int, seed: int) -> bool:
    """One run; True if its verdict holds."""
    points = Points.drawn(seed, kills, flushes)
    print(f"seed {seed}: {mails} mails, {kills} kills, {flushes} times FLUSHALL", flush=True)
    night = Night(folder, mails)
    try:
        reaper = Reaper(night, points)
        # the mails are spread over the points, so that there is work whenever somebody dies
        each = points.count / mails
        sender = Sender(
            night.smtp_port,
            mails,
            CONNECTIONS,
            lambda nth: reaper.is_done or (nth - MAILS_AHEAD) * each <= sum(reaper.done.values()),
        )
        began = time.monotonic()
        sender.start()
        reaper.start()
        until = began + PATIENCE + 6 * points.count
        while time.monotonic() < until and not (sender.is_done and reaper.is_done):
            night.supervisor.look()
            time.sleep(0.02)
        died = time.monotonic()
        until = died + PATIENCE
        while time.monotonic() < until and not night.is_drained():
            night.supervisor.look()
            time.sleep(0.2)
        verdict = judge(night, mails)
        show(verdict, reaper, sender, died - began, time.monotonic() - died)
        if not sender.is_done:
            print("not every mail was accepted in time")
        return verdict.holds and sender.is_done
    finally:
        night.end()


def show(verdict: Verdict, reaper: Reaper, sender: Sender, dying: float, draining: float) -> None:
    """The table."""
    print(f"\n{'killed':<16}" + "  ".join(f"{name} {count}" for name, count in sorted(reaper.done.items())))
    if reaper.missed:
        print(f"{'not killed':<16}" + "  ".join(f"{name} {count}" for name, count in reaper.missed.items()))
    print(f"{'duration':<16}{dying:.0f} s of dying, drained {draining:.1f} s after the last point")
    print(f"{'sent in':<16}{verdict.sent} mails in {sender.tries} tries")
    rows = {
        "lost": verdict.lost,
        "doubled tickets": verdict.doubled_tickets,
        "no receipt": verdict.unacknowledged,
        "receipts twice": verdict.sent_twice,
        "twice, accepted before the kill": verdict.sent_twice_after_a_kill,
    }
    for name, found in rows.items():
        print(f"{name:<32}{len(found)}  {' '.join(found[:10])}")
    print("holds" if verdict.holds else "VIOLATED", flush=True)


def main() -> int:
    """Exit 1 on a violation."""
    given = argparse.ArgumentParser()
    given.add_argument("--mails", type=int, default=1_000)
    given.add_argument("--kills", type=int, default=200)
    given.add_argument("--flushes", type=int, default=20)
    given.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    asked = given.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fo-kill-"))
    folder.chmod(0o711)
    holds = run(folder, asked.mails, asked.kills, asked.flushes, asked.seed)
    if holds:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Its logs and data are left in {folder}.")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
