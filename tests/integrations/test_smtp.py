"""What each answer of a mail server means for the mail."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core import egress
from app.core.mail_driver import OutcomeUnknown
from app.core.queue import PermanentFailure, TryAgain
from app.integrations.mailbox.smtp import SmtpDoor
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, PASSWORD, USER, Peer

ENVELOPE = "bounce+abc@maple.example"
BELL, ORTIZ, GONE, SLOW = (f"{name}@maple.example" for name in ("bell", "ortiz", "gone", "slow"))
RAW = b"Subject: x\r\n\r\nHello\r\n"

Serve = Callable[..., int]
DoorTo = Callable[..., SmtpDoor]


def test_the_envelope_is_ours(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    door_to(serve()).send(RAW, ENVELOPE, [BELL])

    assert peer.got == [(ENVELOPE, [BELL], RAW)]


def test_a_refused_address_has_failed(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    peer.answers_rcpt[GONE] = "550 5.1.1 No such user gone@maple.example here"

    with pytest.raises(PermanentFailure) as failure:
        door_to(serve()).send(RAW, ENVELOPE, [GONE])

    assert failure.value.sentence == "The mail server refused the recipient's address (550 5.1.1)."
    assert peer.got == []


def test_a_busy_server_is_tried_again(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    peer.answers_rcpt[SLOW] = "451 4.7.1 Greylisted, come back"

    with pytest.raises(TryAgain, match=r"\(451 4\.7\.1\)"):
        door_to(serve()).send(RAW, ENVELOPE, [SLOW])


def test_a_partial_refusal_is_told_and_not_swallowed(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    peer.answers_rcpt = {GONE: "550 5.1.1 No", SLOW: "451 4.7.1 Later"}

    delivered = door_to(serve()).send(RAW, ENVELOPE, [BELL, GONE, SLOW])

    assert delivered.accepted == (BELL,)
    assert set(delivered.refused) == {GONE, SLOW}
    assert "(451 4.7.1)" in delivered.refused[SLOW]


def test_if_one_of_all_refused_may_come_right_it_is_tried_again(
    peer: Peer, serve: Serve, door_to: DoorTo
) -> None:
    peer.answers_rcpt = {GONE: "550 5.1.1 No", SLOW: "451 4.7.1 Later"}

    with pytest.raises(TryAgain):
        door_to(serve()).send(RAW, ENVELOPE, [GONE, SLOW])


@pytest.mark.parametrize(
    ("answer", "outcome"), [("554 5.7.1 Spam", PermanentFailure), ("452 4.3.1 Disk full", TryAgain)]
)
def test_what_is_said_after_the_dot_counts(
    peer: Peer, serve: Serve, door_to: DoorTo, answer: str, outcome: type[Exception]
) -> None:
    peer.answers_data = answer

    with pytest.raises(outcome):
        door_to(serve()).send(RAW, ENVELOPE, [BELL])


@pytest.mark.parametrize(
    ("answer", "outcome"), [("553 5.1.8 Not you", PermanentFailure), ("421 4.3.2 Closing", TryAgain)]
)
def test_a_refused_sender(
    peer: Peer, serve: Serve, door_to: DoorTo, answer: str, outcome: type[Exception]
) -> None:
    peer.answers_mail = answer

    with pytest.raises(outcome):
        door_to(serve()).send(RAW, ENVELOPE, [BELL])


def test_a_mail_larger_than_the_server_takes_has_failed(serve: Serve, door_to: DoorTo) -> None:
    with pytest.raises(PermanentFailure):
        door_to(serve(data_size_limit=1000)).send(b"Subject: x\r\n\r\n" + b"y" * 5000, ENVELOPE, [BELL])


@pytest.mark.parametrize("fault", ["silent_after_data", "hangs_up_after_data"])
def test_silence_after_the_dot_means_that_nobody_knows(
    peer: Peer, serve: Serve, door_to: DoorTo, fault: str
) -> None:
    setattr(peer, fault, True)

    with pytest.raises(OutcomeUnknown) as doubt:
        door_to(serve(), patience=0.5).send(RAW, ENVELOPE, [BELL])

    assert "nobody knows" in doubt.value.sentence
    assert len(peer.got) == 1  # it did arrive


def test_who_holds_back_the_dot_holds_back_the_mail(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    began = time.monotonic()
    with pytest.raises(Stop):
        door_to(serve()).send(RAW, ENVELOPE, [BELL], stop)

    assert time.monotonic() - began < 5, "it does not wait for an answer to what was never ended"
    door_to(serve()).send(RAW, ENVELOPE, [BELL])
    assert len(peer.got) == 1


def test_a_dead_server_is_tried_again(door_to: DoorTo) -> None:
    with socket.create_server((HOST, 0)) as nobody:
        port = nobody.getsockname()[1]

    with pytest.raises(TryAgain, match="does not answer"):
        door_to(port).send(RAW, ENVELOPE, [BELL])


@pytest.fixture
def scripted() -> Iterator[Callable[[list[bytes]], int]]:
    """A server that says these lines, one after each of ours, and then hangs up."""
    listening = []

    def start(lines: list[bytes]) -> int:
        server = socket.create_server((HOST, 0))
        listening.append(server)

        def speak() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as heard:
                for line in lines:
                    connection.sendall(line + b"\r\n")
                    heard.readline()

        threading.Thread(target=speak, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in listening:
        server.close()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"220 hello"],
        [b"220 hello", b"250 fine"],
        [b"220 hello", b"250 fine", b"250 fine"],
        [b"220 hello", b"250 fine", b"250 fine", b"250 fine"],
        [b"554 go away"],
        [b"not SMTP at all"],
    ],
    ids=len,
)
def test_until_the_dot_a_lost_connection_means_that_nobody_has_it(
    scripted: Callable[[list[bytes]], int], door_to: DoorTo, lines: list[bytes]
) -> None:
    with pytest.raises(TryAgain):
        door_to(scripted(lines), patience=2).send(RAW, ENVELOPE, [BELL])


def test_a_server_that_is_switched_off_is_not_called(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    allowed = door_to(serve())
    other = SmtpDoor(allowed.service, "mail.elsewhere.example", 587, "starttls")

    with pytest.raises(TryAgain, match="not a host of"):
        other.send(RAW, ENVELOPE, [BELL])


# --- encryption and sign-in -------------------------------------------------------------------------------


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The server's context; egress trusts its certificate."""
    server, client = mail_server.certificate(tmp_path)
    monkeypatch.setattr(egress, "_trusted", lambda: client)
    return server


def secure(trusted: object, **more: object) -> dict[str, object]:
    return {
        "tls_context": trusted,
        "require_starttls": True,
        "authenticator": mail_server.check_password,
        "auth_required": True,
        **more,
    }


def test_it_signs_in_over_starttls(peer: Peer, serve: Serve, door_to: DoorTo, trusted: object) -> None:
    door = door_to(serve(**secure(trusted)), security="starttls", username=USER, password=PASSWORD)

    door.send(RAW, ENVELOPE, [BELL])
    assert peer.encrypted == [True]


def test_it_speaks_tls_from_the_first_byte(
    peer: Peer, serve: Serve, door_to: DoorTo, trusted: object
) -> None:
    door_to(serve(ssl_context=trusted), security="tls").send(RAW, ENVELOPE, [BELL])

    assert len(peer.got) == 1


def test_a_wrong_password_is_no_fault_of_the_mail(serve: Serve, door_to: DoorTo, trusted: object) -> None:
    door = door_to(serve(**secure(trusted)), security="starttls", username=USER, password="wrong")

    with pytest.raises(TryAgain, match="user name and password"):
        door.send(RAW, ENVELOPE, [BELL])


def test_a_server_without_starttls_gets_nothing(
    peer: Peer, serve: Serve, door_to: DoorTo, trusted: object
) -> None:
    with pytest.raises(TryAgain, match="no encryption"):
        door_to(serve(), security="starttls").send(RAW, ENVELOPE, [BELL])

    assert peer.got == []


def test_a_certificate_of_somebody_else_gets_nothing(
    peer: Peer, serve: Serve, door_to: DoorTo, tmp_path: Path
) -> None:
    server, _ = mail_server.certificate(tmp_path)

    with pytest.raises(TryAgain):
        door_to(serve(**secure(server)), security="starttls", username=USER, password=PASSWORD).send(
            RAW, ENVELOPE, [BELL]
        )

    assert peer.got == []


def test_a_password_never_travels_in_the_clear(peer: Peer, serve: Serve, door_to: DoorTo) -> None:
    door = door_to(serve(), security="none", username=USER, password=PASSWORD)

    with pytest.raises(TryAgain, match="no sign-in"):
        door.send(RAW, ENVELOPE, [BELL])


def test_neither_password_nor_address_nor_the_servers_words_are_logged(
    peer: Peer, serve: Serve, door_to: DoorTo, trusted: object, caplog: pytest.LogCaptureFixture
) -> None:
    peer.answers_rcpt[GONE] = "550 5.1.1 gone@maple.example lives elsewhere"
    door = door_to(serve(**secure(trusted)), security="starttls", username=USER, password=PASSWORD)

    with caplog.at_level("INFO", logger="app"), pytest.raises(PermanentFailure):
        door.send(RAW, ENVELOPE, [GONE])

    ours = [one.getMessage() for one in caplog.records if one.name.startswith("app.")]
    assert ours == ["mail server answered 550 5.1.1"]
    assert PASSWORD not in repr(door)
