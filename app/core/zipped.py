"""A zip that a school system exported, opened with care: whatever it says of itself, it costs what we allow.

Only files that are asked for by name are ever opened. Nothing is unpacked to a disk, so names lead nowhere.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final

from app.core.feed import Unreadable

MOST_FILES: Final = 200
#: Octets, of all files that we read together.
MOST_UNPACKED: Final = 2 * 1024**3
#: Rosters shrink to a tenth or a twentieth. What shrinks more than that by far was made to burst.
MOST_SHRUNK: Final = 200
SMALL: Final = 10 * 1024**2
CHUNK: Final = 256 * 1024

WORKBOOK: Final = "This is an Excel workbook. Save it as CSV (File, Save as), and upload that."
DAMAGED: Final = "The zip is damaged or was not uploaded whole. Export it again, and upload it once more."


class Zipped:
    """The files of one export, by the names that are asked for."""

    def __init__(self, stream: IO[bytes], names: Iterable[str]) -> None:
        """Raises Unreadable."""
        self._read = {name.lower(): name for name in names}
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
            raise Unreadable(
                "This is not a zip file. Upload the zip as your student information system exports it."
            ) from error
        if "[Content_Types].xml" in self._zip.namelist():
            raise Unreadable(WORKBOOK)
        self._members = self._known(self._zip.infolist())
        self._refuse_what_bursts()

    def has(self, name: str) -> bool:
        """True if the export has such a file."""
        return name in self._members

    def size(self, name: str) -> int:
        """Octets, unpacked, as the zip says."""
        return self._members[name].file_size

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The file, unpacked while it is read and checked at its end. What goes wrong raises Unreadable."""
        try:
            with self._zip.open(self._members[name]) as file:
                yield file
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Unreadable(DAMAGED) from error

    def _known(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(members) > MOST_FILES:
            raise Unreadable(
                f"The zip holds {len(members)} files; an export has at most {MOST_FILES}. Nothing was read."
            )
        known: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            parts = member.filename.replace("\\", "/").split("/")
            if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
                raise Unreadable(
                    "A file in the zip has a name that leads out of it. No export does that, so nothing was read."
                )
            name = self._read.get(parts[-1].lower(), "")
            if not name or parts[0] == "__MACOSX":
                continue
            if name in known:
                raise Unreadable(f"The zip holds {name} twice. Remove one of them, and upload it again.")
            if member.flag_bits & 1:
                raise Unreadable("The zip is locked with a password. Export it without one.")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Unreadable("The zip is packed in a way that is not common. Export it as a plain zip.")
            known[name] = member
        return known

    def _refuse_what_bursts(self) -> None:
        unpacked = sum(one.file_size for one in self._members.values())
        shrunk = any(
            one.file_size > SMALL and one.file_size > MOST_SHRUNK * max(1, one.compress_size)
            for one in self._members.values()
        )
        if unpacked > MOST_UNPACKED or shrunk:
            raise Unreadable(
                "Unpacked, this zip would be far larger than any roster or register. Nothing was read; export it again."
            )
