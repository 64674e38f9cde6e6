"""`make bench-intake`: mail in, from the first byte at the door to a ticket, with one worker.

Two runs, each with as many senders as mails: one as fast as the door takes them, one at a steady pace. The rate is
counted from the first mail sent to the last ticket opened; receipts are sent meanwhile and may lag.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.night import Night
from bench.post import Sender, message_id

CONNECTIONS = 8
PATIENCE = 600.0

COUNTED = """
select count(*) filter (where state = 'filed'), count(*) filter (where state <> 'filed'),
    coalesce(extract(epoch from now() - min(received_at) filter (where state = 'stored')), 0)::float,
    (select count(*) from messages where state = 'sent')
from inbound_emails
"""


@dataclass
class Course:
    """How a run went: what was seen every second, and the figures of its end."""

    began: float
    #: Seconds since the beginning, filed, waiting, age of the oldest in seconds, receipts sent.
    seen: list[tuple[float, int, int, float, int]] = field(default_factory=list)

    def look(self, night: Night) -> int:
        """Once more; how many are filed."""
        ((filed, waiting, oldest, receipts),) = night.ask(COUNTED)
        self.seen.append((time.time() - self.began, filed, waiting, oldest, receipts))
        return int(filed)


def run(night: Night, first: int, mails: int, rate: float | None) -> bool:
    """Send, watch, print; True if none was lost."""
    began, course = time.monotonic(), Course(time.time())
    sender = Sender(
        night.smtp_port,
        mails,
        CONNECTIONS,
        lambda nth: rate is None or time.monotonic() >= began + nth / rate,
        first,
    )
    before = _cpu(night)
    sender.start()
    while course.look(night) < first + mails and time.monotonic() < began + PATIENCE:
        night.supervisor.look()
        time.sleep(max(0.0, began + len(course.seen) - time.monotonic()))
    spent = {name: after - before[name] for name, after in _cpu(night).items()}
    ids = {message_id(nth) for nth in range(first, first + mails)}
    rows = night.ask("select message_id, ticket_id from inbound_emails where state = 'filed'")
    filed = [str(name) for name, _ in rows if name in ids]
    lost = ids - set(filed)
    ((last,),) = night.ask("select extract(epoch from max(opened_at))::float from tickets")
    seconds = last - course.began
    cuts = statistics.quantiles(sender.latencies, n=100)
    pace = "as fast as the door takes them" if rate is None else f"{rate:.0f} a second"
    print(f"\n{mails:,} mails from as many senders over {CONNECTIONS} connections, {pace}")
    print(f"  filed           {mails / seconds:.1f} a second over {seconds:.0f} s")
    print(f"  at the door     p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms from MAIL FROM to 250")
    print(f"  oldest unfiled  {max(seen[3] for seen in course.seen):.2f} s at most")
    print(f"  lost            {len(lost)}, filed twice {len(filed) - len(set(filed))}")
    print(f"  receipts sent   {course.seen[-1][4]:,} by then")
    print("  CPU ms a mail   " + ", ".join(f"{name} {1000 * cpu / mails:.1f}" for name, cpu in spent.items()))
    print(f"  together        {1000 * sum(spent.values()) / mails:.1f} ms of {os.cpu_count()} cores")
    print(
        "  every 10 s      "
        + " ".join(f"{at:.0f}s:{left}/{age:.1f}s" for at, _, left, age, _ in course.seen[::10])
    )
    return not lost


def _cpu(night: Night) -> dict[str, float]:
    """Seconds of CPU that each process has used, with its children: PostgreSQL's are one to a connection."""
    stats = [fields for path in Path("/proc").glob("[0-9]*") if (fields := _stat(path))]
    used = {}
    for child in night.supervisor.children:
        if child.process is not None:
            own = _stat(Path("/proc", str(child.process.pid)))
            family = [own, *(fields for fields in stats if fields[1] == str(child.process.pid))]
            used[child.name] = sum(map(_seconds, family))
    used["this one"] = sum(os.times()[:2])
    return used


def _stat(process: Path) -> list[str]:
    """What Linux counts of a process, from its state on; empty if it has ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(fields: list[str]) -> float:
    """Its own, and of the children it has lived to see the end of."""
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Exit 1 if a mail was lost."""
    given = argparse.ArgumentParser()
    given.add_argument("--mails", type=int, default=10_000, help="of the run as fast as can be")
    given.add_argument("--rate", type=float, default=20.0, help="of the steady run, a second")
    given.add_argument("--seconds", type=float, default=60.0, help="of the steady run")
    asked = given.parse_args()
    steady = int(asked.rate * asked.seconds)
    folder = Path(tempfile.mkdtemp(prefix="fo-intake-"))
    folder.chmod(0o711)
    night = Night(folder, steady + asked.mails, web=False)
    try:
        print("processes: 1 mail door, 1 worker, 1 timetable, PostgreSQL as it ships, Redis, 1 sink")
        kept = run(night, 0, steady, asked.rate)
        kept &= run(night, steady, asked.mails, None)
    finally:
        night.end()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
