"""A technician forwards a colleague's mail: whose request it becomes, and who may do so."""

from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from tests.helpdesk.desk import answered_by_desk, ask, at, comes_in, messages, replies_of, vouch_for, written
from tests.page_client import PageClient
from tests.world import Player, World

FORWARDED = """She is in a hurry again.

---------- Forwarded message ---------
From: {name} <{address}>
Date: Mon, Nov 23, 2026 at 8:15 AM
Subject: The projector
To: Tess Okafor <tess@maple.example>

It is green.
"""


def forward(app: Flask, world: World, by: Player, of: str, *, vouched: bool = True, **how: str) -> None:
    given = {"sender": by.email, "subject": "Fwd: The projector", "message_id": "<fwd@x>"}
    given["text"] = FORWARDED.format(name="Nora Bell", address=of)
    if vouched:
        given["Authentication_Results"] = vouch_for(app, world)
    comes_in(app, world.maple, written(**{**given, **how}))


def ticket() -> Ticket:
    return db.session.scalars(select(Ticket).order_by(Ticket.number.desc()).limit(1)).one()


def test_it_is_the_request_of_whoever_wrote_it(app: Flask, world: World) -> None:
    forward(app, world, world.tess, world.bell.email)

    with at(app, world.maple):
        made = ticket()
        assert (made.requester_id, made.title, made.text) == (
            world.bell.person_id,
            "The projector",
            "It is green.",
        )
        assert made.school_id == world.maple.schools["North"]
        assert [one.to_address for one in messages()] == [world.bell.email]


def test_what_the_forwarder_says_is_for_technicians(app: Flask, client: PageClient, world: World) -> None:
    forward(app, world, world.tess, world.bell.email)
    with at(app, world.maple):
        number = ticket().number
        assert [one.kind for one in replies_of(number)] == ["internal"]
        assert all("hurry" not in f"{one.text}{one.html}" for one in messages())

    own = client.sign_in(world.bell).get(f"/maple/requests/{number}", status=200)
    desks = client.sign_out().sign_in(world.tess).get(f"/maple/tickets/{number}", status=200)

    assert "hurry" not in own.text
    assert "She is in a hurry again." in desks.text
    assert "Tess Okafor passed on a mail from Nora Bell" in desks.text


@pytest.mark.parametrize("command", ["@fwd", "#fwd", "@FWD:"])
def test_a_word_at_the_beginning_says_so_too(app: Flask, world: World, command: str) -> None:
    text = f"{command}\nFrom: Nora Bell <bell@maple.example>\nSent: Monday\nTo: Tess\nSubject: Green\n\nHelp."

    forward(app, world, world.tess, "", subject="Look", text=text)

    with at(app, world.maple):
        assert (ticket().requester_id, ticket().title, ticket().text) == (
            world.bell.person_id,
            "Green",
            "Help.",
        )
        assert replies_of(ticket().number) == []


def test_a_lead_may_as_well(app: Flask, world: World) -> None:
    forward(app, world, world.lena, world.bell.email)

    with at(app, world.maple):
        assert ticket().requester_id == world.bell.person_id


@pytest.mark.parametrize(
    ("who", "vouched"),
    [("tess", False), ("ortiz", True), ("adams", True)],
    ids=["unverified", "teacher", "admin"],
)
def test_whoever_is_no_technician_or_not_vouched_for_asks_for_themselves(
    app: Flask, world: World, who: str, vouched: bool
) -> None:
    by: Player = getattr(world, who)

    forward(app, world, by, world.bell.email, vouched=vouched)

    with at(app, world.maple):
        assert ticket().requester_id == by.person_id
        assert replies_of(ticket().number) == []
        assert [one.to_address for one in messages()] == [by.email]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("mallory@evil.example", "mallory@evil.example, which belongs to no active member of staff"),
        ("quincy@birch.example", "quincy@birch.example, which belongs to no active member of staff"),
        ("nobody", "somebody whose address it does not show"),
    ],
)
def test_only_staff_of_the_district_can_be_named(app: Flask, world: World, of: str, words: str) -> None:
    forward(app, world, world.tess, of)

    with at(app, world.maple):
        assert ticket().requester_id == world.tess.person_id
        (note,) = replies_of(ticket().number)
        assert words in note.text
        assert [one.to_address for one in messages()] == [world.tess.email]


def test_who_has_left_is_not_named_either(app: Flask, world: World) -> None:
    with at(app, world.maple):
        db.session.get_one(Person, world.bell.person_id).active = False
        db.session.commit()

    forward(app, world, world.tess, world.bell.email)

    with at(app, world.maple):
        assert ticket().requester_id == world.tess.person_id


def test_a_technician_names_people_of_their_own_schools(app: Flask, world: World) -> None:
    forward(app, world, world.sam, world.bell.email)

    with at(app, world.maple):
        assert ticket().requester_id == world.sam.person_id
        assert "at whose school the forwarder does not work" in replies_of(ticket().number)[0].text


def test_forwarding_one_of_our_own_mails_answers_nobody(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)

    forward(app, world, world.tess, world.maple.desk, References=sent)

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert ticket().requester_id == world.tess.person_id
        assert any(f"#{number}" in one.text for one in replies_of(ticket().number))
        assert [one.to_address for one in messages()] == [world.bell.email, world.tess.email]


def test_forwarded_as_an_attachment(app: Flask, world: World) -> None:
    whole = EmailMessage()
    whole["From"], whole["Subject"], whole["Message-ID"] = (
        "Nora Bell <bell@maple.example>",
        "Green",
        "<own@x>",
    )
    whole.set_content("It is green.")
    whole.add_attachment(b"log", maintype="text", subtype="plain", filename="log.txt")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = world.tess.email, world.maple.desk, "Fwd: Green"
    mail["Message-ID"], mail["Authentication-Results"] = "<fwd@x>", vouch_for(app, world)
    mail.set_content("See there.")
    mail.add_attachment(whole)

    comes_in(app, world.maple, mail.as_bytes())
    comes_in(
        app,
        world.maple,
        written(world.bell.email, "Re: Green", "More.", message_id="<2@x>", In_Reply_To="<own@x>"),
    )

    with at(app, world.maple):
        made = ticket()
        assert (made.number, made.requester_id, made.title) == (1001, world.bell.person_id, "Green")
        assert [one.name for one in db.session.scalars(select(Attachment))] == ["log.txt"]
        assert [one.text.strip() for one in replies_of(made.number)] == ["See there.", "More."]
        assert messages()[0].in_reply_to == "<own@x>"


def test_an_answer_that_quotes_a_mail_is_an_answer(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    quoted = "Done.\n\nFrom: Nora Bell <bell@maple.example>\nSent: Monday\nTo: Tess\nSubject: Green\n\nHelp."

    forward(app, world, world.tess, "", subject="Re: Green", text=quoted, In_Reply_To=sent)

    with at(app, world.maple):
        assert len(replies_of(number)) == 2
        assert ticket().number == number
