"""What the trust page claims: each claim beside the tests that fail when it stops being true.

A claim without such a test is not made. `tests/legal/test_promises.py` holds the files against the tree.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Promise:
    """One sentence of the trust page, and where it is tested."""

    says: str
    tested_in: tuple[str, ...]


PROMISES: Final[tuple[tuple[str, tuple[Promise, ...]], ...]] = (
    (
        "One district never sees another",
        (
            Promise(
                "Each request sees the rows of one district alone. Two separate walls keep it so: one in the "
                "program and one in the database itself.",
                ("tests/core/test_tenancy.py", "tests/house/test_tenancy.py"),
            ),
            Promise(
                "Files are stored under their district, and a file of another district does not open.",
                ("tests/core/test_storage.py",),
            ),
        ),
    ),
    (
        "Who did what can be told",
        (
            Promise(
                "Every change is written to an audit log that the program itself can neither change nor delete. "
                "Entries are chained by hashes, so that a gap shows.",
                ("tests/core/test_audit.py",),
            ),
        ),
    ),
    (
        "Secrets are sealed",
        (
            Promise(
                "Passwords of outside services are encrypted before they are stored, under a key of their own for "
                "each district.",
                ("tests/core/test_crypto.py",),
            ),
            Promise(
                "Backups made by the program are encrypted, one for each district under a key of its own. Once that "
                "key is deleted, they cannot be opened any more.",
                ("tests/backup/test_archive.py", "tests/backup/test_taking.py"),
            ),
        ),
    ),
    (
        "Nothing leaves by the back door",
        (
            Promise(
                "Our servers call only the services listed under Subprocessors, only while they are turned on, and "
                "never an address inside a private network unless the operator named it.",
                ("tests/core/test_egress.py", "tests/core/test_services.py", "tests/house/test_egress.py"),
            ),
        ),
    ),
    (
        "Pictures tell no more than they show",
        (
            Promise(
                "A photo that is sent to the desk is drawn anew: where and when it was taken is left behind.",
                ("tests/core/test_pictures.py",),
            ),
        ),
    ),
    (
        "These pages watch nobody",
        (
            Promise(
                "The legal pages set no cookie, run no script and load nothing from other companies.",
                ("tests/legal/test_pages.py",),
            ),
        ),
    ),
)
