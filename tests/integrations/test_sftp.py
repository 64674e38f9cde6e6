"""An SFTP server that others wrote, and what it may do badly or on purpose: nothing is believed, nothing hangs."""

import contextlib
import dataclasses
import io
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import paramiko
import pytest
from asyncssh.sftp import SFTPAttrs, SFTPName
from hypothesis import given
from hypothesis import strategies as st
from paramiko.common import MSG_EXT_INFO, MSG_USERAUTH_INFO_REQUEST

from app.core import services, settings
from app.core.feed import Unreadable
from app.core.fetching import NotNow
from app.core.services import Hand, OutsideService
from app.integrations.sftp import client, keys, session, wire
from app.integrations.sftp.client import FILE, FOLDER, OTHER
from app.integrations.sftp.server import Server
from tests import sftp_peer
from tests.sftp_peer import PASSWORD, USER, SftpPeer


@pytest.fixture(autouse=True)
def _trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A service that the registry holds for these tests alone, on loopback."""
    one = OutsideService(
        key="trial",
        name="Trial",
        company="Trial Ltd",
        purpose="Answers.",
        passes="Nothing.",
        location="Here",
        turned_on_by=Hand.OPERATOR,
        host_in_settings=lambda _: "127.0.0.1",
        built=True,
    )
    monkeypatch.setitem(services._BY_KEY, "trial", one)
    before = settings._settings
    yield
    settings.use_settings(before)


def allow(port: int, tmp_path: Path) -> None:
    told = {
        "FRONTOFFICE_DEMO": "yes",
        "FRONTOFFICE_INSTANCE": str(tmp_path),
        "FRONTOFFICE_DATABASE_URL": "postgresql:///nowhere",
        "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
        "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
    }
    ours = settings.read_settings(told)
    settings.use_settings(dataclasses.replace(ours, egress_private_allowed=frozenset({f"127.0.0.1:{port}"})))


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[SftpPeer]:
    (tmp_path / "served").mkdir()
    with sftp_peer.running(tmp_path / "served") as peer:
        allow(peer.port, tmp_path)
        yield peer


def server(peer: SftpPeer, **more: object) -> Server:
    told = {"service": "trial", "host": "127.0.0.1", "port": peer.port, "user": USER}
    return Server(**{**told, "host_key": peer.host_key, **more})


def copied(peer: SftpPeer, name: str, folder: str = "", **more: object) -> bytes:
    into = io.BytesIO()
    with client.signed_in(server(peer, **more), PASSWORD, by_key=False) as files:
        [entry] = [one for one in files.entries(folder) if one.name == name]
        files.copy(folder, entry, into)
    return into.getvalue()


def listed(peer: SftpPeer, folder: str = "") -> dict[str, str]:
    with client.signed_in(server(peer), PASSWORD, by_key=False) as files:
        return {one.name: one.kind for one in files.entries(folder)}


# --- who it is, and who we are ------------------------------------------------------------------------------


def test_it_shows_its_key_before_anybody_signs_in(peer: SftpPeer) -> None:
    assert client.host_key_of(server(peer, host_key="")) == peer.host_key
    assert peer.host_key.startswith("ssh-ed25519 SHA256:")
    assert peer.passwords == []


def test_a_password_opens_it_and_a_wrong_one_is_tried_once(peer: SftpPeer) -> None:
    peer.put("a.zip", b"octets")
    assert copied(peer, "a.zip") == b"octets"

    with (
        pytest.raises(Unreadable, match="name and password"),
        client.signed_in(server(peer), "another", by_key=False),
    ):
        pass

    assert peer.passwords == [PASSWORD, "another"]


def test_a_key_of_ours_opens_it_and_no_other_key(peer: SftpPeer) -> None:
    private, public = keys.make()
    peer.put("a.zip", b"octets")

    with pytest.raises(Unreadable, match="public line"), client.signed_in(server(peer), private, by_key=True):
        pass
    peer.authorized.append(public)
    with client.signed_in(server(peer), private, by_key=True) as files:
        assert [one.name for one in files.entries("")] == ["a.zip"]
    assert peer.passwords == []


def test_a_password_asked_for_by_a_prompt_is_given(peer: SftpPeer) -> None:
    peer.takes_passwords = False
    peer.put("a.zip", b"octets")

    assert copied(peer, "a.zip") == b"octets"


@pytest.mark.parametrize(
    "prompts",
    [
        [("Password: ", False), ("Code: ", False)],
        [("Your name: ", True)],
        [("Password: ", False)] * (session.MOST_THINGS + 1),
    ],
    ids=["two", "one that is shown", "very many"],
)
def test_a_password_is_given_to_no_other_prompts(peer: SftpPeer, prompts: list[tuple[str, bool]]) -> None:
    peer.takes_passwords, peer.prompts = False, prompts

    with (
        pytest.raises((Unreadable, NotNow)),
        client.signed_in(server(peer), PASSWORD, by_key=False),
    ):
        pass

    assert PASSWORD not in peer.passwords


def test_a_server_with_another_key_is_told_nothing(peer: SftpPeer) -> None:
    confirmed = peer.host_key
    peer.host_keys = [asyncssh.generate_private_key("ssh-ed25519")]
    peer.restart()

    with (
        pytest.raises(Unreadable, match="another key than the one that was confirmed"),
        client.signed_in(server(peer, host_key=confirmed), PASSWORD, by_key=False),
    ):
        pass

    assert peer.passwords == []


def test_a_server_with_a_key_of_another_kind_is_told_nothing(peer: SftpPeer) -> None:
    confirmed = peer.host_key
    peer.host_keys = [asyncssh.generate_private_key("ecdsa-sha2-nistp256")]
    peer.restart()

    with (
        pytest.raises(Unreadable, match="another key than the one that was confirmed"),
        client.signed_in(server(peer, host_key=confirmed), PASSWORD, by_key=False),
    ):
        pass

    assert peer.passwords == []


def test_nobody_signs_in_at_a_server_that_nobody_confirmed(peer: SftpPeer) -> None:
    with (
        pytest.raises(Unreadable, match="Nobody has confirmed"),
        client.signed_in(server(peer, host_key=""), PASSWORD, by_key=False),
    ):
        pass

    assert peer._connections == []


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_server_with_several_keys_shows_the_one_that_was_confirmed(peer: SftpPeer, kind: str) -> None:
    """Whichever it would rather show."""
    peer.put("a.zip", b"octets")
    peer.host_keys = [asyncssh.generate_private_key(kind)]
    peer.restart()
    confirmed = peer.host_key

    peer.host_keys.insert(0, asyncssh.generate_private_key("ssh-ed25519"))
    peer.restart()

    assert copied(peer, "a.zip", host_key=confirmed) == b"octets"


@pytest.mark.parametrize(
    "old",
    [
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"kex_algs": ["diffie-hellman-group-exchange-sha256"]},
        {"encryption_algs": ["aes256-cbc"]},
        {"encryption_algs": ["3des-cbc"]},
        {"encryption_algs": ["aes256-ctr"], "mac_algs": ["hmac-sha1"]},
    ],
)
def test_encryption_that_is_not_safe_any_more_is_refused(peer: SftpPeer, old: dict[str, object]) -> None:
    peer.options = old
    peer.restart()

    with pytest.raises(Unreadable, match="held to be safe today"):
        client.host_key_of(server(peer))


def test_a_short_rsa_key_is_refused(peer: SftpPeer) -> None:
    peer.host_keys = [asyncssh.generate_private_key("ssh-rsa", key_size=1024)]
    peer.restart()

    with pytest.raises(Unreadable, match="held to be safe today"):
        client.host_key_of(server(peer))


def test_nothing_is_compressed(peer: SftpPeer) -> None:
    peer.options = {"compression_algs": ["zlib@openssh.com", "zlib"]}
    peer.restart()

    with pytest.raises(Unreadable, match="held to be safe today"):
        client.host_key_of(server(peer))


def test_a_server_without_sftp_says_so(peer: SftpPeer) -> None:
    peer.options = {"sftp_factory": None}
    peer.restart()

    with (
        pytest.raises(Unreadable, match="offers no SFTP"),
        client.signed_in(server(peer), PASSWORD, by_key=False),
    ):
        pass


def test_what_paramiko_says_is_in_no_log(peer: SftpPeer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    peer.put("Reyes-Mia.zip", b"octets")
    copied(peer, "Reyes-Mia.zip")
    with pytest.raises(Unreadable), client.signed_in(server(peer), "another", by_key=False):
        pass

    assert [one for one in caplog.records if one.name.startswith("paramiko")] == []


def test_no_thread_and_no_connection_is_left(peer: SftpPeer) -> None:
    peer.put("a.zip", b"octets")
    before = set(threading.enumerate())

    copied(peer, "a.zip")

    assert {one for one in threading.enumerate() if one not in before and one.is_alive()} == set()


# --- what lies there ----------------------------------------------------------------------------------------


def test_a_large_file_arrives_whole_even_in_small_pieces(peer: SftpPeer) -> None:
    octets = os.urandom(3 * 1024 * 1024 + 17)
    peer.put("large.zip", octets)
    assert copied(peer, "large.zip") == octets

    peer.most = 5_000
    assert copied(peer, "large.zip") == octets


def test_nothing_is_written_there(peer: SftpPeer) -> None:
    peer.put("exports/a.zip", b"octets")

    copied(peer, "a.zip", "exports")

    assert peer.asked == ["list exports", "open exports/a.zip 1"]


def test_a_link_is_followed_nowhere(peer: SftpPeer) -> None:
    peer.put("2026-11-26/marks.csv", b"octets")
    (peer.folder / "latest.zip").symlink_to("/etc/passwd")
    (peer.folder / "latest").symlink_to("2026-11-26")

    assert listed(peer) == {"2026-11-26": FOLDER, "latest.zip": OTHER, "latest": OTHER}


@pytest.mark.parametrize(
    "name", [b"../../etc/a.zip", b"/a.zip", b"a\0.zip", b"a\n.zip", b"caf\xe9.zip", b"", b"..", b"a" * 300]
)
def test_a_name_that_no_export_has_is_left_out(peer: SftpPeer, name: bytes) -> None:
    peer.put("a.zip", b"octets")
    peer.besides = [SFTPName(name, attrs=SFTPAttrs(size=1, permissions=0o100644, atime=1, mtime=1))]

    assert listed(peer) == {"a.zip": FILE}


def test_a_server_that_tells_no_modes_is_understood_by_its_lines(peer: SftpPeer) -> None:
    peer.besides = [
        SFTPName(b"a.zip", b"-rw-r--r-- 1 sis", SFTPAttrs(size=1)),
        SFTPName(b"b.zip", b"", SFTPAttrs(size=1)),
        SFTPName(b"2026", b"drwxr-xr-x 1 sis", SFTPAttrs(size=1)),
        SFTPName(b"c.zip", b"lrwxrwxrwx 1 sis", SFTPAttrs(size=1)),
    ]

    assert listed(peer) == {"a.zip": FILE, "b.zip": FILE, "2026": FOLDER, "c.zip": OTHER}


def test_a_folder_of_more_names_than_any_export_is_refused(peer: SftpPeer) -> None:
    peer.besides = [SFTPName(b"%d.zip" % n, attrs=SFTPAttrs(size=1)) for n in range(client.MOST_ENTRIES + 1)]

    with pytest.raises(Unreadable, match="more than 10,000 files"):
        listed(peer)


def test_a_folder_that_is_not_there_or_not_ours_is_said(peer: SftpPeer) -> None:
    with pytest.raises(Unreadable, match="the folder is not there"):
        listed(peer, "exports")

    def refuse() -> None:
        raise asyncssh.SFTPPermissionDenied("Mia Reyes")

    peer.put("a.zip", b"octets")
    peer.before["open", 1] = refuse
    with pytest.raises(Unreadable, match="may not read a file") as raised:
        copied(peer, "a.zip")
    assert "Reyes" not in raised.value.sentence


def test_a_server_that_will_not_close_what_was_read_is_forgiven(peer: SftpPeer) -> None:
    def refuse() -> None:
        raise asyncssh.SFTPFailure("Not now")

    peer.put("a.zip", b"octets")
    peer.before["close", 1] = refuse

    assert copied(peer, "a.zip") == b"octets"
    assert peer.counted["close"] == 1


def test_the_newest_is_the_one_written_last() -> None:
    def at(name: str, changed: int | None, kind: str = FILE) -> client.Entry:
        return client.Entry(name, kind, 1, changed)

    entries = [at("att-1.zip", 30), at("att-2.zip", 20), at("att-9", 90, FOLDER), at("other.zip", 99)]
    assert client.newest(entries, "ATT-*.zip").name == "att-1.zip"
    assert client.newest(entries, "att-*", FOLDER).name == "att-9"
    assert client.newest(entries, "b*") is None
    unfinished = [at(".att-3.zip", 50), at("att-3.zip.filepart", 50), at("att-3.zip.PART", 50)]
    assert client.newest([*entries, *unfinished], "*att*").name == "att-1.zip"
    assert client.newest([at("a-1.zip", None), at("a-2.zip", None)], "a*").name == "a-2.zip"


# --- what breaks, stalls and lies ---------------------------------------------------------------------------


def test_a_connection_that_breaks_in_the_middle_is_for_later(peer: SftpPeer) -> None:
    peer.put("a.zip", os.urandom(4 * 1024 * 1024))
    peer.before["read", 3] = peer.drop

    with pytest.raises(NotNow, match="does not answer as it should"):
        copied(peer, "a.zip")


def test_a_file_that_became_shorter_is_for_later(peer: SftpPeer) -> None:
    path = peer.put("a.zip", os.urandom(4 * 1024 * 1024))
    peer.before["read", 2] = lambda: os.truncate(path, 100_000)

    with pytest.raises(NotNow, match="became shorter"):
        copied(peer, "a.zip")


def test_a_server_that_falls_silent_is_for_later(peer: SftpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SILENT", 0.3)
    peer.put("a.zip", b"octets")
    peer.before["read", 1] = lambda: time.sleep(1.0)

    with pytest.raises(NotNow, match="does not answer as it should"):
        copied(peer, "a.zip")


def test_a_server_that_trickles_ends_with_its_time(peer: SftpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LONGEST", 1.0)
    peer.put("a.zip", os.urandom(20_000))
    peer.most = 1
    began = time.monotonic()

    with pytest.raises(NotNow, match="longer than two minutes"):
        copied(peer, "a.zip")

    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n" + b"\xff" * 4096, b"x" * 200_000],
    ids=["nothing", "HTTP", "a packet of 4 GB", "a line without an end"],
)
def test_what_is_no_ssh_server_does_not_hold_us(
    says: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MEETING", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        allow(port, tmp_path)
        kept: list[socket.socket] = []

        def answer() -> None:
            connection, _ = listening.accept()
            kept.append(connection)
            connection.sendall(says)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        began = time.monotonic()

        with pytest.raises(NotNow, match="does not answer as it should"):
            client.host_key_of(Server(service="trial", host="127.0.0.1", port=port, user=USER))

        assert time.monotonic() - began < 10
        thread.join(5)
        for connection in kept:
            connection.close()


def test_where_nobody_answers_it_is_for_later_and_elsewhere_it_is_refused(peer: SftpPeer) -> None:
    peer.away()
    with pytest.raises(NotNow):
        client.host_key_of(server(peer))
    peer.restart()

    with pytest.raises(Unreadable, match="not a host of Trial"):
        client.host_key_of(server(peer, host="127.0.0.2"))


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (MSG_EXT_INFO, b"\xff\xff\xff\xff"),
        (MSG_USERAUTH_INFO_REQUEST, b"\0\0\0\0" * 3 + b"\xff\xff\xff\xff"),
    ],
)
def test_a_packet_of_ssh_that_counts_to_four_billion_is_not_counted(
    kind: int, octets: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.Packetizer, "read_message", lambda _: (kind, paramiko.Message(octets)))

    with pytest.raises(paramiko.SSHException, match="too many"):
        session._Packets(None).read_message()


class _Says:
    """A channel on which this and nothing else is said."""

    def __init__(self, *packets: bytes) -> None:
        hello = wire._VERSION.to_bytes(1) + (3).to_bytes(4)
        self._said = b"".join(len(one).to_bytes(4) + one for one in (hello, *packets))

    def sendall(self, octets: bytes) -> None:
        pass

    def recv(self, most: int) -> bytes:
        said, self._said = self._said[:most], self._said[most:]
        return said


def packet(kind: int, *parts: bytes | int) -> bytes:
    told = [one.to_bytes(4) if isinstance(one, int) else len(one).to_bytes(4) + one for one in parts]
    return kind.to_bytes(1) + b"".join(told)


HANDLE = packet(wire._HANDLE, 1, b"h")


@pytest.mark.parametrize(
    "answer",
    [
        packet(wire._NAME, 2, 0xFFFFFFFF, b"a.zip", b"", 0),
        packet(wire._NAME, 2, 1, b"a.zip", b"", 0x80000000, 0xFFFFFFFF),
        packet(wire._NAME, 2, 1, b"a.zip", 0xFFFFFFF0),
        packet(wire._NAME, 7, 0),
        packet(wire._DATA, 2, b"octets"),
        b"\x68",
    ],
    ids=[
        "more-names",
        "more-attributes",
        "a-longer-string",
        "to-no-question",
        "another-answer",
        "half-a-packet",
    ],
)
def test_counts_that_lie_are_garbled_and_cost_nothing(answer: bytes) -> None:
    began = time.process_time()

    with pytest.raises(wire.Garbled):
        wire.Wire(_Says(HANDLE, answer)).names(b".", 10)

    assert time.process_time() - began < 1


def test_a_packet_larger_than_any_server_sends_is_not_waited_for() -> None:
    says = _Says(HANDLE)
    says._said += (wire.LARGEST_PACKET + 1).to_bytes(4)

    with pytest.raises(wire.Garbled):
        wire.Wire(says).names(b".", 10)


@pytest.mark.parametrize("piece", [b"", b"x" * 11], ids=["nothing", "more than was asked for"])
def test_a_piece_that_nobody_asked_for_is_garbled(piece: bytes) -> None:
    says = _Says(HANDLE, packet(wire._DATA, 2, piece))

    with pytest.raises(wire.Garbled):
        list(wire.Wire(says).octets(b"a", 10))


def test_what_speaks_no_sftp_is_said() -> None:
    says = _Says()
    says._said = b"This account is not available."

    with pytest.raises(wire.Garbled):
        wire.Wire(says)


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=6), st.booleans())
def test_whatever_is_said_is_read_or_refused(packets: list[bytes], lists: bool) -> None:
    asked = wire.Wire(_Says(HANDLE, *(kind + b"\0\0\0\2" + rest for kind, rest in map(_as_answer, packets))))

    with contextlib.suppress(wire.Garbled, wire.Denied, wire.TooMany, wire.CutShort, EOFError):
        if lists:
            asked.names(b".", 10)
        else:
            assert sum(map(len, asked.octets(b"a", 100_000))) == 100_000


def _as_answer(octets: bytes) -> tuple[bytes, bytes]:
    """The same octets as one of the answers that there are, so that more than its kind is looked at."""
    return bytes([101 + octets[0] % 4]), octets[1:]
