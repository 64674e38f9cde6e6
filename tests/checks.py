"""What `make test` does, in order. All of it is done even if the first fails; any failure fails the whole.

The tests run as two halves at once, each with servers of its own: half of its time a test waits for a database or a
process. The first half is seen while it runs, the second when the first is through.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tests import needs

BIN = Path(sys.executable).parent

#: One half of the tests. Whatever is not named here, and every folder to come, is the other.
HALF = (
    "auth", "backup", "deploy", "faults", "helpdesk", "house", "integrations", "jobs", "laptop", "notices",
    "truancy",
)  # fmt: skip

CHECKS = [
    ("Style", "ruff check ."),
    ("Layout", "ruff format --check ."),
    ("Types", "mypy"),
    ("Import contracts", "lint-imports"),
    ("Migrations agree with the models", "python -m tests.migrations"),
    (
        "Tests",
        f"pytest -m 'not browser' {' '.join(f'tests/{name}' for name in HALF)}",
        f"pytest -m 'not browser' {' '.join(f'--ignore=tests/{name}' for name in HALF)}",
    ),
    ("Tests in a browser", "pytest -m browser"),
]


def main() -> None:
    failed = []
    for name, *orders in CHECKS:
        print(f"\n── {name}: {orders[0]}", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryFile() as said:
            beside = [_begun(order, said) for order in orders[1:]]
            codes = [_begun(orders[0]).wait(), *(one.wait() for one in beside)]
            said.seek(0)
            print(
                *(f"\n── {order}\n" for order in orders[1:]), said.read().decode(errors="replace"), flush=True
            )
        fine = not any(codes)
        print(f"── {name}: {'fine' if fine else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True)
        if not fine:
            failed.append(name)
    if needs.find_browser() is None:
        print("\nThe tests in a browser were skipped: no Chromium on this machine.")
    if failed:
        sys.exit(f"\nFailed: {', '.join(failed)}.")
    print("\nAll checks passed.")


def _begun(order: str, said: IO[bytes] | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(f"{BIN}/{order}", shell=True, stdout=said, stderr=said and subprocess.STDOUT)


if __name__ == "__main__":
    main()
