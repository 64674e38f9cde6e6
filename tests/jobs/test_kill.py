"""`make bench-kill`, in small: ten kills and a FLUSHALL while mail comes in, under PostgreSQL as it ships."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.laptop.redis_server import find_redis
from bench.kill import TARGETS, Points
from tests import needs

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_whatever_is_killed_each_mail_is_one_ticket_and_one_receipt() -> None:
    if find_redis() is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    order = [sys.executable, "-m", "bench.kill", "--mails", "40", "--kills", "10", "--flushes", "1"]

    done = subprocess.run(order, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "holds" in done.stdout


def test_the_same_seed_draws_the_same_points() -> None:
    first, second, other = (Points.drawn(seed, 60, 5) for seed in (7, 7, 8))

    assert first == second
    assert first != other
    assert {target: len(lives) for target, lives in first.lives.items()} == {
        **dict.fromkeys(TARGETS, 10),
        "redis": 5,
    }
