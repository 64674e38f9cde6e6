"""A teacher asks for help, follows it, answers and closes."""

import gc
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.helpdesk.actions import replying
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.reply import ReplyKind
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from tests.helpdesk.desk import ask, at, messages, replies_of, ticket_of
from tests.page_client import PageClient
from tests.world import World


def picture(kind: str = "HEIF") -> io.BytesIO:
    import pillow_heif

    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "red").save(out, kind)
    out.seek(0)
    return out


def desk_says(app: Flask, world: World, number: int, text: str, **how: object) -> None:
    with at(app, world.maple):
        replying.answer_from_desk(ticket_of(number), Answer(text=text), by=world.tess.account(), **how)
        db.session.commit()


def test_a_teacher_submits_in_two_page_loads(app: Flask, client: PageClient, world: World) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new", status=200)

    sent = client.submit(
        new,
        "/requests",
        title="The projector is green",
        text="Since this morning.",
        urgency="class_stopped",
        category_id=str(world.maple.categories["Projector"]),
        room_id=str(world.maple.rooms["North", "Room 204"]),
        device_tag=" cb-0001 ",
        status=303,
    )

    page = client.follow(sent)
    assert page.h1 == "The projector is green"
    assert "We have it" in page.text
    with at(app, world.maple):
        ticket = db.session.scalars(select(Ticket)).one()
        assert ticket.number == 1001
        assert ticket.urgency == "class_stopped"
        assert ticket.school_id == world.maple.schools["North"]
        assert ticket.room_id == world.maple.rooms["North", "Room 204"]
        assert (ticket.device_id, ticket.device_tag) == (world.maple.devices["CB-0001"], "CB-0001")


def test_an_unknown_tag_is_kept_as_it_was_typed(app: Flask, world: World) -> None:
    number = ask(app, world.bell, device_tag="my old printer")

    with at(app, world.maple):
        assert (ticket_of(number).device_id, ticket_of(number).device_tag) == (None, "my old printer")


def test_a_photo_from_an_iphone_becomes_one_that_everybody_sees(
    app: Flask, client: PageClient, world: World
) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")

    sent = client.submit(new, "/requests", title="See photo", files=[(picture(), "IMG_1.HEIC")], status=303)

    page = client.follow(sent)
    image = page.one("img", class_="pictures__picture")
    assert image["alt"] == "IMG_1.jpg"
    with at(app, world.maple):
        assert db.session.scalars(select(Attachment)).one().content_type == "image/jpeg"


def test_a_double_click_is_one_ticket(app: Flask, client: PageClient, world: World) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")

    first = client.submit(new, "/requests", title="Twice", status=303)
    second = client.submit(new, "/requests", title="Twice", status=303)

    assert first.location == second.location
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 1


def test_without_a_title_it_says_so_and_keeps_the_rest(client: PageClient, world: World) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")

    for htmx in (False, True):
        page = client.submit(new, "/requests", title=" ", text="Kept.", status=422, htmx=htmx)
        assert "Say in a few words what you need help with." in page.text
        assert "Kept." in page.one("textarea").text
        assert page.is_whole is not htmx


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_too_many_or_too_large_files_are_refused_in_a_sentence(client: PageClient, world: World) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")

    many = [(io.BytesIO(b"x"), f"{nth}.txt") for nth in range(11)]
    page = client.submit(new, "/requests", title="Files", files=many, status=422)
    assert "Choose at most 10 files. You chose 11." in page.text

    large = [(io.BytesIO(b"x" * (15 * 1024 * 1024 + 1)), "large.txt")]
    page = client.submit(new, "/requests", title="Files", files=large, status=422)
    assert "A file may have at most 15 MB." in page.text
    del page, large
    gc.collect()  # werkzeug's test client leaves a temporary file open, and says so in somebody else's test


def test_a_damaged_picture_is_refused_and_the_words_stay(
    app: Flask, client: PageClient, world: World
) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")

    damaged = [(io.BytesIO(picture("JPEG").read()[:60]), "x.jpg")]
    page = client.submit(new, "/requests", title="Look", files=damaged, status=422)

    assert "is damaged and cannot be shown" in page.text
    assert page.one("input", name="title")["value"] == "Look"
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 0


@pytest.mark.parametrize("field", ["room_id", "category_id"])
def test_what_is_not_of_this_school_cannot_be_chosen(client: PageClient, world: World, field: str) -> None:
    new = client.sign_in(world.bell).get("/maple/requests/new")
    strange = {
        "room_id": world.birch.rooms["North", "Room 204"],
        "category_id": world.birch.categories["Printer"],
    }[field]

    page = client.submit(new, "/requests", title="Hello", **{field: str(strange)}, status=422)

    assert "Choose one from the list." in page.text


def test_who_has_no_school_is_asked_for_it(app: Flask, client: PageClient, world: World) -> None:
    with at(app, world.maple):
        db.session.get_one(Person, world.bell.person_id).school_id = None
        db.session.commit()
    new = client.sign_in(world.bell).get("/maple/requests/new")

    cedar = str(world.maple.schools["Cedar"])
    client.submit(new, "/requests", title="Somewhere", school_id=cedar, status=303)

    with at(app, world.maple):
        assert str(db.session.scalars(select(Ticket)).one().school_id) == cedar


def test_my_requests_are_mine_alone(app: Flask, client: PageClient, world: World) -> None:
    ask(app, world.bell, "Hers")
    ask(app, world.ortiz, "His")
    ask(app, world.quincy, "A stranger's")

    page = client.sign_in(world.bell).get("/maple/requests", status=200)

    assert [link.text for link in page.all("a", class_="cards__link")] == ["Hers"]


def test_my_requests_go_on_page_after_page(app: Flask, client: PageClient, world: World) -> None:
    for nth in range(30):
        ask(app, world.bell, f"Request {nth}")

    first = client.sign_in(world.bell).get("/maple/requests")
    second = client.get(first.one("a", rel="next")["href"])

    titles = [link.text for page in (first, second) for link in page.all("a", class_="cards__link")]
    assert titles == [f"Request {nth}" for nth in reversed(range(30))]
    assert client.get("/maple/requests?after=nonsense", status=200).text == first.text


def test_somebody_elses_request_is_not_there(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)

    for stranger, slug in ((world.ortiz, "maple"), (world.tess, "maple"), (world.quincy, "birch")):
        client.sign_out().sign_in(stranger)
        client.get(f"/{slug}/requests/{number}", status=404)
        for door in ("answers", "solution", "reopening"):
            client.post(f"/{slug}/requests/{number}/{door}", {"text": "x"}, status=404)


@pytest.mark.parametrize("htmx", [False, True])
def test_her_answer_opens_what_waited_for_it(
    app: Flask, client: PageClient, world: World, htmx: bool
) -> None:
    number = ask(app, world.bell)
    desk_says(app, world, number, "Which lamp is on?", then="wait")
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")
    assert "Which lamp is on?" in page.text
    assert "Waiting for your answer" in page.text

    sent = client.submit(page, "/answers", text="The red one.", status=200 if htmx else 303, htmx=htmx)

    shown = sent if htmx else client.follow(sent)
    assert "The red one." in shown.text
    assert "Your answer is sent." in shown.text
    with at(app, world.maple):
        assert ticket_of(number).state == "open"


def test_she_closes_it_and_opens_it_again(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")

    closed = client.submit(page, "/solution", status=200, htmx=True)
    assert "says it works now, and closed this" in closed.text
    client.submit(client.get(f"/maple/requests/{number}"), "/reopening", status=303)

    with at(app, world.maple):
        assert ticket_of(number).state == "open"
        assert messages() == []


def test_a_week_later_she_asks_anew_and_the_two_are_seen_together(
    app: Flask, client: PageClient, world: World
) -> None:
    with clock.frozen(clock.now() - timedelta(days=8)):
        number = ask(app, world.bell)
        desk_says(app, world, number, "Mended.", then="close")
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")
    client.post(f"/maple/requests/{number}/answers", {"text": "Again!"}, status=422)
    client.post(f"/maple/requests/{number}/reopening", {}, status=422)

    new = client.get(next(link["href"] for link in page.all("a") if link.text == "Ask again"))
    client.submit(new, "/requests", status=303)

    with at(app, world.maple):
        assert ticket_of(number).state == "closed"
        assert ticket_of(number + 1).follows_id == ticket_of(number).id


def test_a_note_among_technicians_is_nowhere_in_her_page(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        note = Answer(text="She always does that.", kind=ReplyKind.INTERNAL)
        replying.answer_from_desk(ticket_of(number), note, by=world.tess.account())
        db.session.commit()

    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")
    listed = client.get("/maple/requests")

    assert "She always does that." not in page.html + listed.html
    assert "answer" not in listed.one("p", class_="cards__meta").text
    with at(app, world.maple):
        assert messages() == []


def test_a_note_does_not_stop_her_answer(app: Flask, client: PageClient, world: World) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")
    with at(app, world.maple):
        note = Answer(text="Psst.", kind=ReplyKind.INTERNAL)
        replying.answer_from_desk(ticket_of(number), note, by=world.tess.account())
        db.session.commit()

    client.submit(page, "/answers", text="It got worse.", status=303)


def test_she_sees_what_was_answered_meanwhile_before_hers_is_sent(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell)
    page = client.sign_in(world.bell).get(f"/maple/requests/{number}")
    desk_says(app, world, number, "Try the other cable.")

    refused = client.submit(page, "/answers", text="Anybody there?", status=422)
    assert "This happened while you were writing" in refused.text
    assert "Anybody there?" in refused.one("textarea").text
    client.submit(refused, "/answers", status=303)

    with at(app, world.maple):
        assert [reply.text for reply in replies_of(number)] == ["Try the other cable.", "Anybody there?"]


def test_a_formatted_mail_shows_no_heading_of_its_own_and_loads_nothing(
    app: Flask, client: PageClient, world: World
) -> None:
    from tests.helpdesk.desk import comes_in, written

    html = '<h1 onclick="x()">Big</h1><img src="https://spy.example/p.gif"><img src="cid:none"><script>x</script>'
    comes_in(app, world.maple, written(world.bell.email, html=html))

    page = client.sign_in(world.bell).get("/maple/requests/1001", status=200)

    assert "Big" in page.text
    assert not re.search(r"spy\.example|<script>x|cid:", page.html)
