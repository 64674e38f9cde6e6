"""The only way out. Nothing of ours opens a connection to another machine but through here.

Each call is checked anew: the service is in the registry and turned on for this district, the host is one of
its own, the name is resolved once, every address it resolves to is public, and the connection goes to the
very address that was checked (a second look-up could answer otherwise: DNS rebinding). Redirects are calls.
`shut_other_doors()` makes the interpreter itself refuse what did not come through here.
"""

import contextlib
import ipaddress
import logging
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx

from app.core.addresses import Address, OutsideRefused, plain_host, refuse_private, shown
from app.core.db import db
from app.core.services import Hand, OutsideService, hosts_in_use, service
from app.core.settings import get_settings
from app.core.tenancy import district_in_force

__all__ = [
    "Answer",
    "CallFailed",
    "Client",
    "NotConnected",
    "OutsideRefused",
    "Socket",
    "host_for_ssh",
    "host_named",
    "http_client",
    "refuse_elsewhere",
    "shut_other_doors",
    "smtp",
    "ssh",
]

log = logging.getLogger(__name__)

Client = httpx.Client
Answer = httpx.Response
#: A call that got no answer, or not the whole of it.
CallFailed = httpx.TransportError
#: Of these, the calls of which not a byte has left.
NotConnected = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
Socket = socket.socket

LONGEST_CALL: Final = 20.0
LARGEST_ANSWER: Final = 10 * 1024 * 1024
MOST_REDIRECTS: Final = 3
#: The ports where mail servers listen. A mail switch must not become a port scanner.
MAIL_PORTS: Final = frozenset({25, 465, 587, 2525})
#: The same of SSH servers.
SSH_PORTS: Final = frozenset({22, 2022, 2200, 2222, 8022, 10022, 22222})


def http_client(
    key: str,
    *,
    timeout: float = LONGEST_CALL,
    longest: float | None = None,
    largest: int = LARGEST_ANSWER,
    **headers: str,
) -> httpx.Client:
    """A client that can reach this one service of the registry and nothing else.

    `timeout`: how many seconds it may be silent. `longest`: how many a whole call may take, if that is more.
    """
    one = service(key)
    if one.from_browser:
        raise OutsideRefused(f"{one.name} is called by browsers; our servers never call it.")
    return httpx.Client(
        transport=_CheckedTransport(one, longest or timeout, largest),
        timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
        max_redirects=MOST_REDIRECTS,
        trust_env=False,
        # Unpacked sizes cannot be bounded by what came over the wire, so nothing is sent packed.
        headers={"User-Agent": "FrontOffice", "Accept-Encoding": "identity", **headers},
    )


def refuse_elsewhere(key: str, address: str) -> None:
    """Raises OutsideRefused unless that service, turned on now, may be called at this very address.

    For addresses that we do not call but send a browser to: one that a vendor's document names is a claim.
    """
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme, host, port = "", "", None
    name = _permitted(service(key), host)
    if scheme != "https" and not (scheme == "http" and _is_allowed_nearby(name, port or 80)):
        raise OutsideRefused(f"{shown(name)} was not called without encryption: only https is.")


def host_named(address: str) -> str:
    """The host of an address that somebody typed, if such an address is ever called. Raises OutsideRefused.

    Nobody is asked where the name leads: that is looked at with each call.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if (
        parts.scheme not in ("https", "http")
        or not host
        or not address.isascii()
        or not address.isprintable()
    ):
        raise OutsideRefused("Write the whole address, such as https://sis.maple.example/ims/oneroster/v1p1.")
    if parts.username is not None or parts.password is not None:
        raise OutsideRefused("Leave name and password out of the address: the key has a field of its own.")
    name = plain_host(host)
    if _is_allowed_nearby(name, port or (443 if parts.scheme == "https" else 80)):
        return name
    if parts.scheme != "https":
        raise OutsideRefused(f"{shown(name)} is called with https alone, since a key is sent there.")
    with contextlib.suppress(ValueError):
        refuse_private(ipaddress.ip_address(name), name)
    return name


def smtp(
    key: str, host: str, port: int, *, security: str = "starttls", timeout: float = LONGEST_CALL
) -> smtplib.SMTP:
    """A connected mail session with that service, encrypted before a word of a message is said.

    `security`: "starttls", "tls", or "none" for a relay that the operator allowed on a private network.
    """
    name = _permitted(service(key), host)
    nearby = _is_allowed_nearby(name, port)
    if port not in MAIL_PORTS and not nearby:
        ports = ", ".join(map(str, sorted(MAIL_PORTS)))
        raise OutsideRefused(f"Mail servers listen on port {ports}. Port {port} is not called.")
    if security == "none" and not nearby:
        raise OutsideRefused(
            f"Mail to {shown(name)} would cross the internet for anyone to read. Choose STARTTLS or TLS."
        )
    if security == "tls":
        return _SMTPOverTLS(name, port, _own_name(), timeout=timeout, context=_trusted())
    session = _SMTP(name, port, _own_name(), timeout=timeout)
    if security == "starttls":
        try:
            session.starttls(context=_trusted())
        except BaseException:
            session.close()
            raise
    return session


def host_for_ssh(host: str, port: int) -> str:
    """A host that somebody typed, spelled plainly, if its SSH server is ever called. Raises OutsideRefused.

    Nobody is asked where the name leads: that is looked at with each call.
    """
    name = plain_host(host)
    if not _is_allowed_nearby(name, port):
        _refuse_unless_ssh(port)
        with contextlib.suppress(ValueError):
            refuse_private(ipaddress.ip_address(name), name)
    return name


def ssh(key: str, host: str, port: int, *, timeout: float = LONGEST_CALL) -> Socket:
    """A connection to an SSH server of that service, on which nothing was said yet: whoever speaks on it closes it.

    Raises OutsideRefused, and OSError where nobody answers.
    """
    name = _permitted(service(key), host)
    if not _is_allowed_nearby(name, port):
        _refuse_unless_ssh(port)
    return _connect(name, port, timeout)


# --- the checks -------------------------------------------------------------------------------------------


def _permitted(one: OutsideService, host: str) -> str:
    """The host, spelled plainly, if this service may be called there now. Raises OutsideRefused."""
    one.refuse_unless_built()
    hosts = _hosts_now(one.key)
    if not hosts:
        who = "A district admin" if one.turned_on_by is Hand.DISTRICT else "The operator"
        raise OutsideRefused(f"{one.name} is not turned on. {who} can turn it on.")
    name = plain_host(host)
    if not any(_matches(name, pattern) for pattern in hosts):
        raise OutsideRefused(f"{shown(name)} is not a host of {one.name}, so it was not called.")
    return name


def _hosts_now(key: str) -> tuple[str, ...]:
    """As hosts_in_use. Where no transaction was open none stays open: an answer may be minutes away."""
    began_here = district_in_force() is not None and not db.session().in_transaction()
    hosts = hosts_in_use(key)
    if began_here:
        db.session.rollback()
    return hosts


def _matches(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[2:]
    return host == pattern


def _refuse_unless_ssh(port: int) -> None:
    if port not in SSH_PORTS:
        ports = ", ".join(map(str, sorted(SSH_PORTS)))
        raise OutsideRefused(
            f"SSH servers are called at port {ports}. An operator may allow one host and another port in "
            "FRONTOFFICE_EGRESS_PRIVATE_ALLOWED."
        )


def _checked_addresses(host: str, port: int) -> list[str]:
    """Where a host is, looked up once. Every one of its addresses must be public, or allowed nearby."""
    addresses = _look_up(plain_host(host), port)
    for address in addresses:
        if not _is_allowed_nearby(str(address), port):
            refuse_private(address, host)
    return [str(address) for address in addresses]


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(place[0])) for *_, place in found]


def _is_allowed_nearby(host: str, port: int) -> bool:
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return at in get_settings().egress_private_allowed


def _own_name() -> str:
    """How we greet a mail server: by our public name, never by the machine's."""
    host = urlsplit(get_settings().base_url).hostname or "localhost"
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
    return host


def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _connect(host: str, port: int, timeout: float | None) -> socket.socket:
    """A socket to the first checked address that answers."""
    failure: OSError | None = None
    for address in _checked_addresses(host, port):
        try:
            with _door_open():
                return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure or OSError(f"{shown(host)} has no address.")


# --- mail -------------------------------------------------------------------------------------------------


class _SMTP(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connect(host, port, timeout)


class _SMTPOverTLS(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = _connect(host, port, timeout)
        try:
            return self.context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


# --- HTTP -------------------------------------------------------------------------------------------------


class _CheckedTransport(httpx.HTTPTransport):
    """httpx comes through here for every request, also for each one that a redirect asks for."""

    def __init__(self, one: OutsideService, longest: float, largest: int) -> None:
        trusted = _trusted()
        super().__init__(verify=trusted, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=trusted, network_backend=_CheckedNetwork())
        self._service = one
        self._longest = longest
        self._largest = largest

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + self._longest
        host = _permitted(self._service, request.url.host)
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        if request.url.scheme != "https" and not _is_allowed_nearby(host, port):
            raise OutsideRefused(f"{shown(host)} was not called without encryption: only https is.")
        response = super().handle_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise OutsideRefused(f"{shown(host)} sent a packed answer that nobody asked for.")
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Bounded(response.stream, host, until, self._largest)
        return response


class _CheckedNetwork(httpcore.SyncBackend):
    """httpcore names a host; what it gets is a connection to an address that was checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        try:
            addresses = _checked_addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses:
            try:
                with _door_open():
                    return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{shown(host)} has no address.")

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise OutsideRefused("A file of this machine is not an outside service.")


class _Bounded(httpx.SyncByteStream):
    """An answer that ends: by size, and by the time of the whole call, which a trickle would stretch."""

    def __init__(self, stream: httpx.SyncByteStream, host: str, until: float, largest: int) -> None:
        self._stream = stream
        self._host = host
        self._until = until
        self._left = largest

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise OutsideRefused(f"The answer of {shown(self._host)} is too large; the rest was left.")
            if time.monotonic() > self._until:
                raise OutsideRefused(f"{shown(self._host)} took too long to answer.")
            yield chunk

    def close(self) -> None:
        self._stream.close()


# --- the other doors --------------------------------------------------------------------------------------

_here = threading.local()
_watching: set[str] | None = None


@contextmanager
def _door_open() -> Iterator[None]:
    """While this thread connects to a checked address."""
    before = getattr(_here, "open", False)
    _here.open = True
    try:
        yield
    finally:
        _here.open = before


def shut_other_doors(also: Iterable[str] = ()) -> None:
    """From now on this process refuses every network connection that egress did not open.

    Sockets in the file system stay open to all, and so does Redis, which the settings name; the database
    speaks through libpq, which the interpreter does not see. `also`: host:port pairs of this process's own.
    An audit hook cannot be taken off again.
    """
    global _watching
    redis = urlsplit(get_settings().redis_url or "")
    own = {*also, *([f"{redis.hostname}:{redis.port or 6379}"] if redis.hostname else [])}
    if _watching is None:
        _watching = own
        sys.addaudithook(_watch)
    else:
        _watching |= own


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"} or getattr(_here, "open", False):
        return
    place = arguments[1]
    family = getattr(arguments[0], "family", None)
    if family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(place, tuple):
        return
    host, port = str(place[0]), int(place[1])
    if not _is_our_own(host, port):
        log.error("refused a connection that did not come through egress: %s port %s", shown(host), port)
        raise OutsideRefused("Refused: every call to another machine goes through core.egress.")


def _is_our_own(host: str, port: int) -> bool:
    for at in _watching or ():
        name, _, of = at.rpartition(":")
        if int(of) != port:
            continue
        if name.strip("[]") == host:
            return True
        with contextlib.suppress(OSError):
            if any(str(address) == host for address in _look_up(name.strip("[]"), port)):
                return True
    return False
