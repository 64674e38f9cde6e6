"""Where files lie: a local folder now, S3-compatible storage behind the same four calls later.

A key begins with the district's id, always: `<district>/<kind>/<id>`. Never with a name that somebody
typed. A file appears whole or not at all, and its hash is taken while it is written.
"""

import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import UUID

from app.core.settings import get_settings
from app.core.tenancy import OtherDistrict, current_district_id

CHUNK: Final = 256 * 1024
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_UNFINISHED = ".unfinished-"


class StorageFull(Exception):
    """The disk is full: nothing was stored, and trying again later may work."""

    def __init__(self) -> None:
        super().__init__(
            "There is no room left to store files, so this file was not kept. The office has to make room; "
            "then send it again."
        )


class FileMissing(Exception):
    """No file lies under that key."""

    def __init__(self) -> None:
        super().__init__("This file is no longer here.")


class KeyRefused(ValueError):
    """A key that could lead out of the district's folder."""


@dataclass(frozen=True)
class StoredFile:
    """What was stored, as it should be written in the row that owns it."""

    key: str
    size: int
    sha256: str


class Storage(Protocol):
    """What a place for files can do. Keys have been checked when they arrive here."""

    def put(self, key: str, stream: BinaryIO, content_type: str) -> StoredFile: ...
    def open(self, key: str) -> BinaryIO: ...
    def delete(self, key: str) -> None: ...
    def keys(self, folder: str) -> Iterator[str]: ...


def put(key_parts: Sequence[str | UUID], data: bytes | BinaryIO, content_type: str) -> StoredFile:
    """Store a file of this district under `<district>/<parts…>`. Raises StorageFull."""
    stream = io.BytesIO(data) if isinstance(data, bytes | bytearray) else data
    return _place().put(_key(key_parts), stream, content_type)


def open(key: str) -> BinaryIO:
    """The file, to be read and closed. Raises FileMissing, or OtherDistrict for another district's key."""
    return _place().open(_own_key(key))


def delete(key: str) -> None:
    """Remove a file. One that is gone already is fine: the job that asks may run twice."""
    _place().delete(_own_key(key))


def keys(*key_parts: str | UUID) -> Iterator[str]:
    """The keys of this district's files, or of one of its folders."""
    return _place().keys(_key(key_parts) if key_parts else str(current_district_id()))


class LocalFolder:
    """Files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, stream: BinaryIO, content_type: str) -> StoredFile:
        """Write beside the place, force it to the disk, then rename: a reader sees all of it or nothing."""
        place = self._root / key
        unfinished: str | None = None
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=place.parent)
            with os.fdopen(handle, "wb") as file:
                size, sha256 = _copy(stream, file)
            os.replace(unfinished, place)
            unfinished = None
            _force_to_disk(place.parent)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise StorageFull from error
            raise
        finally:
            if unfinished is not None:
                Path(unfinished).unlink(missing_ok=True)
        return StoredFile(key, size, sha256)

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


def _place() -> Storage:
    settings = get_settings()
    if settings.storage != "local":
        raise NotImplementedError("Files are kept in the instance folder; S3 storage is not built yet.")
    return LocalFolder(settings.instance / "files")


def _key(key_parts: Sequence[str | UUID]) -> str:
    district = str(current_district_id())
    parts = [str(part) for part in key_parts]
    if parts and parts[0] == district:
        parts = parts[1:]
    if not parts or not all(_PART.fullmatch(part) and ".." not in part for part in parts):
        raise KeyRefused("A storage key is made of plain ids and words, never of what somebody typed.")
    return "/".join([district, *parts])


def _own_key(key: str) -> str:
    district, _, rest = key.partition("/")
    if district != str(current_district_id()):
        raise OtherDistrict("A file of another district was refused.")
    return _key(rest.split("/"))
