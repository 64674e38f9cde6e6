"""One contract, kept by every mail driver: a folder of this machine, and a real SMTP server."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.mail_driver import Delivered, Driver
from app.core.queue import PermanentFailure, TryAgain
from app.integrations.mailbox.maildir import Maildir
from app.integrations.mailbox.smtp import SmtpDoor
from tests.integrations.mail_server import Peer

ENVELOPE = "bounce+abc@maple.example"
BELL = "bell@maple.example"
RAW = b"From: help@maple.example\r\nSubject: x\r\n\r\nHello\r\n"


@dataclass
class Kept:
    """A driver, what reached the other side, and the same driver with nobody there."""

    driver: Driver
    arrived: Callable[[], list[bytes]]
    to_nobody: Driver


@pytest.fixture(params=["maildir", "smtp"])
def kept(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    peer: Peer,
    serve: Callable[..., int],
    door_to: Callable[..., SmtpDoor],
) -> Kept:
    if request.param == "maildir":
        (tmp_path / "file").write_text("in the way")
        box = Maildir(tmp_path / "box")
        return Kept(box, lambda: [path.read_bytes() for path in box.waiting()], Maildir(tmp_path / "file"))
    closed = door_to(1)
    return Kept(door_to(serve()), lambda: [raw for _, _, raw in peer.got], closed)


def test_a_mail_arrives_as_it_was(kept: Kept) -> None:
    delivered = kept.driver.send(RAW, ENVELOPE, [BELL])

    assert delivered == Delivered(accepted=(BELL,))
    (arrived,) = kept.arrived()
    assert arrived.endswith(RAW)


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n",
        b"..\r\n.hidden\r\n",
        b"before\r\n.\r\nMAIL FROM:<x@y>\r\n",
        b"x" * 990 + b"\r\n",
        b"From the start\r\n",
    ],
)
def test_no_body_ends_the_mail_early(kept: Kept, body: bytes) -> None:
    raw = b"Subject: x\r\n\r\n" + body

    kept.driver.send(raw, ENVELOPE, [BELL])
    (arrived,) = kept.arrived()
    assert arrived.endswith(raw)


def test_two_mails_are_two(kept: Kept) -> None:
    kept.driver.send(RAW, ENVELOPE, [BELL])
    kept.driver.send(RAW, ENVELOPE, [BELL])

    assert len(kept.arrived()) == 2


def test_several_recipients_are_all_told_of(kept: Kept) -> None:
    both = (BELL, "ortiz@maple.example")

    assert kept.driver.send(RAW, ENVELOPE, both).accepted == both


@pytest.mark.parametrize(
    "address",
    [
        "bell@maple.example\r\nRCPT TO:<x@y.example>",
        "",
        "bell",
        "bëll@maple.example",
        "a b@c.example",
        "<a@b.example>",
    ],
)
def test_an_address_that_is_none_can_never_be_sent_to(kept: Kept, address: str) -> None:
    with pytest.raises(PermanentFailure):
        kept.driver.send(RAW, ENVELOPE, [address])

    assert kept.arrived() == []


def test_while_nobody_is_there_it_is_to_be_tried_again(kept: Kept) -> None:
    with pytest.raises(TryAgain) as wish:
        kept.to_nobody.send(RAW, ENVELOPE, [BELL])

    assert wish.value.sentence.endswith(".")
