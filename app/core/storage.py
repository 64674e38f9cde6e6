"""Where files lie: in a folder of this machine, or in a bucket that speaks S3. Four calls, whichever it is.

A key begins with the district's id, always: `<district>/<kind>/<id>`. Never with a name that somebody
typed. A file appears whole or not at all, and its hash is taken while it is written.
"""

import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from uuid import UUID

from app.core.bucket import Bucket
from app.core.db import uuid7
from app.core.files import (
    CHUNK,
    FileMissing,
    Place,
    StorageAway,
    StorageFault,
    StorageFull,
    StoredFile,
)
from app.core.local_folder import LocalFolder
from app.core.settings import get_settings
from app.core.tenancy import OtherDistrict, current_district_id

__all__ = [
    "CHUNK",
    "FileMissing",
    "KeyRefused",
    "StorageAway",
    "StorageFault",
    "StorageFull",
    "StoredFile",
    "delete",
    "keys",
    "open",
    "put",
    "try_out",
]

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class KeyRefused(ValueError):
    """A key that could lead out of the district's folder."""


def put(key_parts: Sequence[str | UUID], data: bytes | BinaryIO, content_type: str) -> StoredFile:
    """Store a file of this district under `<district>/<parts…>`. Raises StorageFault."""
    stream = io.BytesIO(data) if isinstance(data, bytes | bytearray) else data
    return _place().put(_key(key_parts), stream, content_type)


def open(key: str) -> BinaryIO:
    """The file, to be read and closed.

    Raises FileMissing, StorageFault, or OtherDistrict for another district's key.
    """
    return _place().open(_own_key(key))


def delete(key: str) -> None:
    """Remove a file. One that is gone already is fine: the job that asks may run twice. Raises StorageFault."""
    _place().delete(_own_key(key))


def keys(*key_parts: str | UUID) -> Iterator[str]:
    """The keys of this district's files, or of one of its folders. Raises StorageFault."""
    return _place().keys(_key(key_parts) if key_parts else str(current_district_id()))


def try_out() -> None:
    """Write a small file of no district, read it back, remove it. Raises what went wrong, if anything did."""
    place, key, said = _place(), f"trial/{uuid7()}", b"Can this be read again?"
    place.put(key, io.BytesIO(said), "text/plain")
    try:
        with place.open(key) as file:
            if file.read() != said:
                raise StorageAway
    finally:
        place.delete(key)


def _place() -> Place:
    settings = get_settings()
    return Bucket(settings) if settings.storage == "s3" else LocalFolder(settings.instance / "files")


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
