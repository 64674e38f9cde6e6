"""The files of a register, fetched from an address where the district's system or script leaves them each night.

One GET, with a name and a password (RFC 7617) or with a token (RFC 6750), at the host that an admin named. What comes
is the zip of the set, or marks.csv; nothing else is asked for, and nothing is deleted there.
"""

import base64
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from app.core import asking, egress
from app.core.feed import Unreadable
from app.core.fetching import NotNow, Settings
from app.core.services import ATTENDANCE_FILE

#: Octets, as of an upload (register_import.LARGEST_FILE).
LARGEST: Final = 100 * 1024 * 1024
#: Seconds. A job that takes half a minute longer is ended, and begins anew.
LONGEST: Final = 120.0
COVERS: Final = {"": "The last 30 days", "year": "Everything since the school year began"}
PLACE: Final = "The address"


class FilePickup:
    """See core/attendance_systems.py. Settings: address, user, covers. Without a user the secret is a token."""

    service = ATTENDANCE_FILE

    def missing(self, settings: Settings) -> str:
        """What is not filled in."""
        return "" if settings.get("address") else "the address"

    def hosts(self, settings: Settings) -> Sequence[str]:
        """Of the address. Raises OutsideRefused."""
        address = settings.get("address", "")
        if "#" in address:
            raise egress.OutsideRefused("The address of the file has no # in it.")
        return (egress.host_named(address),)

    def covers_the_year(self, settings: Settings) -> bool:
        """Whether the file has everything since the year began, where no manifest says what it has."""
        return settings.get("covers") == "year"

    @contextmanager
    def picked_up(self, settings: Settings, secret: str) -> Iterator[BinaryIO]:
        """The file, whole. Raises Unreadable and NotNow."""
        client = egress.http_client(ATTENDANCE_FILE, longest=LONGEST, largest=LARGEST)
        with client, tempfile.TemporaryFile() as aside:
            try:
                with client.stream("GET", settings["address"], headers=_key(settings, secret)) as answer:
                    _refuse_unless_good(answer.status_code)
                    for chunk in answer.iter_raw():
                        aside.write(chunk)
            except egress.OutsideRefused as refused:
                raise Unreadable(str(refused)) from refused
            except (egress.CallFailed, OSError) as fault:
                raise NotNow(f"{PLACE} of the file does not answer as it should just now.") from fault
            aside.seek(0)
            if aside.read(64).lstrip()[:1] == b"<":
                raise Unreadable("What lies at the address is a page and no file: perhaps one to sign in on.")
            aside.seek(0)
            yield cast(BinaryIO, aside)


def _key(settings: Settings, secret: str) -> dict[str, str]:
    user = settings.get("user", "")
    if not user:
        return {"Authorization": f"Bearer {secret}"}
    pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _refuse_unless_good(status: int) -> None:
    if status == 200:
        return
    if status in asking.PASSING:
        raise NotNow(f"{PLACE} of the file does not answer as it should just now.")
    if status in (401, 403):
        raise Unreadable(f"{PLACE} of the file does not accept the password or token. Check it.")
    if status in (404, 410):
        raise Unreadable("There is no file at the address. Look whether your system wrote it last night.")
    if 300 <= status < 400:
        raise Unreadable(
            f"{PLACE} of the file leads to another one. It was not followed, since the password would go along."
        )
    raise Unreadable(f"{PLACE} of the file answered with error {status}. Nothing was taken over.")
