"""Files in a folder of this machine: for one machine alone."""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from app.core.db import uuid7
from app.core.files import CHUNK, FileMissing, StorageFull, StoredFile

_UNFINISHED: Final = ".unfinished-"


class LocalFolder:
    """Files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, stream: BinaryIO, content_type: str) -> StoredFile:
        """Write beside the place, force it to the disk, then rename: a reader sees all of it or nothing."""
        place = self._root / key
        folder = place.parent
        unfinished = folder / f"{_UNFINISHED}{uuid7().hex}"
        try:
            with self._new(unfinished) as file:
                size, sha256 = _copy(stream, file)
            os.replace(unfinished, place)
            _force_to_disk(folder)
        except BaseException as error:
            unfinished.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise StorageFull from error
            raise
        return StoredFile(key, size, sha256)

    def _new(self, place: Path) -> BinaryIO:
        try:
            return _create(place)
        except FileNotFoundError:
            self._make(place.parent)
            return _create(place)

    def _make(self, folder: Path) -> None:
        """With those above it, and each forced to the disk as a file is."""
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True, mode=0o700)
            _force_to_disk(folder.parent)

    def open(self, key: str) -> BinaryIO:
        """The file, to be read and closed."""
        try:
            return (self._root / key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise FileMissing from None

    def delete(self, key: str) -> None:
        """Remove the file if it is there."""
        (self._root / key).unlink(missing_ok=True)

    def keys(self, folder: str) -> Iterator[str]:
        """The keys of finished files in a folder and below, in order."""
        for place in sorted((self._root / folder).rglob("*")):
            if place.is_file() and not place.name.startswith(_UNFINISHED):
                yield place.relative_to(self._root).as_posix()


def _create(place: Path) -> BinaryIO:
    """A new file for our eyes alone, to be written."""
    return open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _copy(stream: BinaryIO, file: BinaryIO) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := stream.read(CHUNK):
        file.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    file.flush()
    os.fsync(file.fileno())
    return size, digest.hexdigest()


def _force_to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
