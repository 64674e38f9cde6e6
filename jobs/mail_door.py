"""The mail door: hands what arrives to the help desk's intake; "250" is said once it is committed.

`python -m jobs.mail_door` listens for SMTP, on this machine alone unless the settings say otherwise, and watches a
Maildir (jobs/maildir.py). A mail for several districts is stored once in each. Storing is idempotent, so whoever
is told to try again may.
"""

import asyncio
import contextlib
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core import logs, readings
from app.core.db import db
from app.core.directory import DistrictCard, district_by_inbound_address, lately_found_at
from app.core.egress import shut_other_doors
from app.core.queue import LEFT_ALONE
from app.core.quotas import QuotaReached
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.factory import create_app
from app.helpdesk.actions import intake
from jobs.maildir import NobodyHere, watch

MOST_CONNECTIONS: Final = 10
MOST_RECIPIENTS: Final = 100
#: Mail servers allow 1,000 bytes; programs that write mail by hand know nothing of it.
LONGEST_LINE: Final = 1024 * 1024
SECONDS_TO_END: Final = 15
BEAT_EVERY: Final = 60

STORED: Final = "250 2.0.0 It is stored."
TRY_AGAIN: Final = "451 4.3.0 It could not be stored just now. Please try again later."
NOT_LOOKED_UP: Final = "451 4.3.0 The address could not be looked up just now. Please try again later."
ENOUGH: Final = "452 4.3.1 This desk takes in no more mail within this hour. Please try again later."
UNKNOWN: Final = "550 5.1.1 No desk has this address. Please check how it is written."
TOO_MANY: Final = "452 4.5.3 Too many recipients. Please send the mail to the others separately."
BUSY: Final = "421 4.3.2 Too many connections. Please try again in a minute."

#: An address as nearly all of them are, and the parameters behind it (RFC 5321, section 4.1.2).
_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_PLAIN_ADDRESS: Final = re.compile(
    rf"<({_ATOM}(?:\.{_ATOM}){{0,9}}@{_ATOM}(?:\.{_ATOM}){{1,9}})>(?: ([a-z0-9= ]*))?",
    re.ASCII | re.IGNORECASE,
)

log = logging.getLogger("frontoffice.mail_door")


def deliver(provider_id: str | None, sender: str, recipients: Iterable[str], raw: bytes) -> None:
    """Store a mail once for each district that has one of these addresses. Committed when this returns.

    Raises NobodyHere if none of them is ours. If a later district cannot be served, the whole is tried again.
    """
    desks: dict[UUID, tuple[DistrictCard, list[str]]] = {}
    for address in recipients:
        card = _desk_of(address, district_by_inbound_address)
        if card is not None:
            desks.setdefault(card.id, (card, []))[1].append(address.strip())
    if not desks:
        raise NobodyHere
    for card, addresses in desks.values():
        with as_district(card.id), logs.about_request(None):
            intake.store(
                card,
                mailbox=_plain(addresses[0]),
                provider_id=provider_id,
                envelope_from=sender,
                envelope_to=", ".join(addresses),
                raw=raw,
            )


def _desk_of(address: str, look_up: Callable[[str], DistrictCard | None]) -> DistrictCard | None:
    card = look_up(address) if address.isprintable() else None
    return None if card is None or card.state in LEFT_ALONE else card


def _plain(address: str) -> str:
    """Without what stands behind the plus: the mailbox itself."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


class Porter:
    """Answers what an SMTP client asks. The database is asked in a thread, so that others need not wait."""

    def __init__(self, app: Flask, hand_over: Callable[..., None] = deliver) -> None:
        self._app = app
        self._hand_over = hand_over
        self.connections = 0
        self.storing = 0

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        try:
            known = self._in_the_app(_desk_of, address, lately_found_at) or await asyncio.to_thread(
                self._in_the_app, _desk_of, address, district_by_inbound_address
            )
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender keeps the mail
            log.error("An address was not looked up: %s", type(error).__name__)
            return NOT_LOOKED_UP
        if known is None:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 It is known here."

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        sender = (envelope.mail_from or "").encode(errors="replace").decode()
        self.storing += 1
        try:
            await asyncio.to_thread(
                self._in_the_app, self._hand_over, None, sender, envelope.rcpt_tos, envelope.original_content
            )
        except QuotaReached:
            log.warning("A mail was put off: its district has had enough for this hour.")
            return ENOUGH
        except NobodyHere:  # the directory changed since RCPT
            return UNKNOWN
        except Exception as error:  # noqa: BLE001 - full disk, database away: the sender keeps the mail
            log.error("A mail was not stored: %s", type(error).__name__)
            return TRY_AGAIN
        finally:
            self.storing -= 1
        return STORED

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd would tell the client what went wrong inside."""
        log.error("A mail was not taken in: %s", type(error).__name__)
        return TRY_AGAIN

    def beat(self) -> None:
        """Say that somebody is at the door."""
        try:
            with self._app.app_context():
                readings.beat(db.session(), "mail door")
                db.session.commit()
        except SQLAlchemyError as error:
            log.error("The database does not answer: %s", type(error).__name__)

    def _in_the_app(self, function: Callable[..., Any], *args: Any) -> Any:
        with self._app.app_context():
            return function(*args)


class Door(SMTP):
    """One connection. The size limit is aiosmtpd's: 552, without keeping what is too much."""

    line_length_limit = LONGEST_LINE

    def __init__(self, porter: Porter, largest: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            porter,
            data_size_limit=largest,
            enable_SMTPUTF8=True,
            hostname="frontoffice",
            ident="mail door",
            timeout=120,
            loop=loop,
        )
        self._porter = porter
        self._turned_away = False

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """aiosmtpd takes an address apart as mail headers have them, and that costs more than all other commands."""
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        return (plain[1], plain[2] or "") if plain else super()._getaddr(arg)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._turned_away = self._porter.connections >= MOST_CONNECTIONS
        if self._turned_away:
            assert isinstance(transport, asyncio.Transport)
            transport.write(f"{BUSY}\r\n".encode())
            transport.close()
            return
        self._porter.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._turned_away:
            self._porter.connections -= 1
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return None if self._turned_away else super().eof_received()


async def open_door(porter: Porter, port: int, largest: int, host: str = "127.0.0.1") -> asyncio.Server:
    """Listen at an address of this machine; port 0 takes any free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Door(porter, largest, loop), host, port)


async def stand_at_the_door(app: Flask, host: str, port: int, largest: int) -> None:
    """Until told to stop; a mail that is being stored is stored first."""
    told = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, told.set)
    porter = Porter(app)
    server = await open_door(porter, port, largest, host)
    log.info("Taking mail at %s port %d.", host, port)
    while not told.is_set():
        await asyncio.to_thread(porter.beat)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), BEAT_EVERY)
    server.close()
    for _ in range(SECONDS_TO_END * 10):
        if not porter.storing:
            break
        await asyncio.sleep(0.1)


def main() -> None:
    logs.set_up("mail-door")
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's: it writes down addresses
    app = create_app()
    shut_other_doors()
    settings = get_settings()
    stop = Event()
    folder = settings.instance / "maildir-in"
    watcher = Thread(target=watch, args=(app, folder, settings.max_mail_bytes, deliver, stop), name="maildir")
    watcher.start()
    try:
        asyncio.run(stand_at_the_door(app, settings.smtp_host, settings.smtp_port, settings.max_mail_bytes))
    except OSError as error:
        sys.exit(
            f"The mail door cannot listen at {settings.smtp_host} port {settings.smtp_port}: {error.strerror}. "
            "Set FRONTOFFICE_SMTP_HOST or FRONTOFFICE_SMTP_PORT to another."
        )
    finally:
        stop.set()
        watcher.join()


if __name__ == "__main__":
    main()
