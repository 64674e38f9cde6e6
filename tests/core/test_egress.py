import dataclasses
import ipaddress
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from smtplib import SMTPNotSupportedError
from subprocess import run

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from app.core import egress, services, settings
from app.core.egress import OutsideRefused, host_for_ssh, http_client, smtp, ssh
from app.core.services import HTMX_CDN, OPERATOR_RELAY, Hand, OutsideService

Answer = Callable[[BaseHTTPRequestHandler], None]


class Peer(HTTPServer):
    """A machine on loopback that counts who calls it."""

    answer: Answer
    calls: int = 0

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Replying(BaseHTTPRequestHandler):
    server: Peer

    def do_GET(self) -> None:
        self.server.calls += 1
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass


def says(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer(("127.0.0.1", 0), Replying)
    server.answer = says(b"hello")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def operator(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """The operator's settings; call it to change some."""
    before = settings._settings
    ours = settings.read_settings(
        {
            "FRONTOFFICE_DEMO": "yes",
            "FRONTOFFICE_INSTANCE": str(tmp_path),
            "FRONTOFFICE_DATABASE_URL": "postgresql:///nowhere",
            "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
            "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
        }
    )

    def change(**values: object) -> None:
        settings.use_settings(dataclasses.replace(ours, **values))

    change()
    yield change
    settings.use_settings(before)


@pytest.fixture(autouse=True)
def trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that the registry holds for these tests alone."""
    one = OutsideService(
        key="trial",
        name="Trial",
        company="Trial Ltd",
        purpose="Answers.",
        passes="Nothing.",
        location="Here",
        turned_on_by=Hand.OPERATOR,
        host_in_settings=lambda settings: settings.smtp_relay_host or "127.0.0.1",
        built=True,
    )
    monkeypatch.setitem(services._BY_KEY, "trial", one)


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Every look-up takes the next answer; the list tells which names were asked."""
    asked: list[str] = []
    left = list(answers)

    def look_up(host: str, port: int) -> list[egress.Address]:
        asked.append(host)
        return [ipaddress.ip_address(address) for address in (left.pop(0) if len(left) > 1 else left[0])]

    monkeypatch.setattr(egress, "_look_up", look_up)
    return asked


def dials(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where connections were opened to; none is."""
    dialled: list[tuple[str, int]] = []

    def connect(place: tuple[str, int], *_: object, **__: object) -> socket.socket:
        dialled.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return dialled


# --- HTTP -------------------------------------------------------------------------------------------------


def test_an_allowed_service_answers(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))

    with http_client("trial") as client:
        assert client.get(f"http://{peer.at}/").text == "hello"


def test_what_is_not_in_the_registry_cannot_be_called() -> None:
    with pytest.raises(OutsideRefused, match="not in the registry"):
        http_client("nobody")


def test_what_is_not_built_cannot_be_called() -> None:
    with http_client("openai") as client, pytest.raises(OutsideRefused, match="OpenAI is not built yet"):
        client.get("https://api.openai.com/")


def test_what_browsers_call_our_servers_do_not() -> None:
    with pytest.raises(OutsideRefused, match="called by browsers"):
        http_client(HTMX_CDN)


def test_another_host_is_refused(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}), smtp_relay_host="api.example.org")

    with (
        http_client("trial") as client,
        pytest.raises(OutsideRefused, match=r"127\.0\.0\.1 is not a host of Trial"),
    ):
        client.get(f"http://{peer.at}/")
    assert peer.calls == 0


def test_loopback_is_refused_unless_the_operator_allows_that_port(
    peer: Peer, operator: Callable[..., None]
) -> None:
    operator(egress_private_allowed=frozenset({"127.0.0.1:1"}))

    with http_client("trial") as client, pytest.raises(OutsideRefused, match="without encryption"):
        client.get(f"http://{peer.at}/")
    with http_client("trial") as client, pytest.raises(OutsideRefused, match="private network"):
        client.get(f"https://{peer.at}/")
    assert peer.calls == 0


def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, operator: Callable[..., None]
) -> None:
    operator(smtp_relay_host="169.254.169.254.example.org")
    resolves(monkeypatch, ["169.254.169.254"])

    with http_client("trial") as client, pytest.raises(OutsideRefused, match="private network"):
        client.get("https://169.254.169.254.example.org/latest/meta-data/")


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch, operator: Callable[..., None]
) -> None:
    operator(smtp_relay_host="api.example.org")
    resolves(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    dialled = dials(monkeypatch)

    with http_client("trial") as client, pytest.raises(OutsideRefused, match="private network"):
        client.get("https://api.example.org/")
    assert dialled == []


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, operator: Callable[..., None]
) -> None:
    operator(smtp_relay_host="api.example.org")
    asked = resolves(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    dialled = dials(monkeypatch)

    with http_client("trial") as client, pytest.raises(httpx.ConnectError):
        client.get("https://api.example.org/")

    assert dialled == [("93.184.216.34", 443)]
    assert asked == ["api.example.org"]


def test_a_redirect_is_a_call_like_any_other(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))
    inside = {
        "http://169.254.169.254/latest/meta-data/": "is not a host of Trial",
        "https://evil.example.org/": "is not a host of Trial",
        "http://2130706433/": "is not a host name or address",
        "http://127.0.0.1:1/": "without encryption",
        "https://127.0.0.1:1/": "private network",
    }

    for place, sentence in inside.items():
        peer.answer = says(b"", 302, Location=place)
        with (
            http_client("trial") as client,
            pytest.raises(OutsideRefused, match=sentence),
        ):
            client.get(f"http://{peer.at}/", follow_redirects=True)


def test_redirects_end(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))
    peer.answer = says(b"", 302, Location="/again")

    with http_client("trial") as client, pytest.raises(httpx.TooManyRedirects):
        client.get(f"http://{peer.at}/", follow_redirects=True)
    assert peer.calls == egress.MOST_REDIRECTS + 1


def test_an_answer_without_end_is_cut_off(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))
    peer.answer = says(b"x" * 20_000)

    with http_client("trial", largest=10_000) as client, pytest.raises(OutsideRefused, match="too large"):
        client.get(f"http://{peer.at}/")


def test_a_packed_answer_is_refused(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))
    peer.answer = says(b"\x1f\x8b", Content_Encoding="gzip")

    with http_client("trial") as client, pytest.raises(OutsideRefused, match="packed answer"):
        client.get(f"http://{peer.at}/")


def test_a_trickle_is_cut_off(peer: Peer, operator: Callable[..., None]) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            return

    peer.answer = trickle
    with http_client("trial", timeout=0.3) as client, pytest.raises(OutsideRefused, match="took too long"):
        client.get(f"http://{peer.at}/")


def test_a_proxy_in_the_environment_is_not_used(
    peer: Peer, operator: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    with http_client("trial") as client:
        assert client.get(f"http://{peer.at}/").status_code == 200


# --- mail -------------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server() -> Iterator[Controller]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    yield server
    server.stop()


def test_mail_goes_to_the_operators_relay(mail_server: Controller, operator: Callable[..., None]) -> None:
    at = f"127.0.0.1:{mail_server.port}"
    operator(smtp_relay_host="127.0.0.1", egress_private_allowed=frozenset({at}))

    with smtp(OPERATOR_RELAY, "127.0.0.1", mail_server.port, security="none") as session:
        assert session.noop()[0] == 250
        assert session.local_hostname == "[127.0.0.1]"


def test_a_relay_without_encryption_is_told(mail_server: Controller, operator: Callable[..., None]) -> None:
    at = f"127.0.0.1:{mail_server.port}"
    operator(smtp_relay_host="127.0.0.1", egress_private_allowed=frozenset({at}))

    with pytest.raises(SMTPNotSupportedError):
        smtp(OPERATOR_RELAY, "127.0.0.1", mail_server.port)


def test_mail_is_refused_while_the_relay_is_off() -> None:
    with pytest.raises(OutsideRefused, match=r"is not turned on\. The operator can turn it on"):
        smtp(OPERATOR_RELAY, "127.0.0.1", 25)


def test_mail_is_refused_to_another_host(operator: Callable[..., None]) -> None:
    operator(smtp_relay_host="relay.example.org")

    with pytest.raises(OutsideRefused, match=r"other\.example\.org is not a host of"):
        smtp(OPERATOR_RELAY, "other.example.org", 25)


def test_a_mail_switch_scans_no_ports(operator: Callable[..., None]) -> None:
    operator(smtp_relay_host="relay.example.org")

    with pytest.raises(OutsideRefused, match="Port 6379 is not called"):
        smtp(OPERATOR_RELAY, "relay.example.org", 6379)


def test_mail_never_crosses_the_internet_in_the_clear(operator: Callable[..., None]) -> None:
    operator(smtp_relay_host="relay.example.org")

    with pytest.raises(OutsideRefused, match="Choose STARTTLS or TLS"):
        smtp(OPERATOR_RELAY, "relay.example.org", 25, security="none")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_relay_inside_a_network_is_refused(
    security: str, operator: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator(smtp_relay_host="relay.example.org")
    resolves(monkeypatch, ["10.0.0.25"])

    with pytest.raises(OutsideRefused, match=r"relay\.example\.org leads to 10\.0\.0\.25"):
        smtp(OPERATOR_RELAY, "relay.example.org", 587, security=security)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_relay_is_dialled_at_the_address_that_was_checked(
    security: str, operator: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator(smtp_relay_host="relay.example.org")
    asked = resolves(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    dialled = dials(monkeypatch)

    with pytest.raises(ConnectionRefusedError):
        smtp(OPERATOR_RELAY, "relay.example.org", 587, security=security)

    assert dialled == [("93.184.216.34", 587)]
    assert asked == ["relay.example.org"]


# --- SSH --------------------------------------------------------------------------------------------------


def test_an_ssh_server_is_called_where_it_was_allowed_and_nothing_is_said(
    peer: Peer, operator: Callable[..., None]
) -> None:
    operator(egress_private_allowed=frozenset({peer.at}))

    with ssh("trial", "127.0.0.1", peer.server_port) as connection:
        assert connection.getpeername() == ("127.0.0.1", peer.server_port)
    assert peer.calls == 0


def test_an_ssh_switch_scans_no_ports(operator: Callable[..., None]) -> None:
    operator(smtp_relay_host="sftp.example.org")

    for port in (80, 443, 3389, 5432):
        with pytest.raises(OutsideRefused, match="SSH servers are called at port 22, "):
            ssh("trial", "sftp.example.org", port)
        with pytest.raises(OutsideRefused, match="SSH servers are called at port 22, "):
            host_for_ssh("sftp.example.org", port)


def test_an_ssh_server_of_another_host_or_inside_a_network_is_refused(
    operator: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator(smtp_relay_host="sftp.example.org")
    resolves(monkeypatch, ["10.0.0.22"])

    with pytest.raises(OutsideRefused, match=r"other\.example\.org is not a host of Trial"):
        ssh("trial", "other.example.org", 22)
    with pytest.raises(OutsideRefused, match=r"sftp\.example\.org leads to 10\.0\.0\.22"):
        ssh("trial", "sftp.example.org", 22)
    with pytest.raises(OutsideRefused, match="private network"):
        host_for_ssh("10.0.0.22", 22)
    assert host_for_ssh("SFTP.Example.org.", 22) == "sftp.example.org"


# --- the other doors --------------------------------------------------------------------------------------

IN_A_PROCESS = """
import socket, sys, urllib.request
from app.core import egress, settings
settings.use_settings(settings.read_settings({
    "FRONTOFFICE_DEMO": "yes", "FRONTOFFICE_DATABASE_URL": "postgresql:///nowhere",
    "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=", "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
    "FRONTOFFICE_SMTP_RELAY_HOST": "127.0.0.1", "FRONTOFFICE_EGRESS_PRIVATE_ALLOWED": "127.0.0.1:PORT",
    "REDIS_URL": "redis://localhost:REDIS",
}))
egress.shut_other_doors()
egress.shut_other_doors(also={"127.0.0.1:OWN"})
def tried(what):
    try:
        what()
    except egress.OutsideRefused:
        return "refused"
    except OSError as error:
        return type(error).__name__
    return "connected"
def to(port):
    return lambda: socket.create_connection(("127.0.0.1", port), 1).close()
print("urllib", tried(lambda: urllib.request.urlopen("http://127.0.0.1:PORT/").close()))
print("socket", tried(to(PORT)))
print("asked", tried(lambda: socket.socket().connect_ex(("127.0.0.1", PORT))))
print("datagram", tried(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53))))
print("file", tried(lambda: socket.socket(socket.AF_UNIX).connect("/nowhere/at/all")))
print("redis", tried(to(REDIS)))
print("own", tried(to(OWN)))
relay = lambda: egress.smtp("operator_mail_relay", "127.0.0.1", PORT, security="none", timeout=1)
print("egress", tried(relay))
"""


def test_no_other_door_leads_out(mail_server: Controller, peer: Peer) -> None:
    """In a process of its own: an audit hook cannot be taken off again."""
    with socket.create_server(("127.0.0.1", 0)) as redis:
        program = (
            IN_A_PROCESS.replace("PORT", str(mail_server.port))
            .replace("REDIS}", "REDIS}")
            .replace("localhost:REDIS", f"localhost:{redis.getsockname()[1]}")
            .replace("to(REDIS)", f"to({redis.getsockname()[1]})")
            .replace("OWN", str(peer.server_port))
        )
        done = run(
            [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
        )

    assert done.stdout.split("\n")[:-1] == [
        "urllib refused",
        "socket refused",
        "asked refused",
        "datagram refused",
        "file FileNotFoundError",
        "redis connected",
        "own connected",
        "egress connected",
    ], done.stderr
    assert "refused a connection that did not come through egress" in done.stderr
