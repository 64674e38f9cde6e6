"""Mail not filed: a lead files it, merges it, puts it aside, and takes each back."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import storage
from app.core.db import db
from app.helpdesk.actions import working
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import ask, at, comes_in, mail_of, messages, replies_of, ticket_of, written
from tests.page_client import PageClient
from tests.world import World

STRANGER = "nora.bell@home.example"


def held(app: Flask, world: World, **how: object) -> str:
    raw = written(STRANGER, "From home", "My laptop hums.", files=(("a.txt", "text/plain", b"log"),), **how)
    return str(comes_in(app, world.maple, raw))


def test_it_is_listed_with_its_reason(app: Flask, client: PageClient, world: World) -> None:
    id = held(app, world)

    page = client.sign_in(world.lena).get("/maple/mail-not-filed", status=200)

    assert "We do not know this address" in page.text
    mail = client.get(page.one("th", class_="table__main").all("a")[0]["href"], status=200)
    assert mail.path.endswith(id)
    for shown in ("From home", "My laptop hums.", STRANGER, "a.txt"):
        assert shown in mail.text


def test_the_mail_itself_loads_nothing_and_is_saved_as_plain_text(
    app: Flask, client: PageClient, world: World
) -> None:
    id = held(app, world, html='<h1>Hi</h1><img src="https://spy.example/p.gif"><script>x()</script>')
    client.sign_in(world.lena)

    page = client.get(f"/maple/mail-not-filed/{id}", status=200)
    raw = client.get(f"/maple/mail-not-filed/{id}/raw", status=200)

    assert "spy.example" not in page.html
    assert "x()" not in page.html
    assert raw.response.mimetype == "text/plain"
    assert raw.headers["Content-Disposition"].startswith("attachment")
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    assert b"spy.example" in raw.data


def test_others_do_not_know_that_it_is_there(app: Flask, client: PageClient, world: World) -> None:
    id = held(app, world)

    for who, slug in (
        (world.tess, "maple"),
        (world.bell, "maple"),
        (world.adams, "maple"),
        (world.quinn, "birch"),
        (world.avery, "birch"),
    ):
        client.sign_out().sign_in(who)
        client.get(f"/{slug}/mail-not-filed", status=404)
        for door in ("", "/raw"):
            client.get(f"/{slug}/mail-not-filed/{id}{door}", status=404)
        for door in ("ticket", "merging", "discarding", "undoing"):
            client.post(f"/{slug}/mail-not-filed/{id}/{door}", {}, status=404)


def test_it_becomes_a_ticket_of_a_person_and_back(app: Flask, client: PageClient, world: World) -> None:
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")

    page = client.follow(client.submit(page, "/ticket", person=world.bell.email, status=303))
    with at(app, world.maple):
        ticket = db.session.scalars(select(Ticket)).one()
        assert (ticket.title, ticket.requester_id) == ("From home", world.bell.person_id)
        assert db.session.scalars(select(Attachment)).one().ticket_id == ticket.id
        assert messages() == []  # whoever wrote it is no one we know

    client.submit(page, "/undoing", status=303)
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 0
        assert list(storage.keys("attachments")) == []
        assert (mail_of(db.session.scalars(select(InboundEmail.id)).one())).state == "held"

    again = client.get(f"/maple/mail-not-filed/{id}")
    client.submit(again, "/ticket", person="Bell", status=303)


def test_a_name_that_is_nobodys_or_two_peoples_is_asked_again(
    app: Flask, client: PageClient, world: World
) -> None:
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")

    nobody = client.submit(page, "/ticket", person="quincy@birch.example", status=422)
    several = client.submit(page, "/ticket", person="maple.example", status=422)

    assert "Nobody of the staff has this name or address." in nobody.text
    assert "Several people match." in several.text
    assert "birch" not in several.text


def test_work_upon_it_keeps_the_ticket(app: Flask, client: PageClient, world: World) -> None:
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")
    page = client.follow(client.submit(page, "/ticket", person=world.bell.email, status=303))
    with at(app, world.maple):
        working.take(ticket_of(1001), seen=None, by=world.tess.account())
        db.session.commit()

    refused = client.submit(page, "/undoing", status=422)

    assert "Somebody has worked on #1001 since, so it stays." in refused.text
    with at(app, world.maple):
        assert ticket_of(1001).title == "From home"
        assert db.session.scalars(select(InboundEmail)).one().state == "filed"


def test_it_becomes_part_of_a_ticket_and_back(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")
    assert "no ticket with this number" in client.submit(page, "/merging", number="9999", status=422).text

    page = client.follow(client.submit(page, "/merging", number=f"#{number}", status=303))
    with at(app, world.maple):
        (reply,) = replies_of(number)
        assert (reply.author_name, reply.text.strip(), reply.from_desk) == (
            STRANGER,
            "My laptop hums.",
            False,
        )
        assert ticket_of(number).reply_count == 1

    client.submit(page, "/undoing", status=303)
    with at(app, world.maple):
        assert replies_of(number) == []
        assert ticket_of(number).reply_count == 0
        assert list(storage.keys("attachments")) == []


def test_it_is_put_aside_and_back(app: Flask, client: PageClient, world: World) -> None:
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")

    listed = client.follow(client.submit(page, "/discarding", status=303))
    assert "No mail waits for you" in listed.text
    assert "Put aside by Lena Brandt" in client.get("/maple/mail-not-filed?dealt-with=yes").text
    client.submit(client.get(f"/maple/mail-not-filed/{id}"), "/undoing", status=303)

    assert "From home" in client.get("/maple/mail-not-filed").text


@pytest.mark.parametrize("door", ["/ticket", "/merging", "/discarding"])
def test_what_somebody_decided_meanwhile_stands(
    app: Flask, client: PageClient, world: World, door: str
) -> None:
    number = ask(app, world.bell)
    id = held(app, world)
    page = client.sign_in(world.lena).get(f"/maple/mail-not-filed/{id}")
    client.submit(page, "/discarding", status=303)

    client.submit(page, door, person=world.bell.email, number=str(number), status=422)

    with at(app, world.maple):
        assert db.session.scalars(select(InboundEmail)).one().state == "discarded"
        assert replies_of(number) == []
