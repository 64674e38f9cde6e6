"""What every place for files keeps to: what it can do, what it answers, and how it says that it cannot."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

CHUNK: Final = 256 * 1024


class StorageFault(Exception):
    """Nothing was stored or read, and trying again later may work. The sentence is for whoever waits."""


class StorageFull(StorageFault):
    """There is no room."""

    def __init__(self) -> None:
        super().__init__(
            "There is no room left to store files, so this file was not kept. The office has to make room; "
            "then send it again."
        )


class DistrictFull(StorageFull):
    """There is room, but this district has used up its share."""

    def __init__(self) -> None:
        Exception.__init__(
            self,
            "This district's storage is full, so this file was not kept. Send it without the file, or ask your "
            "district's admin, who can have it enlarged; nothing you typed is lost.",
        )


class StorageAway(StorageFault):
    """The place for files does not answer, or refuses us."""

    def __init__(self) -> None:
        super().__init__("Files cannot be reached at the moment. Please try again in a few minutes.")


class FileMissing(Exception):
    """No file lies under that key."""

    def __init__(self) -> None:
        super().__init__("This file is no longer here.")


class FileAltered(FileMissing):
    """What lies under that key is not what was put there."""

    def __init__(self) -> None:
        Exception.__init__(self, "This file is no longer as it was stored, so it is not handed out.")


@dataclass(frozen=True)
class StoredFile:
    """What was stored, as it should be written in the row that owns it."""

    key: str
    size: int
    sha256: str


class Place(Protocol):
    """What a place for files can do. Keys have been checked when they arrive here. Any may raise StorageFault."""

    def put(self, key: str, stream: BinaryIO, content_type: str) -> StoredFile: ...
    def open(self, key: str) -> BinaryIO: ...
    def delete(self, key: str) -> None: ...
    def keys(self, folder: str) -> Iterator[str]: ...
