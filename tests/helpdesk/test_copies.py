"""One mail by several ways is one ticket; several mails under one Message-ID are several."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.actions import intake
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import (
    answer_what_waits,
    answered_by_desk,
    ask,
    at,
    comes_in,
    mail_of,
    messages,
    replies_of,
    vouch_for,
    written,
)
from tests.page_client import PageClient
from tests.world import World

DATE = "Mon, 23 Nov 2026 08:15:00 -0600"
FOOTER = "\n--\nYou received this message because you are subscribed to the group Help.\nUnsubscribe here.\n"


def tickets(app: Flask, world: World) -> list[str]:
    with at(app, world.maple):
        return list(db.session.scalars(select(Ticket.title).order_by(Ticket.number)))


def copy_by_group(world: World, **headers: str) -> bytes:
    """The same mail as a mail group passes it on."""
    return written(
        world.bell.email,
        "[help] The projector is green",
        f"Since this morning.\n{FOOTER}",
        Date=DATE,
        List_Id="<help.maple.example>",
        Precedence="list",
        Received="from groups.example",
        **headers,
    )


def outcome(app: Flask, world: World, email_id: UUID) -> tuple[str, str, UUID | None]:
    with at(app, world.maple):
        email = mail_of(email_id)
        return email.state, email.reason, email.same_as_id


def test_a_group_copy_and_the_direct_one_are_one_ticket_and_one_receipt(app: Flask, world: World) -> None:
    first = comes_in(app, world.maple, written(world.bell.email, Date=DATE))
    second = comes_in(app, world.maple, copy_by_group(world))

    assert len(tickets(app, world)) == 1
    assert outcome(app, world, second) == ("discarded", "again", first)
    with at(app, world.maple):
        assert len(messages()) == 1


def test_the_other_way_round_too(app: Flask, world: World) -> None:
    first = comes_in(app, world.maple, copy_by_group(world))
    second = comes_in(app, world.maple, written(world.bell.email, Date=DATE))

    assert outcome(app, world, second) == ("discarded", "again", first)


def test_the_same_bytes_at_two_addresses_are_one_ticket(app: Flask, world: World) -> None:
    for message_id in ("<first@maple.example>", None):
        raw = written(world.bell.email, f"About {message_id}", message_id=message_id)
        comes_in(app, world.maple, raw, mailbox="help@maple.example")
        comes_in(app, world.maple, raw, mailbox="tech@maple.example", to="tech+x@maple.example")

    assert len(tickets(app, world)) == 2


def test_a_file_beside_smtp_is_the_same_mail(app: Flask, world: World) -> None:
    raw = written(world.bell.email)
    first = comes_in(app, world.maple, raw)

    second = comes_in(
        app, world.maple, b"Return-Path: <bell@maple.example>\nDelivered-To: help@x.example\n" + raw
    )

    assert outcome(app, world, second) == ("discarded", "again", first)


def test_an_answer_that_comes_twice_is_one_reply(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    for raw in (
        written(world.bell.email, "Re: x", "It works.", message_id="<1@x>", In_Reply_To=sent, Date=DATE),
        written(
            world.bell.email, "Re: x", f"It works.{FOOTER}", message_id="<1@x>", In_Reply_To=sent, Date=DATE
        ),
    ):
        comes_in(app, world.maple, raw)

    with at(app, world.maple):
        assert len(replies_of(number)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "The printer"},
        {"text": "The printer in the library has no paper, and nobody knows where it is kept."},
        {"Date": "Mon, 23 Nov 2026 09:15:00 -0600"},
        {"sender": "ortiz@maple.example"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_senders_that_give_one_id_to_all_their_mails_lose_none(
    app: Flask, world: World, other: dict[str, str]
) -> None:
    mail = {"sender": world.bell.email, "Date": DATE}
    first = comes_in(app, world.maple, written(**mail))

    second = comes_in(app, world.maple, written(**{**mail, **other}))

    assert len(tickets(app, world)) == 2
    assert {outcome(app, world, one)[0] for one in (first, second)} == {"filed"}


def test_without_a_date_the_same_words_an_hour_later_are_another_mail(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, text="It is down. 1"))
    soon = comes_in(app, world.maple, written(world.bell.email, text="It is down.\n1"))
    with clock.frozen(clock.now() + timedelta(hours=2)):
        late = comes_in(app, world.maple, written(world.bell.email, text="It is down.\n\n1"))

    assert outcome(app, world, soon)[1] == "again"
    assert outcome(app, world, late)[0] == "filed"


def test_a_copy_is_listed_and_leads_to_the_first(app: Flask, client: PageClient, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, Date=DATE))
    second = comes_in(app, world.maple, copy_by_group(world))

    listed = client.sign_in(world.lena).get("/maple/mail-not-filed?dealt-with=yes", status=200)
    shown = client.get(f"/maple/mail-not-filed/{second}", status=200)

    assert "The same mail came again" in listed.text
    assert "The first copy is in #1001" in shown.text


def test_a_copy_can_be_taken_back(app: Flask, client: PageClient, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, Date=DATE))
    second = comes_in(app, world.maple, copy_by_group(world))
    client.sign_in(world.lena)

    client.submit(client.get(f"/maple/mail-not-filed/{second}"), "/undoing", status=303)

    assert outcome(app, world, second) == ("held", "again", None)


def test_a_copy_that_failed_its_check_needs_nobody_once_the_other_is_filed(app: Flask, world: World) -> None:
    passed = vouch_for(app, world)
    failed = "mx.maple.example; dmarc=fail header.from=maple.example"

    held = comes_in(app, world.maple, copy_by_group(world, Authentication_Results=failed))
    assert outcome(app, world, held)[1] == "failed_authentication"
    filed = comes_in(app, world.maple, written(world.bell.email, Date=DATE, Authentication_Results=passed))

    assert outcome(app, world, held) == ("discarded", "again", filed)


def test_a_copy_that_is_vouched_for_vouches_for_the_first(app: Flask, world: World) -> None:
    passed = vouch_for(app, world)
    comes_in(app, world.maple, copy_by_group(world))

    comes_in(app, world.maple, written(world.bell.email, Date=DATE, Authentication_Results=passed))

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().verified


def test_a_technicians_answer_counts_by_the_copy_that_is_vouched_for(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    passed = vouch_for(app, world)
    answer = {"subject": "Re: x", "text": "Done.", "message_id": "<1@x>", "In_Reply_To": sent, "Date": DATE}
    comes_in(app, world.maple, written(world.tess.email, **answer, Precedence="list"))

    comes_in(app, world.maple, written(world.tess.email, **answer, Authentication_Results=passed))

    with at(app, world.maple):
        assert replies_of(number)[-1].text.strip() == "Done."
        assert messages()[-1].to_address == world.bell.email


def test_two_copies_at_the_same_moment_are_one_ticket(app: Flask, world: World) -> None:
    for nth in range(5):
        mail = {
            "sender": world.bell.email,
            "subject": f"Mail {nth}",
            "message_id": f"<{nth}@x>",
            "Date": DATE,
        }
        copies = [
            comes_in(app, world.maple, written(**mail, X_Way=way), receive=False)
            for way in ("one", "two", "three")
        ]
        start = Barrier(len(copies))

        def receive(email_id: UUID, start: Barrier = start) -> None:
            with at(app, world.maple):
                start.wait()
                intake.receive(email_id)
                db.session.commit()

        threads = [Thread(target=receive, args=(one,)) for one in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with at(app, world.maple):
        answer_what_waits()
        assert db.session.scalar(select(func.count(Ticket.id))) == 5
        assert len(messages()) == 5
        states = [mail_of(one).state for one in copies]
        assert sorted(states) == ["discarded", "discarded", "filed"]
