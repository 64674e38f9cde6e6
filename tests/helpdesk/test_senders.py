"""Whose mail it is, and what is done with the mail of strangers and machines."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.db import db
from app.helpdesk.actions import intake, replying
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import (
    answered_by_desk,
    ask,
    at,
    comes_in,
    mail_of,
    messages,
    replies_of,
    ticket_of,
    vouch_for,
    written,
)
from tests.world import World


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("stranger@elsewhere.example", "unknown_sender"),
        ("quincy@birch.example", "unknown_sender"),
        ("", "no_sender"),
    ],
)
def test_a_stranger_is_held_and_hears_nothing(app: Flask, world: World, sender: str, reason: str) -> None:
    email_id = comes_in(app, world.maple, written(sender))

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("held", reason)
        assert messages() == []
        assert db.session.scalar(select(func.count(Ticket.id))) == 0


def test_somebody_who_left_is_a_stranger(app: Flask, world: World) -> None:
    from app.roster.models.person import Person

    with at(app, world.maple):
        db.session.get_one(Person, world.bell.person_id).active = False
        db.session.commit()

    email_id = comes_in(app, world.maple, written(world.bell.email))

    with at(app, world.maple):
        assert mail_of(email_id).reason == "unknown_sender"


def test_a_failed_check_of_the_sender_is_held(app: Flask, world: World) -> None:
    vouch_for(app, world)
    forged = "mx.maple.example; dmarc=fail header.from=maple.example"

    email_id = comes_in(app, world.maple, written(world.bell.email, Authentication_Results=forged))

    with at(app, world.maple):
        assert (mail_of(email_id).reason, messages()) == ("failed_authentication", [])


def test_our_own_mail_that_comes_back_is_discarded(app: Flask, world: World) -> None:
    email_id = comes_in(app, world.maple, written(world.bell.email, X_FrontOffice_Loop=str(world.maple.id)))

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason, messages()) == ("discarded", "loop", [])


def test_an_out_of_office_note_opens_and_reopens_nothing(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, then="close")
    note = {"Auto_Submitted": "auto-replied", "message_id": "<away@maple.example>"}

    in_thread = comes_in(app, world.maple, written(world.bell.email, "Away", In_Reply_To=sent, **note))
    alone = comes_in(
        app,
        world.maple,
        written(world.bell.email, "Away", "Until Monday.", **{**note, "message_id": "<b@x>"}),
    )

    with at(app, world.maple):
        assert ticket_of(number).state == "closed"
        assert mail_of(in_thread).state == "filed"
        assert replies_of(number)[-1].automatic
        assert (mail_of(alone).state, mail_of(alone).reason) == ("held", "automatic")
        assert [one.kind for one in messages()] == ["ticket_closed"]


def test_a_technicians_mail_answers_for_the_desk_only_if_vouched_for(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)

    comes_in(app, world.maple, written(world.tess.email, message_id="<1@x>", In_Reply_To=sent))
    passed = vouch_for(app, world)
    comes_in(
        app,
        world.maple,
        written(
            world.tess.email,
            text="Done.",
            message_id="<2@x>",
            In_Reply_To=sent,
            Authentication_Results=passed,
        ),
    )

    with at(app, world.maple):
        assert [reply.text.strip() for reply in replies_of(number)] == ["Try the other cable.", "Done."]
        assert replies_of(number)[-1].from_desk
        assert messages()[-1].to_address == world.bell.email


def test_a_technician_of_another_school_answers_nothing(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    passed = vouch_for(app, world)

    comes_in(
        app,
        world.maple,
        written(world.sam.email, message_id="<1@x>", In_Reply_To=sent, Authentication_Results=passed),
    )

    with at(app, world.maple):
        assert len(replies_of(number)) == 1


def test_a_machine_that_never_stops_is_stopped(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_TICKETS_AN_HOUR", 3)
    monkeypatch.setattr(intake, "MOST_ACKNOWLEDGED_AN_HOUR", 2)

    mails = [
        comes_in(app, world.maple, written(world.bell.email, f"{nth}", message_id=f"<{nth}@x>"))
        for nth in range(5)
    ]

    with at(app, world.maple):
        assert [mail_of(one).state for one in mails] == ["filed"] * 3 + ["held"] * 2
        assert mail_of(mails[-1]).reason == "too_many"
        assert len(messages()) == 2


def test_what_the_requesters_machine_answers_is_told_to_nobody(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    comes_in(
        app,
        world.maple,
        written(
            world.bell.email,
            "Out of office",
            in_reply_to=sent,
            message_id="<2@x>",
            auto_submitted="auto-replied",
        ),
    )

    with at(app, world.maple):
        assert "ticket_answered" not in [one.kind for one in messages()]


def test_what_a_technicians_machine_answers_is_no_answer_of_the_desk(app: Flask, world: World) -> None:
    vouched = vouch_for(app, world)
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).take(world.tess.account())
        replying.answer_from_requester(ticket_of(number), Answer(text="Hello?"), by=world.bell.account())
        db.session.commit()
        (note,) = messages()
        note_id = note.message_id
    assert note_id is not None
    raw = written(
        world.tess.email,
        "Out of office",
        "I am away.",
        in_reply_to=note_id,
        auto_submitted="auto-replied",
        authentication_results=vouched,
    )

    email_id = comes_in(app, world.maple, raw)

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "automatic")
        assert [one.text for one in replies_of(number)] == ["Hello?"]


def test_our_own_headers_from_outside_change_nothing(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    forged = {
        "X_FrontOffice_Ticket": str(number),
        "X_FrontOffice_Urgency": "urgent",
        "X_FrontOffice_Verified": "yes",
    }

    comes_in(app, world.maple, written(world.ortiz.email, **forged))

    with at(app, world.maple):
        assert replies_of(number) == []
        other = db.session.scalars(select(Ticket).where(Ticket.number != number)).one()
        assert (other.urgency, other.verified, other.requester_id) == ("normal", False, world.ortiz.person_id)


def test_a_line_end_in_a_subject_or_a_name_starts_no_header_of_ours(app: Flask, world: World) -> None:
    head = f"From: =?utf-8?q?Nora=0D=0ABcc=3A_x=40evil.example?= <{world.bell.email}>\r\n"
    head += (
        "To: help@maple.example\r\nSubject: =?utf-8?q?Dark=0D=0ABcc:_x=40evil.example?=\r\n\r\nIt is dark."
    )

    comes_in(app, world.maple, head.encode())

    with at(app, world.maple):
        (sent,) = messages()
        assert "\n" not in sent.subject + sent.to_address + db.session.scalars(select(Ticket)).one().title
        assert sent.to_address == world.bell.email
