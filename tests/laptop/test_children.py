"""Processes live and die with their supervisor."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.laptop.children import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def wait_until(true: object, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_a_child_ends_when_asked() -> None:
    child = Child("sleeper", SLEEPER)
    child.start()
    assert not child.ended()
    child.end()
    assert child.ended()


def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    child = Child("deaf", STUBBORN, log=tmp_path / "log")
    child.start()
    assert wait_until(lambda: "deaf" in child.last_lines())
    child.end(grace=0.2)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def test_what_falls_is_started_again_after_a_growing_pause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = supervisor.start(Child("weak", [sys.executable, "-c", ""], log=tmp_path / "log"))
    now = time.monotonic()
    assert wait_until(child.ended)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    supervisor.look()
    assert "weak stopped and starts again in 1 s" in said[0]
    first = child.process
    supervisor.look()
    assert child.process is first
    now += 1.1
    supervisor.look()
    assert child.process is not first
    assert child.process is not None
    child.process.wait()
    supervisor.look()
    assert "again in 2 s" in said[1]
    supervisor.end_all()


def test_children_end_in_the_reverse_order(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(Child, "end", lambda self, grace=15: ended.append(self.name))
    supervisor = Supervisor(ended.append)
    supervisor.children = [Child(name, SLEEPER) for name in ("postgres", "redis", "web")]
    supervisor.end_all()
    assert ended == ["web", "redis", "postgres"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_killing_the_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from app.laptop.children import Child, Supervisor\n"
        "supervisor = Supervisor(print)\n"
        "child = supervisor.start(Child('sleeper', [sys.executable, '-c', 'import time; time.sleep(60)']))\n"
        "print(child.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    pid = int(supervisor.stdout.readline())
    assert is_alive(pid)
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    supervisor.stdout.close()
    assert wait_until(lambda: not is_alive(pid))
