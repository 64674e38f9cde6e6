"""What `make test` does, in order. All of it is done even if the first fails; any failure fails the whole."""

import subprocess
import sys
import time
from pathlib import Path

from tests import needs

BIN = Path(sys.executable).parent

CHECKS = [
    ("Style", "ruff check ."),
    ("Layout", "ruff format --check ."),
    ("Types", "mypy"),
    ("Import contracts", "lint-imports"),
    ("Migrations agree with the models", "python -m tests.migrations"),
    ("Tests", "pytest -m 'not browser'"),
    ("Tests in a browser", "pytest -m browser"),
]


def main() -> None:
    failed = []
    for name, order in CHECKS:
        print(f"\n── {name}: {order}", flush=True)
        began = time.monotonic()
        done = subprocess.run(f"{BIN}/{order}", shell=True, check=False)
        print(
            f"── {name}: {'fine' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if done.returncode:
            failed.append(name)
    if needs.find_browser() is None:
        print("\nThe tests in a browser were skipped: no Chromium on this machine.")
    if failed:
        sys.exit(f"\nFailed: {', '.join(failed)}.")
    print("\nAll checks passed.")


if __name__ == "__main__":
    main()
