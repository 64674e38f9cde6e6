"""The same claims for every place where files can lie: a folder, and a bucket of a service that others wrote."""

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from app.core import settings, storage
from app.core.tenancy import NoDistrict, OtherDistrict, enter_district
from tests import storage_server
from tests.loopback import free_port
from tests.storage_server import StorageServer

MAPLE = UUID("01890000-0000-7000-8000-00000000000a")
BIRCH = UUID("01890000-0000-7000-8000-00000000000b")

ENOUGH = {
    "FRONTOFFICE_DEMO": "yes",
    "FRONTOFFICE_DATABASE_URL": "postgresql:///nowhere",
    "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
    "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageServer]:
    with storage_server.running(free_port(), tmp_path_factory.mktemp("s3") / "log") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of this machine, and settings that name it."""
    before = settings._settings
    settings.use_settings(settings.read_settings(ENOUGH | {"FRONTOFFICE_INSTANCE": str(tmp_path)}))
    yield tmp_path / "files"
    settings.use_settings(before)


@pytest.fixture
def bucket(tmp_path: Path, server: StorageServer) -> Iterator[StorageServer]:
    """The bucket, and settings that name it."""
    before = settings._settings
    ours = ENOUGH | {"FRONTOFFICE_INSTANCE": str(tmp_path)} | server.settings
    settings.use_settings(settings.read_settings(ours))
    yield server
    settings.use_settings(before)
    server.empty()
    assert not (tmp_path / "files").exists(), "Something was left on this machine."


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> object:
    return request.getfixturevalue(request.param)


@pytest.fixture
def maple(place: object) -> Iterator[None]:
    with Flask("storage").app_context():
        enter_district(MAPLE)
        yield


def test_a_file_comes_back_as_it_was_put(maple: None) -> None:
    stored = storage.put(("attachments", "1"), b"a photo", "image/jpeg")

    with storage.open(stored.key) as file:
        assert file.read() == b"a photo"
    assert stored.key == f"{MAPLE}/attachments/1"
    assert stored.size == 7
    assert stored.sha256 == hashlib.sha256(b"a photo").hexdigest()


def test_a_stream_is_stored_like_bytes(maple: None) -> None:
    data = os.urandom(storage.CHUNK * 2 + 17)

    stored = storage.put((str(MAPLE), "mail", BIRCH), io.BytesIO(data), "message/rfc822")

    assert stored.key == f"{MAPLE}/mail/{BIRCH}"
    assert (stored.size, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_file_of_another_district_is_refused(maple: None) -> None:
    with Flask("storage").app_context():
        enter_district(BIRCH)
        storage.put(("mail", "1"), b"secret", "message/rfc822")

    for ask in (storage.open, storage.delete):
        with pytest.raises(OtherDistrict):
            ask(f"{BIRCH}/mail/1")
    assert list(storage.keys()) == []


@pytest.mark.parametrize(
    "parts",
    [
        ("..", str(BIRCH), "1"),
        ("mail", ".."),
        ("mail", "."),
        ("mail", ""),
        ("mail", "a/../../b"),
        ("mail", "a/b"),
        ("mail", "a\\b"),
        ("mail", "/etc/passwd"),
        ("mail", "a\0b"),
        ("mail", "a..b"),
        ("mail", ".unfinished-1"),
        ("mail", "photo of the lab.jpg"),
        ("mail", "é"),
        ("mail", "x" * 101),
        (),
    ],
)
def test_a_key_never_leads_out_of_the_folder(maple: None, parts: tuple[str, ...]) -> None:
    with pytest.raises(storage.KeyRefused):
        storage.put(parts, b"x", "text/plain")
    with pytest.raises((storage.KeyRefused, storage.FileMissing)):
        storage.open("/".join((str(MAPLE), *parts)))


def test_without_a_district_nothing_is_stored(place: object) -> None:
    with Flask("storage").app_context(), pytest.raises(NoDistrict):
        storage.put(("mail", "1"), b"x", "text/plain")


def test_a_write_that_breaks_off_leaves_the_old_file(maple: None) -> None:
    class BreaksOff(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(3)

    stored = storage.put(("mail", "1"), b"the whole of it", "message/rfc822")

    with pytest.raises(ConnectionResetError):
        storage.put(("mail", "1"), BreaksOff(b"half of it"), "message/rfc822")

    with storage.open(stored.key) as file:
        assert file.read() == b"the whole of it"
    assert list(storage.keys()) == [stored.key]


def test_files_are_listed_by_folder_and_can_be_removed_twice(maple: None) -> None:
    one = storage.put(("mail", "1"), b"1", "text/plain")
    two = storage.put(("attachments", "2"), b"2", "text/plain")

    assert list(storage.keys()) == [two.key, one.key]
    assert list(storage.keys("mail")) == [one.key]

    storage.delete(one.key)
    storage.delete(one.key)

    assert list(storage.keys("mail")) == []
    with pytest.raises(storage.FileMissing, match="no longer here"):
        storage.open(one.key)


def test_an_empty_file_is_a_file(maple: None) -> None:
    stored = storage.put(("mail", "1"), b"", "message/rfc822")

    with storage.open(stored.key) as file:
        assert file.read() == b""
    assert stored.sha256 == hashlib.sha256(b"").hexdigest()


def test_the_last_of_two_files_under_one_key_stays(maple: None) -> None:
    storage.put(("mail", "1"), b"the first", "message/rfc822")
    stored = storage.put(("mail", "1"), b"the second", "message/rfc822")

    with storage.open(stored.key) as file:
        assert file.read() == b"the second"


def test_a_folder_whose_name_begins_alike_is_another(maple: None) -> None:
    one = storage.put(("mail", "1"), b"1", "text/plain")
    storage.put(("mailings", "1"), b"1", "text/plain")

    assert list(storage.keys("mail")) == [one.key]


# --- on this machine --------------------------------------------------------------------------------------


@pytest.fixture
def here(folder: Path) -> Iterator[Path]:
    with Flask("storage").app_context():
        enter_district(MAPLE)
        yield folder


def test_only_this_machines_account_may_read_the_files(here: Path) -> None:
    stored = storage.put(("mail", "1"), b"x", "message/rfc822")

    assert (here / stored.key).stat().st_mode & 0o077 == 0
    assert (here / stored.key).parent.stat().st_mode & 0o077 == 0


def test_a_file_and_each_new_folder_above_it_are_forced_to_the_disk(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[int] = []
    force = os.fsync

    def note(handle: int) -> None:
        forced.append(os.fstat(handle).st_ino)
        force(handle)

    monkeypatch.setattr(os, "fsync", note)

    stored = storage.put(("mail", "1"), b"x", "message/rfc822")
    file = here / stored.key
    # A folder is found again only if the one above it is on the disk.
    assert {one.stat().st_ino for one in (file, file.parent, file.parent.parent)} <= set(forced)
    forced.clear()
    another = here / storage.put(("mail", "2"), b"x", "message/rfc822").key
    assert forced == [another.stat().st_ino, another.parent.stat().st_ino]


def test_a_full_disk_is_a_sentence_and_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)

    with pytest.raises(storage.StorageFull, match="no room left"):
        storage.put(("mail", "1"), b"x" * 1000, "message/rfc822")
    assert [found for found in here.rglob("*") if found.is_file()] == []
