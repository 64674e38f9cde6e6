"""What a process no longer needs, it does not keep."""

import gc

from app.core import memory

MEGABYTE = 1024 * 1024


def test_what_hangs_in_circles_is_given_back() -> None:
    gc.disable()
    try:
        circles = [[] for _ in range(400_000)]  # type: ignore[var-annotated]
        for circle in circles:
            circle.append([circle])
        del circles, circle
        held = memory.resident()

        memory.give_back()

        assert memory.resident() < held - 20 * MEGABYTE
    finally:
        gc.enable()
