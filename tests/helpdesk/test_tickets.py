"""A technician works on a ticket: takes it, answers, notes, assigns, changes, closes."""

from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.db import db, uuid7
from app.helpdesk.actions import replying, telling
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.event import TOLD, UNSAID, told
from app.helpdesk.models.reply import Reply, ReplyKind
from tests.helpdesk.desk import ask, at, messages, replies_of, ticket_of
from tests.helpdesk.test_queue import counted_questions
from tests.page_client import PageClient
from tests.world import World


def test_a_technician_takes_replies_and_closes_in_one_page(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}", status=200)

    taken = client.submit(page, "/taking", htmx=True, status=200)
    assert "You look after this" in taken.text
    done = client.submit(taken, "/replies", text="A new lamp.", then="close", htmx=True, status=200)

    assert "Your reply is on its way, and the ticket is closed." in done.text
    with at(app, world.maple):
        assert (ticket_of(number).state, ticket_of(number).assignee_id) == ("closed", world.tess.id)
        (sent,) = messages()
        assert (sent.to_address, sent.kind) == (world.bell.email, "ticket_closed")
        assert "A new lamp." in sent.text


def test_it_works_without_scripts(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    page = client.follow(client.submit(page, "/taking", status=303))
    assert "It is yours." in page.text
    page = client.follow(client.submit(page, "/replies", text="Soon.", status=303))
    page = client.follow(client.submit(page, "/closure", status=303))
    page = client.follow(client.submit(page, "/reopening", status=303))

    with at(app, world.maple):
        assert ticket_of(number).state == "open"
        assert [one.kind for one in messages()] == ["ticket_reply", "ticket_closed"]


def test_a_reply_takes_what_nobody_has_and_may_wait(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    client.submit(page, "/replies", text="Which lamp?", then="wait", status=303)

    with at(app, world.maple):
        assert (ticket_of(number).state, ticket_of(number).assignee_id) == ("waiting", world.tess.id)
        assert messages()[-1].kind == "ticket_reply"


def test_a_note_leaves_the_house_by_no_road(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    shown = client.submit(page, "/notes", text="Spare lamp is in 12.", htmx=True, status=200)

    note = shown.one("li", data_kind="internal")
    assert "Only technicians see this" in note.text
    with at(app, world.maple):
        assert messages() == []
        ticket = ticket_of(number)
        assert (ticket.assignee_id, ticket.state, ticket.reply_count) == (None, "new", 0)


def test_an_empty_reply_is_refused_both_ways(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    for htmx in (False, True):
        refused = client.submit(page, "/replies", text="  ", status=422, htmx=htmx)
        assert "Write a reply before you send it." in refused.text
        assert refused.is_whole is not htmx


def test_a_double_click_is_one_reply_and_one_mail(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    for _ in range(2):
        client.submit(page, "/replies", text="Once.", status=303)

    with at(app, world.maple):
        assert len(replies_of(number)) == len(messages()) == 1


def test_the_second_of_two_technicians_sees_what_the_first_wrote(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.lena).get(f"/maple/tickets/{number}")
    with at(app, world.maple):
        replying.answer_from_desk(ticket_of(number), Answer(text="I am on my way."), by=world.tess.account())
        db.session.commit()

    refused = client.submit(page, "/replies", text="Try another cable.", htmx=True, status=422)
    assert "This happened while you were writing" in refused.text
    assert "I am on my way." in refused.one("ul", class_="changed").text
    assert "Try another cable." in refused.form("/replies").one("textarea").text
    with at(app, world.maple):
        assert len(replies_of(number)) == 1
    client.submit(refused, "/replies", htmx=True, status=200)

    with at(app, world.maple):
        assert [reply.text for reply in replies_of(number)] == ["I am on my way.", "Try another cable."]


def test_what_a_colleague_took_meanwhile_is_not_taken_in_silence(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.lena).get(f"/maple/tickets/{number}")
    client.sign_in(world.tess)
    client.submit(client.get(f"/maple/tickets/{number}"), "/taking", status=303)
    client.sign_in(world.lena)

    refused = client.post(
        f"/maple/tickets/{number}/taking",
        {"seen": page.form("/taking").one("input", name="seen")["value"]},
        status=422,
    )
    assert "Tess Okafor is looking after this already." in refused.text
    client.submit(refused, "/taking", status=303)

    with at(app, world.maple):
        assert ticket_of(number).assignee_id == world.lena.id


def test_a_colleague_is_asked_among_those_of_the_school(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}/assignment", status=200)
    names = [option.text for option in page.one("select").all("option")]
    assert names == ["Nobody yet: anyone may take it", "Lena Brandt", "Tess Okafor"]

    client.submit(page, account_id=str(world.sam.id), status=422)
    client.submit(page, account_id=str(world.lena.id), status=303)

    with at(app, world.maple):
        assert ticket_of(number).assignee_id == world.lena.id
    assert "Tess Okafor asked Lena Brandt to look after this" in client.get(f"/maple/tickets/{number}").text


def test_details_are_put_right_and_told(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}/details", status=200)

    client.submit(
        page,
        urgency="class_stopped",
        category_id=str(world.maple.categories["Projector"]),
        room_id=str(world.maple.rooms["North", "Library"]),
        device_tag="cb-0002",
        status=303,
    )

    with at(app, world.maple):
        ticket = ticket_of(number)
        assert (ticket.urgency, ticket.device_tag) == ("class_stopped", "CB-0002")
        assert ticket.device_id == world.maple.devices["CB-0002"]
    told_there = client.get(f"/maple/tickets/{number}").text
    assert "changed the urgency from In the next days to Class cannot go on" in told_there
    assert "changed the room from nothing to Library" in told_there


def test_a_room_of_another_school_is_refused(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}/details")

    refused = client.submit(page, room_id=str(world.maple.rooms["Cedar", "Room 204"]), status=422)
    assert "That room is in another school." in refused.text
    client.submit(page, room_id=str(world.birch.rooms["North", "Library"]), status=422)

    with at(app, world.maple):
        assert ticket_of(number).room_id is None


def test_strangers_other_schools_and_wrong_roles_find_nothing(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    ask(app, world.quincy)
    doors = ("replies", "notes", "taking", "assignment", "closure", "reopening", "details")

    for who, slug in ((world.sam, "maple"), (world.adams, "maple"), (world.ortiz, "maple")):
        client.sign_out().sign_in(who)
        client.get(f"/{slug}/tickets/{number}", status=404)
        for door in doors:
            client.post(f"/{slug}/tickets/{number}/{door}", {"text": "x"}, status=404)
    client.sign_out().sign_in(world.quinn)
    assert "green" not in client.get(f"/maple/tickets/{number}").html

    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Reply.id))) == 0
        assert ticket_of(number).version == 1


def test_a_link_from_a_mail_leads_the_requester_to_her_own_page(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)

    page = client.sign_in(world.bell).get(f"/maple/tickets/{number}", status=303)

    assert page.location == f"/maple/requests/{number}"
    client.post(f"/maple/tickets/{number}/replies", {"text": "x"}, status=404)


def test_a_ticket_asks_few_questions_however_much_was_said(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        for nth in range(10):
            replying.answer_from_desk(ticket_of(number), Answer(text=f"{nth}"), by=world.tess.account())
        db.session.commit()
    client.sign_in(world.tess).get(f"/maple/tickets/{number}")

    with counted_questions(app) as asked:
        client.get(f"/maple/tickets/{number}", status=200)

    assert len(asked) <= 12, "\n".join(asked)


@pytest.mark.parametrize("what", TOLD)
def test_every_event_is_a_sentence(what: str) -> None:
    assert "{" not in told(what, "Tess", {})
    assert told(what, "Tess {by}", dict(UNSAID))


def test_one_form_sent_five_times_at_once_is_one_reply(app: Flask, world: World) -> None:
    number, once, start, made = ask(app, world.bell), uuid7(), Barrier(5), []

    def send() -> None:
        with at(app, world.maple):
            ticket, tess = ticket_of(number), world.tess.account()
            start.wait()
            made.append(
                replying.answer_from_desk(ticket, Answer(text="Once."), by=tess, once=once, seen=1).id
            )
            db.session.commit()

    threads = [Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 5
    assert len(set(made)) == 1
    with at(app, world.maple):
        assert len(messages()) == 1
        assert ticket_of(number).reply_count == 1


def test_who_is_given_a_ticket_hears_of_it_once(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}/assignment", status=200)

    client.submit(page, account_id=str(world.lena.id), status=303)
    client.submit(page, account_id=str(world.lena.id), status=303)

    with at(app, world.maple):
        (sent,) = messages()
        assert (sent.kind, sent.to_address, sent.state) == ("ticket_assigned", world.lena.email, "queued")
        assert f"Tess Okafor gave you request #{number}, from Nora Bell" in sent.text


def test_who_takes_a_ticket_hears_nothing(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.tess).get(f"/maple/tickets/{number}/assignment", status=200)

    client.submit(page, account_id=str(world.tess.id), status=303)

    with at(app, world.maple):
        assert ticket_of(number).assignee_id == world.tess.id
        assert messages() == []


def test_its_technician_hears_what_the_requester_answers(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).take(world.tess.account())
        replying.answer_from_desk(
            ticket_of(number),
            Answer(text="The lamp is old.", kind=ReplyKind.INTERNAL),
            by=world.lena.account(),
        )
        db.session.commit()

    page = client.sign_in(world.bell).get(f"/maple/requests/{number}", status=200)
    client.submit(page, "/answers", text="It is plugged in.", status=303)

    with at(app, world.maple):
        (sent,) = messages()
        assert (sent.kind, sent.to_address) == ("ticket_answered", world.tess.email)
        assert "It is plugged in." in sent.text
        assert "The lamp is old." not in sent.text


def test_nobody_hears_of_an_answer_to_a_ticket_that_nobody_has(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}", status=200)

    client.submit(page, "/answers", text="It is plugged in.", status=303)

    with at(app, world.maple):
        assert messages() == []


@pytest.mark.parametrize("gone", ["suspended", "moved"])
def test_a_technician_who_left_the_school_hears_nothing_of_its_tickets(
    app: Flask, world: World, gone: str
) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        lena = world.lena.account()
        ticket_of(number).assign(lena.id, lena.name, world.tess.account())
        if gone == "suspended":
            lena.state = "suspended"
        else:
            lena.grants.clear()
        db.session.flush()

        replying.answer_from_requester(ticket_of(number), Answer(text="Hello?"), by=world.bell.account())

        assert messages() == []


def test_a_note_never_goes_to_its_technician_as_an_answer(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).take(world.tess.account())
        note = replying.add_from_desk(
            ticket_of(number), Answer(text="Among us.", kind=ReplyKind.INTERNAL), [], by=world.lena.account()
        )
        with pytest.raises(telling.NeverLeaves):
            telling.its_technician_of_an_answer(ticket_of(number), note, world.lena.account())
