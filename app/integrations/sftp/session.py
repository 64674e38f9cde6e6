"""SSH to a server of which a person confirmed the key. paramiko is here alone, on a socket that core.egress opened.

No agent, no known hosts or configuration of this machine, no compression; and of the algorithms those that are held to
be safe today. Imported late, for most processes never need it.
"""

import io
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import paramiko
from paramiko.common import MSG_EXT_INFO, MSG_USERAUTH_INFO_REQUEST
from paramiko.packet import Packetizer

from app.core import egress
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.integrations.sftp.server import Server
from app.integrations.sftp.wire import LARGEST_PACKET

#: Seconds: all that is done there (a job is stopped at 150, core/doorbell.py), until an address answers, until the
#: server has shown its key, and how long it may be silent then.
LONGEST: Final = 120.0
ANSWERING: Final = 10.0
MEETING: Final = 20.0
SILENT: Final = 20.0
#: How a host key may be signed, the best first.
KINDS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
SHORTEST_RSA: Final = 2048
#: Extensions of a server, or questions of a prompt.
MOST_THINGS: Final = 64
_EXCHANGES: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
)
_CIPHERS: Final = (
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
_DIGESTS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)

NO_ANSWER: Final = "The SFTP server does not answer as it should just now."
TOO_LONG: Final = "The SFTP server took longer than two minutes."
TOO_OLD: Final = (
    "The SFTP server offers no key or no encryption that is held to be safe today. Its operator has to bring it up to "
    "date."
)
ANOTHER_KEY: Final = (
    "The SFTP server shows another key than the one that was confirmed, so nothing was sent to it. Ask its operator "
    "whether the key was changed; if it was, have it shown again, compare it, and confirm it."
)
UNCONFIRMED: Final = (
    "Nobody has confirmed yet that it is the right SFTP server. Have it show its key, compare the fingerprint, and "
    "confirm it."
)
KEY_REFUSED: Final = (
    "The SFTP server does not let us in with our key. Was the public line given to it, for this name?"
)
NAME_REFUSED: Final = (
    "The SFTP server does not let us in with this name and password. Check both, and whether the account may sign in "
    "with a password."
)
NO_SFTP: Final = "The server lets us in and offers no SFTP. Its operator has to allow that for the account."

# It says paths, and the server's own words.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


class _Packets(Packetizer):
    """A server says how long its packet is, and how many things are in it: neither is believed beyond what is sane.

    paramiko would wait for four gigabytes, and count to four billion.
    """

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        if n > LARGEST_PACKET:
            raise paramiko.SSHException("too large a packet")
        return bytes(super().read_all(n, check_rekey))

    def read_message(self) -> tuple[int, paramiko.Message]:
        kind, message = super().read_message()
        if kind in (MSG_EXT_INFO, MSG_USERAUTH_INFO_REQUEST):
            again = paramiko.Message(message.asbytes())
            if kind == MSG_USERAUTH_INFO_REQUEST:  # title, what to do, language
                for _ in range(3):
                    again.get_binary()
            if again.get_int() > MOST_THINGS:
                raise paramiko.SSHException("too many things in a packet")
        return kind, message


@contextmanager
def met(server: Server, kinds: Sequence[str], until: float | None = None) -> Iterator[paramiko.Transport]:
    """A session whose server has shown a key of one of the kinds; nothing is sent to it yet.

    Raises Unreadable and NotNow; also for what breaks off within the block. `until`: by the monotonic clock.
    """
    until = until or time.monotonic() + LONGEST
    try:
        socket = egress.ssh(server.service, server.host, server.port, timeout=ANSWERING)
    except egress.OutsideRefused as refused:
        raise Unreadable(str(refused)) from refused
    except OSError as fault:
        raise NotNow(NO_ANSWER) from fault
    transport = paramiko.Transport(socket, packetizer_class=_Packets)
    ran_out = threading.Event()

    def end() -> None:
        transport.close()
        socket.close()

    def end_late() -> None:
        ran_out.set()
        end()

    watch = threading.Timer(max(0.0, until - time.monotonic()), end_late)
    watch.daemon = True
    watch.start()
    try:
        _narrow(transport, kinds)
        transport.start_client(timeout=MEETING)
        _refuse_if_short(transport.get_remote_server_key())
        yield transport
    except paramiko.ssh_exception.IncompatiblePeer as error:
        is_of_the_key = "host key" in str(error) and len(kinds) < len(KINDS)
        raise Unreadable(ANOTHER_KEY if is_of_the_key else TOO_OLD) from error
    except (paramiko.SSHException, EOFError, OSError) as fault:
        raise NotNow(TOO_LONG if ran_out.is_set() else NO_ANSWER) from fault
    finally:
        watch.cancel()
        end()
        if transport.is_alive():
            transport.join(ANSWERING)


@contextmanager
def signed_in(server: Server, secret: str, *, by_key: bool) -> Iterator[paramiko.Channel]:
    """A channel on which SFTP is spoken, once the server has shown the key that was confirmed.

    A secret that is refused is not tried again: accounts are soon locked.
    """
    if not server.host_key:
        raise Unreadable(UNCONFIRMED)
    until = time.monotonic() + LONGEST
    for lets_in in (_by_key,) if by_key else (_by_password, _by_prompt):
        with met(server, _kinds_of(server.host_key), until) as transport:
            if key_of(transport) != server.host_key:
                raise Unreadable(ANOTHER_KEY)
            if lets_in(transport, server.user, secret):
                yield _sftp(transport)
                return


def key_of(transport: paramiko.Transport) -> str:
    """The key that a server showed: its kind, and its fingerprint as OpenSSH writes it."""
    key = transport.get_remote_server_key()
    return f"{key.get_name()} {key.fingerprint}"


def _kinds_of(host_key: str) -> Sequence[str]:
    """By which signatures such a key is shown: a server with several shows the one that is asked for."""
    kind = host_key.partition(" ")[0]
    return [one for one in KINDS if one == kind or (kind == "ssh-rsa" and one.startswith("rsa-"))]


def _narrow(transport: paramiko.Transport, kinds: Sequence[str]) -> None:
    transport.local_version = "SSH-2.0-FrontOffice"
    options = transport.get_security_options()
    options.kex = [one for one in _EXCHANGES if one in options.kex]
    options.ciphers = [one for one in _CIPHERS if one in options.ciphers]
    options.digests = [one for one in _DIGESTS if one in options.digests]
    options.compression = ["none"]
    options.key_types = list(kinds)


def _refuse_if_short(key: paramiko.PKey) -> None:
    if key.get_name() == "ssh-rsa" and key.get_bits() < SHORTEST_RSA:
        raise Unreadable(TOO_OLD)


def _by_key(transport: paramiko.Transport, user: str, secret: str) -> bool:
    key = paramiko.Ed25519Key.from_private_key(io.StringIO(secret))
    try:
        rest = transport.auth_publickey(user, key)
    except paramiko.AuthenticationException as error:
        raise Unreadable(KEY_REFUSED) from error
    return _is_enough(rest)


def _by_password(transport: paramiko.Transport, user: str, secret: str) -> bool:
    """False if the server asks for passwords by a prompt alone: for that paramiko needs another session."""
    try:
        rest = transport.auth_password(user, secret, fallback=False)
    except paramiko.AuthenticationException as error:
        if "keyboard-interactive" in getattr(error, "allowed_types", ()):
            return False
        raise Unreadable(NAME_REFUSED) from error
    return _is_enough(rest)


def _by_prompt(transport: paramiko.Transport, user: str, secret: str) -> bool:
    left = [secret]

    def answer(_title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        """The password once, and where it alone is asked for and not shown while it is typed."""
        if len(prompts) == 1 and not prompts[0][1] and left:
            return [left.pop()]
        return ["" for _ in prompts]

    try:
        rest = transport.auth_interactive(user, answer)
    except paramiko.AuthenticationException as error:
        raise Unreadable(NAME_REFUSED) from error
    return _is_enough(rest)


def _is_enough(rest: Sequence[str]) -> bool:
    if rest:
        raise Unreadable(
            "The SFTP server wants a second proof after the first one. Nobody is there at night to give it."
        )
    return True


def _sftp(transport: paramiko.Transport) -> paramiko.Channel:
    try:
        channel = transport.open_session(timeout=SILENT)
        channel.settimeout(SILENT)
        channel.invoke_subsystem("sftp")
    except paramiko.SSHException as error:
        if transport.is_active():
            raise Unreadable(NO_SFTP) from error
        raise
    return channel
