"""A help desk with real neighbours, each of which can fail: mail server, mail door, PostgreSQL, Redis, disk."""

import asyncio
import smtplib
import threading
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.tenancy import as_district
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.notices.actions import delivery
from app.notices.models.message import HOLDS_FOR, Message, State
from jobs import sweeper
from jobs.mail_door import Porter, deliver, open_door
from tests.cluster import CARELESS, TestDatabase
from tests.helpdesk.desk import ask
from tests.integrations.mail_server import Peer
from tests.page_client import Page, PageClient
from tests.world import World

RAW = (
    b"From: bell@maple.example\r\nTo: help@maple.example\r\nMessage-ID: <one@maple.example>\r\n"
    b"Subject: The projector is dark\r\n\r\nSince the assembly.\r\n"
)
LOG = b"\n".join(b"%d lines of a log" % nth for nth in range(4_000))
#: Past every pause, lease and claim.
LATER = max(HOLDS_FOR, timedelta(minutes=10)) + timedelta(minutes=1)


class FrontOffice:
    """What people and servers do at Maple's desk, told in the words that come back."""

    def __init__(self, app: Flask, world: World, peer: Peer, database: TestDatabase, folder: Path) -> None:
        self.app, self.world, self.peer, self.database, self.folder = app, world, peer, database, folder
        self.asker = PageClient(app).sign_in(world.bell)
        self.technician = PageClient(app).sign_in(world.tess)
        self.admin = PageClient(app).sign_in(world.adams)
        self._paper = self.asker.get("/maple/requests/new", status=200)
        self._asked = ask(app, world.bell, "The printer is out of paper")
        self._sheet = self.technician.get(f"/maple/tickets/{self._asked}", status=200)
        self._close_door, self._port = _open(app)

    def close(self) -> None:
        """Shut the mail door."""
        self._close_door()

    def mail_comes_in(self) -> str:
        """Ms Bell's mail server hands over her mail: what it is told. The same mail, however often."""
        with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail("bell@maple.example")
            code, words = smtp.rcpt("help@maple.example")
            if code == 250:
                code, words = smtp.data(RAW)
        return f"Her mail server is told: {code} {words.decode()}"

    def somebody_asks(self) -> str:
        """Ms Bell sends the form that lies before her, with a file: what she reads. The same form, however often."""
        files = {"files": (BytesIO(LOG), "printer.log")}
        return _read(
            self.asker,
            self.asker.submit(
                self._paper, "/requests", title="The scanner hums", text="Loudly.", urgency="normal", **files
            ),
        )

    def desk_answers(self) -> str:
        """Tess answers Ms Bell: what Tess reads, and then the admin in the mail log. The same form, however often."""
        action = f"/tickets/{self._asked}/replies"
        return _read(self.technician, self.technician.submit(self._sheet, action, text="It is on its way."))

    def work(self, after: timedelta = timedelta(0)) -> None:
        """What worker and sweeper do, then or later."""
        at = clock.now() + after
        with self.app.app_context(), clock.frozen(at):
            for _ in range(10):
                if sweeper.sweep(Event()):
                    break
            with as_district(self.world.maple.id):
                if delivery.send_what_is_due():
                    db.session.commit()

    def mail_log(self) -> str:
        """What the mail log says of the newest answer, as an admin reads it."""
        with self.app.app_context(), as_district(self.world.maple.id):
            newest = (
                select(Message).where(Message.kind == "ticket_reply").order_by(Message.id.desc()).limit(1)
            )
            message = db.session.scalar(newest)
            if message is None:
                return "nothing"
            reason = message.reason
        page = self.admin.get("/maple/mail-log", status=200)
        assert reason in page.text
        return reason or "Sent"

    def answers_on_the_way(self) -> UUID:
        """The id of the only answer that waits to leave."""
        (message_id,) = self._messages(State.QUEUED)
        return message_id

    def reason_of(self, message_id: UUID) -> str:
        """Why a message has not left."""
        with self.app.app_context(), as_district(self.world.maple.id):
            return db.session.get_one(Message, message_id).reason

    def send_again(self) -> None:
        """The admin presses “Send again” at every answer that offers it."""
        for message_id in self._messages(State.FAILED, State.UNSURE):
            self.admin.post(f"/maple/mail-log/{message_id}/again", status=303)

    def counted(self) -> dict[str, Any]:
        """How many there are of each, so that nothing is lost or doubled."""
        with self.app.app_context(), as_district(self.world.maple.id):
            tickets = list(db.session.scalars(select(Ticket.title)))
            mails = db.session.scalars(select(InboundEmail.state)).all()
        return {
            "by mail": tickets.count("The projector is dark"),
            "by form": tickets.count("The scanner hums"),
            "mails": len(mails),
            "answers that arrived": sum(b"It is on its way." in raw for _, _, raw in self.peer.got),
        }

    def stop_postgresql(self) -> None:
        self.database.server.end()

    def start_postgresql(self) -> None:
        server = self.database.cluster.server(self.database.folder / "postgres.log", **CARELESS)
        server.start()
        self.database.server = server
        self.database.cluster.wait(server)

    def _messages(self, *states: State) -> list[UUID]:
        with self.app.app_context(), as_district(self.world.maple.id):
            return list(db.session.scalars(select(Message.id).where(Message.state.in_(states))))


def _read(client: PageClient, page: Page) -> str:
    """The sentence that the person reads first: an error page's, a refusal above the form, or that it is done."""
    if page.status == 303:
        return " ".join(one.text for one in client.follow(page).all(role="status") if one.text)
    if page.status == 422:
        return " ".join(dict.fromkeys(one.text for one in page.all(role="alert") if one.text))
    said = [one.text for one in page.all("p") if one.within("main") and not one.text.isdigit()]
    return " – ".join([page.h1, *said[:1]])


def _open(app: Flask) -> tuple[Any, int]:
    opened, found = threading.Event(), []

    async def stand() -> None:
        server = await open_door(Porter(app, deliver), 0, 1_000_000)
        closed = asyncio.Event()
        loop = asyncio.get_running_loop()
        found.append((partial(loop.call_soon_threadsafe, closed.set), server.sockets[0].getsockname()[1]))
        opened.set()
        await closed.wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=asyncio.run, args=(stand(),))
    thread.start()
    assert opened.wait(30)
    shut, port = found[0]

    def close() -> None:
        shut()
        thread.join()

    return close, port
