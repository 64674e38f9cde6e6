"""`make bench-once`, in small: the worker dies in each part of the way from the register to the sent notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.laptop.redis_server import find_redis
from tests import needs

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_wherever_the_worker_is_killed_each_notice_is_there_once() -> None:
    if find_redis() is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    order = [sys.executable, "-m", "bench.once", "--students", "150", "--kills", "5"]

    done = subprocess.run(order, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed 5 times" in done.stdout
    assert "Redis forgot 1 times" in done.stdout
