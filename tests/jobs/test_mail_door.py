"""The mail door: "250" after the commit; whoever cannot be served keeps the mail."""

import asyncio
import errno
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.core import across_districts, storage
from app.core.directory import (
    FRESH_FOR,
    district_by_inbound_address,
    forget_directory,
    lately_found_at,
)
from app.core.queue import Work
from app.core.tenancy import as_district
from app.helpdesk.actions import intake
from app.helpdesk.models.inbound_email import InboundEmail
from jobs import mail_door
from jobs.mail_door import MOST_CONNECTIONS, Door, Porter, deliver, open_door
from jobs.maildir import NobodyHere
from tests.jobs.conftest import set_state

RAW = b"From: bell@maple.example\r\nTo: help@maple.example\r\nMessage-ID: <one@maple.example>\r\n\r\nIt is dark.\r\n"
SENDER = "bell@maple.example"


@pytest.fixture
def open_at(app: Flask) -> Iterator[Callable[..., int]]:
    """A door in this process, on a free port."""
    closing: list[Callable[[], object]] = []

    def open_at(hand_over: Callable[..., None] = deliver, largest: int = 1_000_000) -> int:
        opened, ports = threading.Event(), []

        async def stand() -> None:
            server = await open_door(Porter(app, hand_over), 0, largest)
            closed = asyncio.Event()
            loop = asyncio.get_running_loop()
            closing.append(partial(loop.call_soon_threadsafe, closed.set))
            ports.append(server.sockets[0].getsockname()[1])
            opened.set()
            await closed.wait()
            server.close()
            await server.wait_closed()

        thread = threading.Thread(target=asyncio.run, args=(stand(),))
        thread.start()
        assert opened.wait(5)
        closing.append(thread.join)
        return int(ports[0])

    yield open_at
    for close in closing:
        close()


@contextmanager
def client(port: int) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as connection:
        connection.ehlo()
        yield connection


def stored() -> list[InboundEmail]:
    with across_districts.session() as across:
        found = list(across.scalars(select(InboundEmail).order_by(InboundEmail.id)))
        across.expunge_all()
    return found


ARGUMENTS = [
    "<bell@maple.example>",
    "<bell@maple.example> SIZE=1200 BODY=8BITMIME",
    "<bell@maple.example>SIZE=1200",
    "<bell+a.b_c=d@sub.maple.example>",
    "<>",
    "",
    "bell@maple.example",
    "bell@maple.example SIZE=3",
    '<"ms bell"@maple.example>',
    "<bell@[127.0.0.1]>",
    "<bell..c@maple.example>",
    "<.bell@maple.example>",
    "<bell@maple..example>",
    "<bell@maple>",
    "<@relay.example:bell@maple.example>",
    "<bell@maple.example",
    "<bell@maple.example> (a remark) SIZE=3",
    "<bell @maple.example>",
    "<b\xe9ll@maple.example> SMTPUTF8",
    "Bell <bell@maple.example>",
]


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_address_is_read_as_aiosmtpd_reads_it(argument: str) -> None:
    loop = asyncio.new_event_loop()
    try:
        door = Door(Porter(Flask("nobody")), 1000, loop)
        assert door._getaddr(argument) == SMTP._getaddr(door, argument)
    finally:
        loop.close()


def test_an_address_that_was_just_found_is_known_without_asking(
    maple: UUID, open_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_directory()
    assert lately_found_at("help@maple.example") is None
    with client(open_at()) as smtp:
        smtp.mail(SENDER)
        assert smtp.rcpt("help@maple.example")[0] == 250
        monkeypatch.setattr(mail_door, "district_by_inbound_address", None)
        assert smtp.rcpt("help+abc234@maple.example")[0] == 250
        assert smtp.rcpt("other@maple.example")[0] == 451, "it would have to be asked"


def test_what_was_found_is_remembered_for_a_few_seconds(maple: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    card = district_by_inbound_address("help@maple.example")
    assert card is not None
    assert lately_found_at("HELP+abc234@maple.example") == card
    now = time.monotonic()

    monkeypatch.setattr(time, "monotonic", lambda: now + FRESH_FOR)

    assert lately_found_at("help@maple.example") is None


class TestStoring:
    def test_a_mail_is_committed_with_its_work_and_as_it_came(self, maple: UUID, open_at: Any) -> None:
        raw = RAW.replace(b"It is dark.", b".A dot, \xff\x00 and \xc3\xa9.")
        with client(open_at()) as smtp:
            refused = smtp.sendmail(SENDER, ["help@maple.example"], raw)

        assert refused == {}
        (email,) = stored()
        assert (email.district_id, email.mailbox, email.envelope_from) == (
            maple,
            "help@maple.example",
            SENDER,
        )
        with as_district(maple), storage.open(email.storage_key) as file:
            assert file.read() == raw
        with across_districts.session() as across:
            (work,) = across.execute(select(Work.job, Work.subject_id, Work.queue))
        assert tuple(work) == ("jobs.helpdesk.take_in", email.id, "intake")

    def test_250_is_not_said_before_it_is_committed(self, app: Flask, maple: UUID, open_at: Any) -> None:
        may_commit, seen = threading.Event(), []

        def slow(*mail: Any) -> None:
            assert may_commit.wait(10)
            deliver(*mail)

        with client(open_at(slow)) as smtp:

            def send() -> None:
                smtp.sendmail(SENDER, ["help@maple.example"], RAW)
                with app.app_context():
                    seen.extend(stored())

            thread = threading.Thread(target=send)
            thread.start()
            thread.join(0.7)
            assert thread.is_alive(), "it was answered before it was stored"
            may_commit.set()
            thread.join(10)

        assert len(seen) == 1, "at the moment of the answer it is there for all to see"

    def test_a_mail_for_two_districts_is_stored_in_each(self, maple: UUID, birch: UUID, open_at: Any) -> None:
        with client(open_at()) as smtp:
            smtp.sendmail(SENDER, ["help@maple.example", "help@birch.example"], RAW)

        assert [email.district_id for email in stored()] == [maple, birch]

    def test_two_addresses_of_one_district_are_one_mail(self, maple: UUID, open_at: Any) -> None:
        with client(open_at()) as smtp:
            smtp.sendmail(SENDER, ["help+abc234@maple.example", "HELP@Maple.example"], RAW)

        (email,) = stored()
        assert email.mailbox == "help@maple.example"
        assert email.envelope_to == "help+abc234@maple.example, HELP@Maple.example"

    def test_the_same_mail_again_is_the_same_mail(self, maple: UUID, open_at: Any) -> None:
        port = open_at()
        for _ in range(2):
            with client(port) as smtp:
                smtp.sendmail(SENDER, ["help@maple.example"], RAW)

        assert len(stored()) == 1

    def test_a_mail_half_stored_is_stored_wholly_by_the_next_try(
        self, maple: UUID, birch: UUID, open_at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, tries = intake.store, []

        def fail_at_birch(card: Any, **mail: Any) -> Any:
            tries.append(card.slug)
            if tries == ["maple", "birch"]:
                raise OperationalError("insert", {}, Exception("the server closed the connection"))
            return store(card, **mail)

        monkeypatch.setattr(intake, "store", fail_at_birch)
        port, everybody = open_at(), ["help@maple.example", "help@birch.example"]
        with client(port) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail(SENDER, everybody, RAW)
        assert refused.value.smtp_code == 451
        with client(port) as smtp:
            smtp.sendmail(SENDER, everybody, RAW)

        assert sorted(str(email.district_id) for email in stored()) == sorted([str(maple), str(birch)])

    def test_a_line_longer_than_the_law_allows_is_taken(self, maple: UUID, open_at: Any) -> None:
        with client(open_at()) as smtp:
            smtp.sendmail(SENDER, ["help@maple.example"], RAW + b"x" * 500_000 + b"\r\n")

        assert stored()[0].size > 500_000


class TestRefusing:
    @pytest.mark.parametrize(
        "address",
        ["help@elm.example", "nobody@maple.example", "help@maple.example.net", "help", "ｈelp@maple.example"],
    )
    def test_550_for_an_address_that_no_desk_has(self, maple: UUID, open_at: Any, address: str) -> None:
        with client(open_at()) as smtp:
            smtp.mail(SENDER, ["SMTPUTF8"])
            assert smtp.docmd("RCPT", f"TO:<{address}>".encode().decode("latin-1"))[0] in (550, 500, 501, 553)

        assert stored() == []

    def test_550_says_what_to_do(self, maple: UUID, open_at: Any) -> None:
        with client(open_at()) as smtp:
            smtp.mail(SENDER)
            assert smtp.rcpt("nobody@maple.example") == (550, mail_door.UNKNOWN[4:].encode())

    def test_a_stranger_among_the_recipients_does_not_harm_the_others(
        self, maple: UUID, open_at: Any
    ) -> None:
        with client(open_at()) as smtp:
            refused = smtp.sendmail(SENDER, ["nobody@maple.example", "help@maple.example"], RAW)

        assert list(refused) == ["nobody@maple.example"]
        assert len(stored()) == 1

    @pytest.mark.parametrize("state", ["closing", "gone"])
    def test_550_for_a_district_that_is_closing(self, maple: UUID, open_at: Any, state: str) -> None:
        set_state(maple, state)
        with client(open_at()) as smtp:
            smtp.mail(SENDER)
            assert smtp.rcpt("help@maple.example")[0] == 550

    def test_552_for_a_mail_that_says_it_is_too_large(self, maple: UUID, open_at: Any) -> None:
        with client(open_at(largest=5_000)) as smtp:
            assert smtp.mail(SENDER, ["SIZE=5001"])[0] == 552

    def test_552_for_a_mail_that_turns_out_too_large(self, maple: UUID, open_at: Any) -> None:
        with client(open_at(largest=5_000)) as smtp:
            smtp.mail(SENDER)
            smtp.rcpt("help@maple.example")
            assert smtp.data(RAW + b"word\r\n" * 1_000)[0] == 552
            assert smtp.noop()[0] == 250, "the connection goes on"

        assert stored() == []

    @pytest.mark.parametrize(
        "fault",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            storage.StorageFull(),
            OperationalError("insert", {}, Exception("no connection")),
            ValueError("something unforeseen about Nora Bell"),
        ],
    )
    def test_451_while_it_cannot_be_stored(
        self, maple: UUID, open_at: Any, fault: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        faults = [fault]

        def fail_once(*mail: Any) -> None:
            if faults:
                raise faults.pop()
            deliver(*mail)

        with client(open_at(fail_once)) as smtp:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                smtp.sendmail(SENDER, ["help@maple.example"], RAW)
            assert refused.value.smtp_code == 451
            assert refused.value.smtp_error == mail_door.TRY_AGAIN[4:].encode()
            assert stored() == []
            smtp.sendmail(SENDER, ["help@maple.example"], RAW)

        assert len(stored()) == 1
        assert "Bell" not in caplog.text

    def test_451_while_the_address_cannot_be_looked_up(
        self, maple: UUID, open_at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_address: str) -> None:
            raise OperationalError("select", {}, Exception("no connection"))

        monkeypatch.setattr(mail_door, "district_by_inbound_address", away)
        with client(open_at()) as smtp:
            smtp.mail(SENDER)
            assert smtp.rcpt("help@maple.example")[0] == 451

    def test_550_if_the_desk_goes_between_address_and_mail(self, maple: UUID, open_at: Any) -> None:
        def gone(*_mail: Any) -> None:
            raise NobodyHere

        with client(open_at(gone)) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail(SENDER, ["help@maple.example"], RAW)

        assert refused.value.smtp_code == 550

    def test_421_for_one_connection_too_many(self, maple: UUID, open_at: Any) -> None:
        port = open_at()
        within = [smtplib.SMTP("127.0.0.1", port, timeout=10) for _ in range(MOST_CONNECTIONS)]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as outside:
            assert outside.makefile("rb").readline().startswith(b"421 4.3.2")

        within.pop().quit()
        with client(port) as smtp:
            smtp.sendmail(SENDER, ["help@maple.example"], RAW)
        for connection in within:
            connection.quit()

    def test_no_more_recipients_than_a_hundred(self, maple: UUID, open_at: Any) -> None:
        with client(open_at()) as smtp:
            smtp.mail(SENDER)
            answers = [smtp.rcpt(f"help+{n}@maple.example")[0] for n in range(102)]

        assert answers == [250] * 100 + [452] * 2
