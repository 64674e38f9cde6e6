"""`make fuzz`: wild mail for FUZZ_MINUTES (10), each example read as intake reads it. Prints what it ran and found.

A mail that breaks the reading is kept in tests/integrations/wild_mails, where the tests read it for good.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.integrations.wild_mail import PARCELS, any_mail, check, seeds

MINUTES = float(os.environ.get("FUZZ_MINUTES", "10"))
BATCH = 400
KEPT = Path(__file__).parent / "integrations" / "wild_mails"


def main() -> int:
    until = time.monotonic() + MINUTES * 60
    mails = [*seeds(), *PARCELS]
    ran = peak = slowest = 0.0
    faults: dict[str, bytes] = {}
    number = int.from_bytes(os.urandom(4), "big")

    def one(raw: bytes) -> None:
        nonlocal ran, peak, slowest
        if time.monotonic() > until:
            return
        ran += 1
        began = time.thread_time()
        try:
            peak = max(peak, check(raw))
        except Exception as error:
            name = f"{type(error).__name__}-{hashlib.sha256(str(error).encode()).hexdigest()[:8]}"
            # The shortest of a kind is the easiest to mend.
            if name not in faults or len(raw) < len(faults[name]):
                faults[name] = raw
                print(f"{name}: {str(error)[:300]}", flush=True)
        slowest = max(slowest, time.thread_time() - began)

    while time.monotonic() < until:
        number += 1
        quietly = settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(quietly(given(any_mail(mails))(one)))()
    for name, raw in faults.items():
        KEPT.mkdir(exist_ok=True)
        (KEPT / f"{name}.eml").write_bytes(raw)
    print(
        f"{ran:.0f} mails in {MINUTES:g} minutes from {len(mails)} whole ones: {len(faults)} kinds of fault, "
        f"at most {peak / 1024 / 1024:.1f} MB of memory, at most {slowest:.2f} s of work for one mail."
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
