"""Files are served only here, to be saved, to those who may see what they came with."""

import io

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.core import storage
from app.core.db import db
from app.helpdesk.actions import replying
from app.helpdesk.actions.attaching import Upload
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.reply import ReplyKind
from tests.helpdesk.desk import ask, at, ticket_of
from tests.page_client import PageClient
from tests.world import World


def picture() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (41.0, 52.0, 43.0)}
    Image.new("RGB", (1000, 500), "blue").save(out, "JPEG", exif=exif)
    return out.getvalue()


def attached(app: Flask, world: World, name: str, data: bytes, kind: ReplyKind = ReplyKind.PUBLIC) -> str:
    number = ask(app, world.bell)
    with at(app, world.maple):
        file = Upload(name, "image/svg+xml", data)
        replying.answer_from_desk(
            ticket_of(number), Answer(text="See file.", kind=kind), by=world.tess.account(), files=[file]
        )
        db.session.commit()
        return str(db.session.scalars(select(Attachment)).one().id)


def test_the_requester_saves_it_and_no_page_can_run_it(app: Flask, client: PageClient, world: World) -> None:
    id = attached(app, world, "a.pdf", b"%PDF-1.4 hello")

    file = client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=200)

    assert file.data == b"%PDF-1.4 hello"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in file.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("page.html", b"<!doctype html><script>alert(1)</script>", "text/plain"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "text/plain"),
        ("photo.jpg", b"\x00\x01 not a photo", "application/octet-stream"),
        ("bad\r\nX-Injected: 1.txt", b"hello", "text/plain"),
    ],
)
def test_what_a_file_is_its_bytes_say_and_only_harmless_types_are_named(
    app: Flask, client: PageClient, world: World, name: str, data: bytes, kind: str
) -> None:
    id = attached(app, world, name, data)

    file = client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=200)

    assert file.response.mimetype == kind
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert "X-Injected" not in file.headers
    client.get(f"/maple/attachments/{id}/thumbnail", status=404)


def test_a_picture_is_drawn_anew_without_its_place_and_has_a_thumbnail(
    app: Flask, client: PageClient, world: World
) -> None:
    id = attached(app, world, "photo.jpg", picture())

    whole = client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=200)
    small = client.get(f"/maple/attachments/{id}/thumbnail", status=200)

    assert not Image.open(io.BytesIO(whole.data)).getexif()
    assert max(Image.open(io.BytesIO(small.data)).size) == 480
    assert small.response.mimetype == "image/jpeg"
    assert small.headers["Content-Disposition"].startswith("inline")
    assert small.headers["Content-Security-Policy"].startswith("sandbox")


def test_it_follows_the_ticket(app: Flask, client: PageClient, world: World) -> None:
    id = attached(app, world, "photo.jpg", picture())

    for who, status in (
        (world.bell, 200),
        (world.tess, 200),
        (world.lena, 200),
        (world.ortiz, 404),
        (world.sam, 404),
        (world.adams, 404),
    ):
        client.sign_out().sign_in(who)
        client.get(f"/maple/attachments/{id}", status=status)
        client.get(f"/maple/attachments/{id}/thumbnail", status=status)
    client.sign_out().sign_in(world.quinn).get(f"/birch/attachments/{id}", status=404)
    client.sign_out().get(f"/maple/attachments/{id}", status=303)


def test_a_file_of_a_note_is_for_technicians_alone(app: Flask, client: PageClient, world: World) -> None:
    id = attached(app, world, "photo.jpg", picture(), ReplyKind.INTERNAL)

    client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=404)
    client.get(f"/maple/attachments/{id}/thumbnail", status=404)
    assert id not in client.get("/maple/requests/1001", status=200).html

    client.sign_out().sign_in(world.tess).get(f"/maple/attachments/{id}", status=200)


def test_a_file_that_is_gone_is_not_found(app: Flask, client: PageClient, world: World) -> None:
    id = attached(app, world, "a.txt", b"hello")
    with at(app, world.maple):
        storage.delete(db.session.scalars(select(Attachment)).one().storage_key)

    assert (
        "This file is no longer here."
        in client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=404).text
    )


def test_a_file_that_cannot_be_reached_is_asked_for_later(
    app: Flask, client: PageClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = attached(app, world, "a.txt", b"hello")

    def away(_: str) -> None:
        raise storage.StorageAway

    monkeypatch.setattr(storage, "open", away)

    page = client.sign_in(world.bell).get(f"/maple/attachments/{id}", status=503)
    assert "Please try again in a few minutes." in page.text


def test_a_refused_file_leaves_nothing_behind(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        good, bad = Upload("a.txt", "", b"hello"), Upload("b.jpg", "", picture()[:80])
        with pytest.raises(Exception, match="damaged"):
            replying.answer_from_desk(
                ticket_of(number), Answer(text="See."), by=world.tess.account(), files=[good, bad]
            )
        db.session.rollback()
        assert list(storage.keys("attachments")) == []
