"""The key file of a backup folder: which keys its archives need, each wrapped under the master keys.

One file for all backups of a folder, written anew by each of them, and the only place in it where keys lie: when
a district's data key is deleted, the next backup strikes it here, and every backup of that district in this
folder is unreadable from then on. A district that is merely not in the database keeps its line: it may have to
be restored. So copy this file along with the backups, and keep no older versions of it.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Final
from uuid import UUID

from app.backup.archive import ArchiveRefused
from app.core import crypto

NAME: Final = "data-keys.json"
#: The line of the key for archives that belong to no district.
DIRECTORY: Final = "directory"


class KeyFile:
    """The wrapped keys, by district id, and one more for the directory."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys

    @classmethod
    def of(cls, path: Path) -> "KeyFile":
        """The file as it stands. Raises ArchiveRefused."""
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            return cls({str(of): str(key) for of, key in read["keys"].items()})
        except FileNotFoundError:
            raise ArchiveRefused(
                f"{path} is missing. It lies in the folder that `flask backup` writes to, beside the backups; "
                "without it none of them opens."
            ) from None
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise ArchiveRefused(f"{path} is not a key file of FrontOffice.") from error

    @classmethod
    def of_folder(cls, folder: Path) -> "KeyFile":
        """The file of a folder of backups, or a new one with its own key for the directory."""
        if (folder / NAME).exists():
            return cls.of(folder / NAME)
        return cls({DIRECTORY: crypto.wrap(secrets.token_bytes(32), DIRECTORY.encode())})

    def keep_up(self, living: dict[UUID, str], deleted: set[UUID]) -> None:
        """Take in the data keys of today, strike the deleted ones, and wrap the rest under the newest master key."""
        self.keys.update({str(district_id): key for district_id, key in living.items()})
        for district_id in deleted:
            self.keys.pop(str(district_id), None)
        for of, key in self.keys.items():
            try:
                self.keys[of] = crypto.wrapped_under_the_newest(key, _bound_to(of))
            except crypto.CannotOpen as error:
                raise ArchiveRefused(
                    f"The key file of this folder holds a key that the master keys here do not open: {error} If "
                    "the folder belongs to another installation, choose one of your own."
                ) from error

    def write(self, folder: Path) -> None:
        """Whole or not at all, and readable by nobody else."""
        beside = folder / f".{NAME}.new"
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "keys": self.keys}, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / NAME)

    def archive_key(self, of: str, slug: str, wrapped: str, bound_to: bytes) -> bytes:
        """The key of one archive. Raises ArchiveRefused with what is missing."""
        if of not in self.keys:
            raise ArchiveRefused(
                f"The key of {slug} is not in {NAME}: it was deleted, and its backups cannot be opened any more."
            )
        try:
            return crypto.open_key(crypto.unwrap(self.keys[of], _bound_to(of)), wrapped, bound_to)
        except crypto.CannotOpen as error:
            raise ArchiveRefused(
                f"The archive of {slug} does not open: {error} Its master key belongs into "
                "FRONTOFFICE_MASTER_KEYS, as it was where the backup was made."
            ) from error

    def new_archive_key(self, of: str, bound_to: bytes) -> tuple[bytes, str]:
        """A fresh key for one archive, and the same one wrapped for its header."""
        fresh = secrets.token_bytes(32)
        return fresh, crypto.seal_key(crypto.unwrap(self.keys[of], _bound_to(of)), fresh, bound_to)


def _bound_to(of: str) -> bytes:
    return of.encode() if of == DIRECTORY else UUID(of).bytes
