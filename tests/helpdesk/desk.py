"""What the tests of the help desk do again and again: ask, look, write a mail."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from flask import Flask
from PIL import Image
from sqlalchemy import delete, select

from app.core.actor import acting_as
from app.core.db import db
from app.core.directory import district_by_id
from app.core.queue import Work
from app.core.tenancy import as_district
from app.helpdesk.actions import intake, opening, replying
from app.helpdesk.actions.opening import Words
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket
from app.notices.models.mail_setting import MailSetting
from app.notices.models.message import Message
from app.roster.models.person import Person
from tests.world import Place, Player, World


@contextmanager
def at(app: Flask, place: Place) -> Iterator[None]:
    """Within a district, with a session of its own."""
    with app.app_context(), as_district(place.id):
        yield


def ask(app: Flask, who: Player, title: str = "The projector is green", **words: Any) -> int:
    """A request from the form; its number."""
    with at(app, who.district):
        account = who.account()
        with acting_as(account):
            requester = db.session.get_one(Person, who.person_id)
            ticket = opening.open_ticket(
                Words(title=title, text=words.pop("text", "Since this morning."), **words),
                requester=requester,
                by=account,
            )
            number = ticket.number
            db.session.commit()
    return number


def ticket_of(number: int) -> Ticket:
    """The ticket of that number, in the district that is open."""
    ticket = Ticket.find(number)
    assert ticket is not None
    return ticket


def replies_of(number: int) -> list[Reply]:
    """Its replies and notes, the oldest first."""
    return list(
        db.session.scalars(
            select(Reply).where(Reply.ticket_id == ticket_of(number).id).order_by(Reply.version)
        )
    )


def messages() -> list[Message]:
    """Everything that was to leave, the oldest first."""
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def written(
    sender: str,
    subject: str = "The projector is green",
    text: str = "Since this morning.",
    *,
    to: str = "help@maple.example",
    message_id: str | None = "<first@maple.example>",
    html: str | None = None,
    files: tuple[tuple[str, str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """A mail as its writer's program sends it. Headers in Python's spelling: in_reply_to."""
    # Ids are longer than a line, and the library would encode them.
    mail = EmailMessage(policy=policy.default.clone(max_line_length=2000))
    if sender:
        mail["From"] = sender
    mail["To"], mail["Subject"] = to, subject
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, kind, data in files:
        main, _, sub = kind.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()


def comes_in(
    app: Flask,
    place: Place,
    raw: bytes,
    *,
    to: str | None = None,
    mailbox: str | None = None,
    envelope_from: str = "someone@example.org",
    receive: bool = True,
    acknowledge: bool = True,
) -> UUID:
    """The mail is stored at the door and, as the job does it, filed. Its id."""
    with at(app, place):
        card = district_by_id(place.id)
        assert card is not None
        email_id = intake.store(
            card,
            mailbox=mailbox or place.desk,
            provider_id=None,
            envelope_from=envelope_from,
            envelope_to=to or place.desk,
            raw=raw,
        )
        if receive:
            intake.receive(email_id)
            db.session.commit()
            if acknowledge:
                answer_what_waits()
    return email_id


def answer_what_waits() -> None:
    """Write the receipts that this district owes, as the job does it."""
    owed = delete(Work).where(Work.job == "jobs.helpdesk.acknowledge").returning(Work.subject_id)
    for email_id in db.session.scalars(owed, execution_options={"synchronize_session": False}).all():
        assert email_id is not None
        intake.acknowledge(email_id)
    db.session.commit()


def mail_of(email_id: UUID) -> InboundEmail:
    """A stored mail, in the district that is open."""
    return db.session.get_one(InboundEmail, email_id)


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    return out.getvalue()


def vouch_for(app: Flask, world: World) -> str:
    """Maple's own mail server signs what it has checked; the header with which it does."""
    with at(app, world.maple):
        db.session.add(MailSetting(driver="maildir", authserv_id="mx.maple.example"))
        db.session.commit()
    return "mx.maple.example; dmarc=pass header.from=maple.example"


def answered_by_desk(
    app: Flask, world: World, number: int, text: str = "Try the other cable.", then: str = "wait"
) -> str:
    """Tess answers; the Message-ID of the mail to the requester."""
    with at(app, world.maple):
        replying.answer_from_desk(ticket_of(number), Answer(text=text), by=world.tess.account(), then=then)
        db.session.commit()
        message_id = messages()[-1].message_id
        assert message_id is not None
        return message_id
