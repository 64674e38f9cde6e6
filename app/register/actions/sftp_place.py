"""The files of a register on an SFTP server: the newest whole set of them, picked up as one zip.

A set is one file (a zip, or marks.csv alone), the files beside each other in a folder, or a folder for each night.
It is whole if it is the same when it is looked at twice, and agrees with its manifest.json, if it has one. The newest
set is taken or none: an older one in its place would pass for the news of the night.
"""

import tempfile
import time
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, Final, cast

from app.core import births, egress
from app.core.db import db
from app.core.feed import Unreadable
from app.core.fetching import NotNow, Settings
from app.core.services import ATTENDANCE_SFTP
from app.integrations.sftp import client
from app.integrations.sftp.client import Entry, Files
from app.integrations.sftp.server import Server
from app.integrations.spreadsheet.attendance import FILES, MANIFEST, STUDENTS, RegisterSet
from app.register.models.register_import import LARGEST_FILE

#: How a set lies there.
ONE_FILE, BESIDE, BY_NIGHT = "file", "files", "folders"
LIES: Final = {
    ONE_FILE: "One file: a zip of the set, or marks.csv alone",
    BESIDE: "The files of the set, beside each other in the folder",
    BY_NIGHT: "A folder for each night, with the files of the set in it",
}
#: How we sign in.
PASSWORD, KEY = "password", "key"
SIGN_IN: Final = {PASSWORD: "With a password", KEY: "With a key that FrontOffice makes"}
#: The setting that holds the key of the server which a person confirmed.
HOST_KEY: Final = "host_key"
#: Octets of files that are not packed, together.
LARGEST_SET: Final = 200 * 1024 * 1024
#: Seconds between two looks at a set.
LOOKS_APART: Final = 5.0
STILL_WRITTEN: Final = "The files on the SFTP server are still being written, or are not all there yet."


class SftpPlace:
    """See core/attendance_systems.py. Settings: host, port, user, sign_in, folder, lies, name, covers, host_key."""

    service = ATTENDANCE_SFTP

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        wanted = {"host": "the address of the server", "user": "the name"}
        if settings.get("lies") != BESIDE:
            wanted["name"] = "what the file or folder is called"
        return " and ".join(words for field, words in wanted.items() if not settings.get(field))

    def hosts(self, settings: Settings) -> Sequence[str]:
        """The server. Raises OutsideRefused."""
        return (egress.host_for_ssh(settings.get("host", "").strip(), port_of(settings)),)

    def covers_the_year(self, settings: Settings) -> bool:
        """Whether the set has everything since the year began, where no manifest says what it has."""
        return settings.get("covers") == "year"

    @contextmanager
    def picked_up(self, settings: Settings, secret: str) -> Iterator[BinaryIO]:
        """The newest set, whole; what lies loose there is packed. Raises Unreadable and NotNow.

        Of loose files students.csv is left where it lies, unless something asks for an age.
        """
        takes_births = births.are_wanted()
        db.session.commit()
        wanted = {MANIFEST, *(f"{one}.csv" for one in FILES if takes_births or one != STUDENTS)}
        with tempfile.TemporaryFile() as aside:
            with client.signed_in(server_of(settings), secret, by_key=signs_by_key(settings)) as files:
                _copy(files, settings, wanted, aside)
            if settings.get("lies") != ONE_FILE:
                _refuse_unless_whole(aside, takes_births)
            aside.seek(0)
            yield cast(BinaryIO, aside)


def server_of(settings: Settings) -> Server:
    """The server that was filled in, with the key that was confirmed."""
    return Server(
        service=ATTENDANCE_SFTP,
        host=settings["host"],
        port=port_of(settings),
        user=settings["user"],
        host_key=settings.get(HOST_KEY, ""),
    )


def port_of(settings: Settings) -> int:
    """22 unless another one was filled in."""
    return int(settings.get("port") or 22)


def signs_by_key(settings: Settings) -> bool:
    """Whether the secret is the private half of a key, and no password."""
    return settings.get("sign_in") == KEY


@dataclass(frozen=True)
class _Look:
    """What the newest set was when it was looked at: which files, how large, written when."""

    folder: str
    #: As it is called in the set → as it lies there.
    entries: Mapping[str, Entry]


def _copy(files: Files, settings: Settings, wanted: Collection[str], aside: IO[bytes]) -> None:
    began = time.monotonic()
    look = _look(files, settings, wanted)
    if settings.get("lies") == ONE_FILE:
        [entry] = look.entries.values()
        files.copy(look.folder, entry, aside)
    else:
        _pack(files, look, aside)
    time.sleep(max(0.0, began + LOOKS_APART - time.monotonic()))
    if _look(files, settings, wanted) != look:
        raise NotNow(STILL_WRITTEN)


def _look(files: Files, settings: Settings, wanted: Collection[str]) -> _Look:
    folder, lies, name = settings.get("folder", ""), settings.get("lies"), settings.get("name", "")
    entries = files.entries(folder)
    if lies == BESIDE:
        look = _Look(folder, _of_the_set(entries, wanted))
        if not look.entries.keys() - {MANIFEST}:
            raise Unreadable(
                "The folder holds none of marks.csv, calendar.csv, codes.csv and enrollments.csv. Look whether your "
                "system wrote them."
            )
    else:
        chosen = client.newest(entries, name, client.FOLDER if lies == BY_NIGHT else client.FILE)
        if chosen is None:
            raise Unreadable(
                f"There is no {'folder' if lies == BY_NIGHT else 'file'} called like that on the SFTP server. Look "
                "whether your system wrote it."
            )
        if lies == BY_NIGHT:
            within = client.path_of(folder, chosen.name)
            look = _Look(within, _of_the_set(files.entries(within), wanted))
        else:
            look = _Look(folder, {chosen.name: chosen})
    _refuse_unless_taken(look)
    return look


def _of_the_set(entries: Sequence[Entry], wanted: Collection[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        name = entry.name.lower()
        if name not in wanted or entry.kind != client.FILE:
            continue
        if name in found:
            raise Unreadable(
                f"The folder holds {name} twice, in large and small letters. Remove one of them."
            )
        found[name] = entry
    return dict(sorted(found.items()))


def _refuse_unless_taken(look: _Look) -> None:
    """By what the server says of the files, before any of them is read."""
    sizes = [entry.size for entry in look.entries.values()]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        raise Unreadable("The SFTP server does not tell how large its files are, so they were not read.")
    if not look.entries.keys() - {MANIFEST} or 0 in known:
        raise NotNow(STILL_WRITTEN)
    if len(sizes) == 1 and known[0] > LARGEST_FILE:
        raise Unreadable(f"The file of a register may have at most {LARGEST_FILE // 1024**2} MB. Zip it.")
    if sum(known) > LARGEST_SET:
        raise Unreadable(
            f"The files are larger than {LARGEST_SET // 1024**2} MB together. Have your system zip them."
        )


def _pack(files: Files, look: _Look, aside: IO[bytes]) -> None:
    """The same files are the same zip, octet by octet: that is how a night knows that nothing is new."""
    with zipfile.ZipFile(aside, "w") as packed:
        for name, entry in look.entries.items():
            info = zipfile.ZipInfo(name)  # of 1980, whenever it was written
            info.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(info, "w") as into:
                files.copy(look.folder, entry, into)


def _refuse_unless_whole(aside: IO[bytes], takes_births: bool) -> None:
    """By the manifest, which is written last. Raises NotNow: the rest may still come."""
    if aside.seek(0, 2) > LARGEST_FILE:
        raise Unreadable(f"Packed, the files are larger than {LARGEST_FILE // 1024**2} MB.")
    told = RegisterSet(aside, births=takes_births)
    if told.promised():
        raise NotNow(STILL_WRITTEN)
    try:
        told.check()
    except Unreadable as error:
        raise NotNow(f"{error.sentence} Perhaps it is still being written.") from error
