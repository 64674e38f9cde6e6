"""Mail of the desk that comes back: found again by its envelope, shown to technicians, and nothing more is lost."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.ticket import Ticket
from app.notices.actions import compose, returns
from app.notices.models.message import Message, State
from app.notices.models.muted_address import MutedAddress
from tests.helpdesk.desk import (
    answered_by_desk,
    ask,
    at,
    comes_in,
    mail_of,
    messages,
    replies_of,
    ticket_of,
    written,
)
from tests.page_client import PageClient
from tests.world import World


def report(
    to: str, *, action: str = "failed", status: str = "5.1.1", about: str = "<other@x>", nth: int = 1
) -> bytes:
    return (
        f"Return-Path: <>\r\nFrom: Mail Delivery <mailer-daemon@mx.example>\r\nTo: {to}\r\n"
        f"Subject: Undeliverable\r\nMessage-ID: <report-{nth}@mx.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="zz"\r\n\r\n'
        "--zz\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--zz\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; bell@maple.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--zz\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\nSubject: Hi\r\n\r\n--zz--\r\n"
    ).encode()


def comes_back(app: Flask, world: World, to: str, raw: bytes | None = None, **how: Any) -> UUID:
    """A report arrives as mail servers send it: without a sender, at the address it goes to."""
    raw = raw if raw is not None else report(to, **how)
    return comes_in(app, world.maple, raw, to=to, mailbox=world.maple.bounces, envelope_from="")


@pytest.fixture
def number(app: Flask, world: World) -> int:
    """A ticket of Ms Bell's in which Tess has answered; the answer has left."""
    number = ask(app, world.bell)
    answered_by_desk(app, world, number)
    with at(app, world.maple):
        messages()[-1].has_left()
        db.session.commit()
    return number


def last(app: Flask, world: World) -> Message:
    with at(app, world.maple):
        message = messages()[-1]
        db.session.expunge(message)
        return message


def receipt(app: Flask, world: World) -> Message:
    """Something automatic to Ms Bell."""
    with at(app, world.maple):
        told = {"number": 1001, "title": "The projector"}
        message = compose.email("ticket_received", world.bell.email, world.bell.person_id, told)
        db.session.commit()
        db.session.refresh(message)
        db.session.expunge(message)
        return message


def test_a_permanent_failure_is_marked_told_and_mutes(app: Flask, world: World, number: int) -> None:
    email_id = comes_back(app, world, last(app, world).envelope_from)

    with at(app, world.maple):
        message = messages()[-1]
        assert message.state == State.BOUNCED
        assert message.reason == "It came back: the mailbox does not exist (5.1.1)."
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "report")
        muted = db.session.scalars(select(MutedAddress)).one()
        assert muted.address == world.bell.email
        assert timedelta(days=59) < muted.until - clock.now() <= timedelta(days=60)
        assert db.session.scalar(select(func.count(Ticket.id))) == 1
        assert ticket_of(number).state == "waiting"


def test_the_ticket_tells_technicians_and_not_the_requester(
    app: Flask, client: PageClient, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)

    desks = client.sign_in(world.tess).get(f"/maple/tickets/{number}", status=200)
    own = client.sign_out().sign_in(world.bell).get(f"/maple/requests/{number}", status=200)

    assert "did not reach Nora Bell: the mailbox does not exist" in desks.text
    assert "did not reach" not in own.text


def test_what_is_automatic_waits_and_what_a_technician_writes_does_not(
    app: Flask, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)

    held = receipt(app, world)
    answered_by_desk(app, world, number, text="Are you there?")

    assert held.state == State.FAILED
    assert "the mailbox does not exist" in held.reason
    assert last(app, world).state == State.QUEUED


def test_after_sixty_days_it_is_written_to_again(app: Flask, world: World, number: int) -> None:
    comes_back(app, world, last(app, world).envelope_from)

    with clock.frozen(clock.now() + timedelta(days=61)):
        assert receipt(app, world).state == State.QUEUED
        with at(app, world.maple):
            assert returns.forget_what_is_over() == 1


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delayed", "4.2.2")])
def test_a_delay_is_noted_and_no_more(
    app: Flask, world: World, number: int, action: str, status: str
) -> None:
    comes_back(app, world, last(app, world).envelope_from, action=action, status=status)

    message = last(app, world)
    assert message.state == State.SENT
    assert message.reason.startswith("Not delivered yet: ")
    assert receipt(app, world).state == State.QUEUED


def test_a_temporary_trouble_that_lasted_too_long_mutes_nobody(app: Flask, world: World, number: int) -> None:
    comes_back(app, world, last(app, world).envelope_from, action="failed", status="4.4.7")

    assert last(app, world).state == State.BOUNCED
    assert receipt(app, world).state == State.QUEUED


def test_that_it_arrived_changes_nothing(app: Flask, world: World, number: int) -> None:
    comes_back(app, world, last(app, world).envelope_from, action="delivered", status="2.0.0")

    assert (last(app, world).state, last(app, world).reason) == (State.SENT, "")


def forged(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"


@pytest.mark.parametrize("how", ["forged", "missing"])
def test_a_report_without_our_code_opens_and_changes_nothing(
    app: Flask, world: World, number: int, how: str
) -> None:
    to = forged(last(app, world).envelope_from) if how == "forged" else world.maple.bounces

    email_id = comes_back(app, world, to)

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "report_of_nothing")
        assert messages()[-1].state == State.SENT
        assert db.session.scalar(select(func.count(Ticket.id))) == 1
        assert db.session.scalar(select(func.count(MutedAddress.id))) == 0


def test_the_id_within_a_report_is_a_hint_and_no_more(app: Flask, world: World, number: int) -> None:
    comes_back(app, world, world.maple.bounces, about=last(app, world).message_id or "")

    message = last(app, world)
    assert message.state == State.SENT
    assert message.reason.startswith("Somebody reports that it did not arrive")
    assert receipt(app, world).state == State.QUEUED
    with at(app, world.maple):
        assert all(entry.what != "came_back" for entry in events(number))


def events(number: int) -> list[TicketEvent]:
    return list(db.session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket_of(number).id)))


def test_another_districts_report_is_of_nothing(app: Flask, world: World, number: int) -> None:
    to = last(app, world).envelope_from

    email_id = comes_in(app, world.birch, report(to), to=to, mailbox=world.birch.bounces, envelope_from="")

    with at(app, world.birch):
        assert mail_of(email_id).reason == "report_of_nothing"
    assert last(app, world).state == State.SENT


def test_a_second_report_of_the_same_mail_says_nothing_new(app: Flask, world: World, number: int) -> None:
    to = last(app, world).envelope_from
    comes_back(app, world, to)
    comes_back(app, world, to, nth=2)

    with at(app, world.maple):
        assert [entry.what for entry in events(number)].count("came_back") == 1


def test_a_server_with_words_of_its_own_is_understood_at_that_address(
    app: Flask, world: World, number: int
) -> None:
    to = last(app, world).envelope_from
    raw = f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: failure notice\r\n\r\nUser unknown (#5.1.1)\r\n"

    comes_back(app, world, to, raw.encode())

    assert last(app, world).state == State.BOUNCED


def test_an_out_of_office_note_to_the_envelope_is_no_failure(app: Flask, world: World, number: int) -> None:
    to = last(app, world).envelope_from
    note = written(world.bell.email, "Away", "I am away until Monday.", to=to, Auto_Submitted="auto-replied")

    email_id = comes_back(app, world, to, note)

    assert last(app, world).state == State.SENT
    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "automatic")
        assert len(replies_of(number)) == 1


def test_a_person_who_writes_there_is_read_by_a_person(app: Flask, world: World, number: int) -> None:
    to = last(app, world).envelope_from

    email_id = comes_in(
        app, world.maple, written(world.bell.email, to=to), to=to, mailbox=world.maple.bounces
    )

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("held", "to_bounces")


def test_a_report_at_the_desks_own_address_opens_nothing(app: Flask, world: World, number: int) -> None:
    email_id = comes_in(app, world.maple, report(world.maple.desk))

    with at(app, world.maple):
        assert mail_of(email_id).reason == "report_of_nothing"
        assert db.session.scalar(select(func.count(Ticket.id))) == 1


# --- where an admin sees it --------------------------------------------------------------------------------


def test_the_mail_log_says_so_and_an_admin_lifts_it(
    app: Flask, client: PageClient, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)
    log = client.sign_in(world.adams).get("/maple/mail-log?show=bounced", status=200)
    assert "Came back" in log.text
    assert "It came back: the mailbox does not exist (5.1.1)." in log.text
    assert "1 muted address" in log.text

    muted = client.get("/maple/muted-addresses", status=200)
    assert world.bell.email in muted.text
    after = client.follow(client.submit(muted, "/lifting", status=303))

    assert "by itself again" in after.text
    assert receipt(app, world).state == State.QUEUED


def test_nobody_else_lifts_it(app: Flask, client: PageClient, world: World, number: int) -> None:
    comes_back(app, world, last(app, world).envelope_from)
    with at(app, world.maple):
        id = db.session.scalars(select(MutedAddress.id)).one()

    for who, slug in ((world.tess, "maple"), (world.bell, "maple"), (world.avery, "birch")):
        client.sign_out().sign_in(who)
        client.post(f"/{slug}/muted-addresses/{id}/lifting", {}, status=404)

    with at(app, world.maple):
        assert MutedAddress.holding(world.bell.email) is not None


def test_a_lead_lifts_it_on_the_ticket(app: Flask, client: PageClient, world: World, number: int) -> None:
    calm = client.sign_in(world.lena).get(f"/maple/tickets/{number}")
    comes_back(app, world, last(app, world).envelope_from)
    address = f"/maple/tickets/{number}/writing-again"

    page = client.get(f"/maple/tickets/{number}")
    said = page.one(id="muted")
    after = client.follow(client.submit(page, "/writing-again", status=303))

    assert not calm.all(id="muted")
    assert "Mail to bell@maple.example came back because the mailbox does not exist (5.1.1)" in said.text
    assert said.one("button")["aria-label"] == "Write there again: bell@maple.example"
    assert "The desk writes to Nora Bell by itself again." in after.one(id="flashes").text
    assert not after.all(id="muted")
    assert receipt(app, world).state == State.QUEUED
    client.post(address, {}, status=303)  # a second press finds it done


def test_htmx_gets_the_ticket_without_the_line(
    app: Flask, client: PageClient, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)
    page = client.sign_in(world.lena).get(f"/maple/tickets/{number}")

    part = client.submit(page, "/writing-again", htmx=True, status=200)

    assert len(part.all(id="ticket")) == 1
    assert not part.all(id="muted")


def test_a_technician_reads_why_and_a_time_that_is_over_is_silent(
    app: Flask, client: PageClient, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    assert "nothing is written there by itself" in page.one(id="muted").text
    assert not page.one(id="muted").all("button")
    for who, slug in (
        (world.tess, "maple"),
        (world.bell, "maple"),
        (world.adams, "maple"),
        (world.avery, "birch"),
    ):
        client.sign_out().sign_in(who).post(f"/{slug}/tickets/{number}/writing-again", {}, status=404)
    with at(app, world.maple):
        db.session.scalars(select(MutedAddress)).one().until = clock.now()
        db.session.commit()
    assert not client.sign_out().sign_in(world.tess).get(f"/maple/tickets/{number}").all(id="muted")


def test_it_is_sent_again_when_somebody_says_so(
    app: Flask, client: PageClient, world: World, number: int
) -> None:
    comes_back(app, world, last(app, world).envelope_from)
    client.sign_in(world.adams)

    client.submit(client.get("/maple/mail-log"), "/again", status=303)

    assert (last(app, world).state, last(app, world).bounced_at) == (State.QUEUED, None)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.1", "the mailbox does not exist (5.1.1)"),
        ("5.1.99", "the address is not right (5.1.99)"),
        ("5.2.2", "the mailbox is full (5.2.2)"),
        ("5.9.9", "its mail server refused it (5.9.9)"),
        ("5.0.0", "its mail server refused it"),
        ("4.4.1", "its mail server could not be reached (4.4.1)"),
        ("", "its mail server could not deliver it"),
    ],
)
def test_a_status_is_told_in_words(status: str, words: str) -> None:
    assert returns.why(status) == words
