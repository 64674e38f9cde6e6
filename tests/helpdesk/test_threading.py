"""Which ticket a mail belongs to, and which it does not."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.models.event import TicketEvent
from app.helpdesk.models.foreign_message_id import ForeignMessageId
from app.helpdesk.models.ticket import Ticket
from app.notices.actions import message_ids
from app.notices.models.mail_setting import desk
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
from tests.page_client import PageClient
from tests.world import World


def tickets(app: Flask, world: World) -> int:
    with at(app, world.maple):
        return db.session.scalar(select(func.count(Ticket.id))) or 0


def changed(message_id: str) -> str:
    """The same id with another code."""
    code = message_id.split(".")[4].split("@")[0]
    return message_id.replace(code, ("a" if code[0] != "a" else "b") + code[1:])


# --- what is forged ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("vouched", [False, True])
def test_a_technicians_name_on_a_forged_id_says_nothing_to_anybody(
    app: Flask, world: World, vouched: bool
) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    passed = vouch_for(app, world)
    headers = {"Authentication_Results": passed} if vouched else {}

    comes_in(
        app,
        world.maple,
        written(
            world.tess.email, "Click here", "evil", message_id="<1@x>", In_Reply_To=changed(sent), **headers
        ),
    )

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        new = db.session.scalars(select(Ticket).where(Ticket.number != number)).one()
        assert (new.requester_id, new.verified) == (world.tess.person_id, vouched)
        assert [one.to_address for one in messages()[1:]] == [world.tess.email]
        assert all("evil" not in one.text for one in messages())


def test_an_id_of_another_district_is_nothing_but_a_strangers_id(app: Flask, world: World) -> None:
    birchs = ask(app, world.quincy)
    with at(app, world.birch):
        from app.helpdesk.actions import replying
        from app.helpdesk.actions.replying import Answer

        replying.answer_from_desk(ticket_of(birchs), Answer(text="Hello"), by=world.quinn.account())
        db.session.commit()
        sent = messages()[-1].message_id or ""
    passed = vouch_for(app, world)

    comes_in(
        app,
        world.maple,
        written(world.tess.email, message_id="<1@x>", In_Reply_To=sent, Authentication_Results=passed),
    )

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().requester_id == world.tess.person_id
        # Kept like anybody's, so that an answer among people finds the ticket.
        assert sent in db.session.scalars(select(ForeignMessageId.message_id)).all()
    with at(app, world.birch):
        assert len(replies_of(birchs)) == 1


def test_a_token_of_another_recipient_is_no_way_in(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    answered_by_desk(app, world, number)
    with at(app, world.maple):
        address = messages()[-1].reply_to

    comes_in(app, world.maple, written(world.ortiz.email, message_id="<1@x>", to=address), to=address)

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert ticket_of(number).requester_id == world.bell.person_id


# --- who takes part ----------------------------------------------------------------------------------------


def test_a_colleague_who_answers_becomes_no_requester_and_reads_nothing(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, text="The password is otter.")

    comes_in(
        app,
        world.maple,
        written(world.ortiz.email, "Re: the projector", "Me too.", message_id="<1@x>", In_Reply_To=sent),
    )

    with at(app, world.maple):
        assert ticket_of(number).requester_id == world.bell.person_id
        to_ortiz = [one for one in messages() if one.to_address == world.ortiz.email]
        assert [one.kind for one in to_ortiz] == ["ticket_received"]
        assert all("otter" not in one.text and f"#{number}" not in one.text for one in to_ortiz)
        told = db.session.scalars(select(TicketEvent).where(TicketEvent.what == "perhaps")).one()
        assert told.ticket_id == ticket_of(number).id


def test_the_requester_does_not_read_who_else_wrote(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    comes_in(app, world.maple, written(world.ortiz.email, message_id="<1@x>", In_Reply_To=sent))

    own = client.sign_in(world.bell).get(f"/maple/requests/{number}", status=200)
    desks = client.sign_out().sign_in(world.tess).get(f"/maple/tickets/{number}", status=200)

    assert "may belong here" not in own.text
    assert "may belong here" in desks.text


@pytest.mark.parametrize(
    "subject", ["Re: [#{number}]", "Ticket #{number}", "Order #99881 [#{number}]", "[#99881] #{number}"]
)
def test_our_number_is_found_among_others(app: Flask, world: World, subject: str) -> None:
    number = ask(app, world.bell)

    comes_in(app, world.maple, written(world.bell.email, subject.format(number=number), message_id="<1@x>"))

    with at(app, world.maple):
        assert len(replies_of(number)) == 1


def test_a_number_counts_for_a_technician_who_is_vouched_for(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    passed = vouch_for(app, world)
    subject = f"Re: [#{number}]"

    comes_in(app, world.maple, written(world.tess.email, subject, message_id="<1@x>"))
    comes_in(
        app, world.maple, written(world.sam.email, subject, message_id="<2@x>", Authentication_Results=passed)
    )
    comes_in(
        app,
        world.maple,
        written(world.tess.email, subject, message_id="<3@x>", Authentication_Results=passed),
    )

    with at(app, world.maple):
        assert [one.author_name for one in replies_of(number)] == [world.tess.name]


# --- ids of others -----------------------------------------------------------------------------------------


def test_an_answer_among_people_finds_the_ticket_by_any_id_of_the_thread(app: Flask, world: World) -> None:
    thread = " ".join(f"<{nth}@thread>" for nth in range(30))
    comes_in(app, world.maple, written(world.bell.email, message_id="<31@thread>", References=thread))

    comes_in(
        app, world.maple, written(world.bell.email, message_id="<a@x>", References="<0@thread> <new@thread>")
    )

    assert tickets(app, world) == 1


def test_the_first_mail_may_come_after_its_answer(app: Flask, world: World) -> None:
    comes_in(
        app, world.maple, written(world.bell.email, "Re: x", "More.", message_id="<2@x>", In_Reply_To="<1@x>")
    )

    comes_in(app, world.maple, written(world.bell.email, "x", "Help.", message_id="<1@x>"))

    assert tickets(app, world) == 1


def test_the_reference_that_all_our_mails_share_is_enough(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        reference = message_ids.reference_of(ticket_of(number).id, number, desk())

    comes_in(
        app, world.maple, written(world.bell.email, message_id="<1@x>", References=f"{reference} <gone@x>")
    )
    other = reference.replace(f".{number}.", f".{number + 1}.")
    comes_in(
        app,
        world.maple,
        written(world.bell.email, message_id="<2@x>", References=f"{other} {changed(reference)}"),
    )

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
    assert tickets(app, world) == 2


# --- machines ----------------------------------------------------------------------------------------------

AWAY = [
    {"Auto_Submitted": "auto-replied"},
    {"X_Apple_Action": "VACATION"},
    {"X_MS_Exchange_Inbox_Rules_Loop": "bell@maple.example"},
    {"Precedence": "BULK"},
    {"X_Autoreply": "yes", "Precedence": "bulk"},
    {"X_Auto_Response_Suppress": "All"},
]


@pytest.mark.parametrize("then", ["close", "wait"])
@pytest.mark.parametrize("headers", AWAY, ids=[next(iter(one)) for one in AWAY])
def test_an_out_of_office_note_changes_nothing(
    app: Flask, world: World, headers: dict[str, str], then: str
) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, then=then)
    with at(app, world.maple):
        before = ticket_of(number)
        state, active_at = before.state, before.last_activity_at

    with clock.frozen(clock.now() + timedelta(hours=1)):
        comes_in(
            app,
            world.maple,
            written(world.bell.email, "Away", message_id="<1@x>", In_Reply_To=sent, **headers),
        )

    with at(app, world.maple):
        after = ticket_of(number)
        assert (after.state, after.last_activity_at) == (state, active_at)
        assert replies_of(number)[-1].automatic
        assert len(messages()) == 1


def test_the_next_answer_is_not_threaded_to_an_out_of_office_note(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, message_id="<own@x>"))
    with at(app, world.maple):
        sent = messages()[-1].message_id
        number = db.session.scalars(select(Ticket.number)).one()
    away = written(
        world.bell.email, "Away", message_id="<away@x>", In_Reply_To=sent, Auto_Submitted="auto-replied"
    )
    comes_in(app, world.maple, away)

    answered_by_desk(app, world, number)

    with at(app, world.maple):
        assert messages()[-1].in_reply_to == "<own@x>"


def test_a_technicians_out_of_office_note_is_mailed_to_nobody(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    passed = vouch_for(app, world)

    email_id = comes_in(
        app,
        world.maple,
        written(
            world.tess.email,
            "Away",
            "I am at the lake.",
            message_id="<1@x>",
            In_Reply_To=sent,
            Auto_Submitted="auto-replied",
            Authentication_Results=passed,
        ),
    )

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert len(messages()) == 1
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "automatic")


def test_a_mail_without_a_sender_in_its_envelope_is_a_machines(app: Flask, world: World) -> None:
    email_id = comes_in(app, world.maple, written(world.bell.email), envelope_from="")

    with at(app, world.maple):
        assert mail_of(email_id).reason == "automatic"
        assert messages() == []


@pytest.mark.parametrize("address", ["help@maple.example", "help+x@maple.example", "bounce@maple.example"])
def test_a_mail_from_our_own_address_is_a_loop(app: Flask, world: World, address: str) -> None:
    email_id = comes_in(app, world.maple, written(address))

    with at(app, world.maple):
        assert (mail_of(email_id).reason, messages()) == ("loop", [])


def test_our_own_mail_is_known_by_its_id_where_its_mark_was_lost(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)

    email_id = comes_in(app, world.maple, written(world.bell.email, message_id=sent))
    forged = comes_in(app, world.maple, written(world.bell.email, message_id=changed(sent)))

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("discarded", "loop")
        assert mail_of(forged).state == "filed"
        assert len(replies_of(number)) == 1


# --- before a district opens -------------------------------------------------------------------------------


def test_before_a_district_opens_mail_waits_for_a_person(app: Flask, world: World) -> None:
    from tests.web.test_district import set_state

    set_state(app, world, "preparing")

    email_id = comes_in(app, world.maple, written(world.bell.email))

    with at(app, world.maple):
        assert (mail_of(email_id).state, mail_of(email_id).reason) == ("held", "not_open")
        assert messages() == []
    set_state(app, world, "open")
    later = comes_in(app, world.maple, written(world.bell.email, "Now", message_id="<2@x>"))
    with at(app, world.maple):
        assert mail_of(later).state == "filed"
