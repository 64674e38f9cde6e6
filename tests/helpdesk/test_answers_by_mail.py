"""An answer by mail finds its ticket."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.actions import replying, working
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import (
    answered_by_desk,
    ask,
    at,
    comes_in,
    messages,
    replies_of,
    ticket_of,
    vouch_for,
    written,
)
from tests.page_client import PageClient
from tests.world import World


def test_her_answer_lands_in_the_ticket_and_opens_it_again(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    with at(app, world.maple):
        assert ticket_of(number).state == "waiting"

    answer = written(world.bell.email, "Re: anything", "It works.", message_id="<a@x>", In_Reply_To=sent)
    comes_in(app, world.maple, answer)

    with at(app, world.maple):
        assert ticket_of(number).state == "open"
        assert replies_of(number)[-1].text.strip() == "It works."
        assert replies_of(number)[-1].author_person_id == world.bell.person_id
        # No second acknowledgement; its technician hears of it.
        assert [one.kind for one in messages()] == ["ticket_reply", "ticket_answered"]


def test_references_and_the_reply_to_address_find_the_ticket_too(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    with at(app, world.maple):
        reply_to = messages()[-1].reply_to

    comes_in(
        app, world.maple, written(world.bell.email, message_id="<1@x>", References=f"<old@x> {sent} <new@x>")
    )
    comes_in(app, world.maple, written(world.bell.email, message_id="<2@x>", to=reply_to), to=reply_to)

    with at(app, world.maple):
        assert len(replies_of(number)) == 3


def test_an_answer_to_her_own_first_mail_finds_the_ticket(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, References="<before@list>"))

    comes_in(
        app, world.maple, written(world.bell.email, message_id="<2@x>", In_Reply_To="<first@maple.example>")
    )
    comes_in(app, world.maple, written(world.bell.email, message_id="<3@x>", In_Reply_To="<before@list>"))

    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 1


def test_a_number_in_the_subject_counts_for_the_requester_alone(app: Flask, world: World) -> None:
    number = ask(app, world.bell)

    comes_in(app, world.maple, written(world.bell.email, f"Re: [#{number}]", message_id="<1@x>"))
    comes_in(app, world.maple, written(world.ortiz.email, f"Re: [#{number}]", message_id="<2@x>"))

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        other = db.session.scalars(select(Ticket).where(Ticket.requester_id == world.ortiz.person_id)).one()
        assert [reply.kind for reply in replies_of(other.number)] == ["internal"]
        acknowledgement = messages()[-1]
        assert acknowledgement.to_address == world.ortiz.email
        assert f"{number}" not in acknowledgement.text.replace(f"#{other.number}", "").replace(
            acknowledgement.subject, ""
        )


def test_a_colleague_who_got_her_mail_forwarded_lands_in_no_ticket_of_hers(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)

    comes_in(app, world.maple, written(world.ortiz.email, message_id="<1@x>", In_Reply_To=sent))

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert ticket_of(number).state == "waiting"


def test_a_forged_id_finds_nothing(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)
    code = sent.split(".")[4].split("@")[0]
    forged = sent.replace(code, ("a" if code[0] != "a" else "b") + code[1:])

    comes_in(app, world.maple, written(world.bell.email, message_id="<1@x>", In_Reply_To=forged))

    with at(app, world.maple):
        assert len(replies_of(number)) == 1
        assert db.session.scalar(select(func.count(Ticket.id))) == 2


def test_an_id_of_maple_is_nothing_in_birch(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number)

    comes_in(app, world.birch, written(world.quincy.email, to=world.birch.desk, In_Reply_To=sent))

    with at(app, world.birch):
        assert db.session.scalar(select(func.count(Ticket.id))) == 1
    with at(app, world.maple):
        assert len(replies_of(number)) == 1


def test_long_after_closing_a_mail_goes_on_in_a_new_ticket(app: Flask, world: World) -> None:
    with clock.frozen(clock.now() - timedelta(days=8)):
        number = ask(app, world.bell)
        sent = answered_by_desk(app, world, number, then="close")

    comes_in(app, world.maple, written(world.bell.email, message_id="<1@x>", In_Reply_To=sent))

    with at(app, world.maple):
        assert ticket_of(number).state == "closed"
        new = db.session.scalars(select(Ticket).where(Ticket.number != number)).one()
        assert new.follows_id == ticket_of(number).id


def test_soon_after_closing_it_opens_again(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, then="close")

    comes_in(app, world.maple, written(world.bell.email, message_id="<1@x>", In_Reply_To=sent))

    with at(app, world.maple):
        assert (ticket_of(number).state, ticket_of(number).closed_at) == ("open", None)


def test_closing_without_a_word_is_mailed_once(app: Flask, world: World) -> None:
    number = ask(app, world.bell)

    for _ in range(2):
        with at(app, world.maple):
            working.close(ticket_of(number), by=world.tess.account())
            db.session.commit()

    with at(app, world.maple):
        assert [one.kind for one in messages()] == ["ticket_closed"]


def test_the_mail_that_an_answer_repeats_is_folded_and_one_click_away(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, "Is it plugged in?")
    introduction = "El lun, 23 nov 2026 a las 8:15, Maple (<help@maple.example>) escribió:"
    comes_in(
        app,
        world.maple,
        written(
            world.bell.email,
            "Re: The projector is green",
            f"It is.\n\nEnviado desde mi iPhone\n\n{introduction}\n> Is it plugged in?\n> Tess\n",
            in_reply_to=sent,
        ),
    )

    for reader, path in ((world.tess, f"/maple/tickets/{number}"), (world.bell, f"/maple/requests/{number}")):
        page = client.sign_in(reader).get(path, status=200)
        (fold,) = [one for one in page.all("details") if "The mail that this answers" in one.text]
        assert introduction in fold.text
        assert "> Is it plugged in?" in fold.text
        (shown,) = [one for one in page.all(class_="reply__text") if "It is." in one.text]
        assert shown.text.strip() == "It is."


def test_its_technician_reads_what_is_new_in_an_answer_by_mail(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    sent = answered_by_desk(app, world, number, "Is it plugged in?")
    text = (
        "It is.\n\nOn Mon, Nov 23, 2026 at 8:15 AM Maple <help@maple.example> wrote:\n> Is it plugged in?\n"
    )
    comes_in(app, world.maple, written(world.bell.email, "Re: The projector", text, in_reply_to=sent))

    with at(app, world.maple):
        note = messages()[-1]
        assert (note.kind, note.to_address, note.state) == ("ticket_answered", world.tess.email, "queued")
        assert "It is." in note.text
        assert "Is it plugged in?" not in note.text


def test_a_technician_answers_the_note_by_mail(app: Flask, world: World) -> None:
    vouched = vouch_for(app, world)
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).take(world.tess.account())
        replying.answer_from_requester(ticket_of(number), Answer(text="Hello?"), by=world.bell.account())
        db.session.commit()
        (note,) = messages()
        note_id = note.message_id
    assert note_id is not None

    comes_in(
        app,
        world.maple,
        written(world.tess.email, "Re: x", "On my way.", in_reply_to=note_id, authentication_results=vouched),
    )

    with at(app, world.maple):
        assert [one.text.strip() for one in replies_of(number)] == ["Hello?", "On my way."]
        assert [(one.kind, one.to_address) for one in messages()][1:] == [("ticket_reply", world.bell.email)]
