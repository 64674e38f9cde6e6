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
        "Who comes in is who they say",
        (
            Promise(
                "Passkeys and apps for codes are there for everybody. A district can ask its people for one, or "
                "have them sign in with its own Google or Microsoft alone.",
                (
                    "tests/auth/test_passkeys.py",
                    "tests/auth/test_second_factor.py",
                    "tests/auth/test_factor_asked_for.py",
                    "tests/auth/test_provider_only.py",
                ),
            ),
            Promise(
                "Whoever runs this program sees nothing inside a district unless one of its admins lets them, for an "
                "hour at most and without changing anything. Every page that they see is written down on both sides.",
                ("tests/portal/test_visits.py", "tests/portal/test_operator_sign_in.py"),
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
                "each district. A value that is copied to another place or another district does not open there.",
                ("tests/core/test_crypto.py", "tests/secrets/test_moved.py"),
            ),
            Promise(
                "No secret that is kept stands in the log, in a page, in a mail to the operator or in a copy of the "
                "database as it could be read.",
                ("tests/secrets/test_planted.py",),
            ),
            Promise(
                "A district can change its key while everybody works.",
                ("tests/core/test_resealing.py",),
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
