"""The settings of the benchmarks' database, for what the measuring itself asks of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def settled_in(environment: Mapping[str, str]) -> Iterator[None]:
    """This process reads those settings; afterwards its own again."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
