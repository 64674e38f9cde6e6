"""What plain RQ is given to do in test_rq_windows.py: a line in a file is its effect."""

import os
import signal
import time
from pathlib import Path


def write_a_line(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("done\n")


def die_at_work(path: str) -> None:
    write_a_line(path)
    os.kill(os.getpid(), signal.SIGKILL)


def outlive_the_worker(path: str) -> None:
    """The first time, in a work horse: its worker is killed, and it goes on."""
    begun = Path(f"{path}.begun")
    if not begun.exists():
        begun.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.3)
    write_a_line(path)


def work_slowly(path: str) -> None:
    Path(f"{path}.begun").touch()
    time.sleep(60)
    write_a_line(path)
