"""An SFTP server on loopback that others wrote (asyncssh), with what may go wrong at one.

It serves a folder of the test's. `asked` tells what it was asked for, `passwords` what was tried as one.
"""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncssh
from asyncssh.sftp import SFTPAttrs, SFTPName

USER: Final = "sis"
PASSWORD: Final = "a-password-of-maple"


class SftpPeer:
    """A server and its state. What is set here holds for the next question."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: The server's own keys, in the order in which it would rather show them.
        self.host_keys = [asyncssh.generate_private_key("ssh-ed25519")]
        #: Public lines that may sign in; what else the server insists on.
        self.authorized: list[str] = []
        self.options: dict[str, Any] = {}
        #: Else it asks for the password by these prompts; True: what is typed is shown.
        self.takes_passwords, self.prompts = True, [("Password: ", False)]
        #: Done before the nth "list", "open", "read" or "close".
        self.before: dict[tuple[str, int], Callable[[], object]] = {}
        #: What a folder has in it besides, as the server tells it.
        self.besides: list[SFTPName] = []
        #: Octets that it gives at most at a time.
        self.most = 1 << 20
        self.asked: list[str] = []
        self.counted: Counter[str] = Counter()
        self.passwords: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: list[asyncssh.SSHServerConnection] = []

    @property
    def at(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def host_key(self) -> str:
        """Of its first key, as we show it."""
        key = self.host_keys[0]
        return f"{key.get_algorithm()} {key.get_fingerprint()}"

    def put(self, name: str, octets: bytes, *, at: int | None = None) -> Path:
        """A file, written at that second."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        if at is not None:
            os.utime(path, (at, at))
        return path

    def restart(self) -> None:
        """With whatever it has become, at the same port."""
        self.away()
        self._run(self._start())

    def away(self) -> None:
        """Nobody answers there."""
        self._run(self._stop())

    def drop(self) -> None:
        """Every connection breaks."""
        self._loop.call_soon_threadsafe(self._abort)

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _start(self) -> None:
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            **{
                "server_factory": lambda: _Door(self),
                "server_host_keys": self.host_keys,
                "sftp_factory": lambda channel: _Served(self, channel),
                **self.options,
            },
        )
        self.port = self._acceptor.get_port()

    async def _stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        self._abort()
        await self._acceptor.wait_closed()

    def _abort(self) -> None:
        for one in self._connections:
            one.abort()
        self._connections.clear()


class _Door(asyncssh.SSHServer):
    def __init__(self, peer: SftpPeer) -> None:
        self._peer = peer

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._peer._connections.append(conn)

    def password_auth_supported(self) -> bool:
        return self._peer.takes_passwords

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._peer.passwords.append(password)
        return (username, password) == (USER, PASSWORD)

    def kbdint_auth_supported(self) -> bool:
        return not self._peer.takes_passwords

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return "", "", "", self._peer.prompts

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return self.validate_password(username, responses[0])

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = [asyncssh.import_public_key(line) for line in self._peer.authorized]
        return username == USER and key in known


class _Served(asyncssh.SFTPServer):
    def __init__(self, peer: SftpPeer, channel: Any) -> None:
        super().__init__(channel, chroot=os.fsencode(peer.folder))
        self._peer = peer

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        self._is_asked("list", path.decode())
        async for one in super().scandir(path):
            yield one
        for one in self._peer.besides:
            yield one

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Any:
        self._is_asked("open", f"{path.decode()} {pflags}")
        return super().open(path, pflags, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> Any:
        self._is_asked("read")
        return super().read(file_obj, offset, min(size, self._peer.most))

    def close(self, file_obj: object) -> Any:
        super().close(file_obj)
        self._is_asked("close")

    def _is_asked(self, what: str, of: str = "") -> None:
        if of:
            self._peer.asked.append(f"{what} {of}")
        self._peer.counted[what] += 1
        if before := self._peer.before.pop((what, self._peer.counted[what]), None):
            before()


@contextmanager
def running(folder: Path) -> Iterator[SftpPeer]:
    """On a port of loopback, until the block ends."""
    peer = SftpPeer(folder)
    peer.start()
    try:
        yield peer
    finally:
        peer.stop()
