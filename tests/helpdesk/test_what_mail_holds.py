"""What was in a mail, as the ticket shows it."""

import zlib

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.helpdesk.actions import attaching
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import (
    at,
    comes_in,
    messages,
    photo,
    written,
)
from tests.integrations.outlook import winmail
from tests.page_client import PageClient
from tests.world import World


def test_a_damaged_picture_is_kept_as_it_came(app: Flask, world: World) -> None:
    damaged = photo()[:40]

    comes_in(app, world.maple, written(world.bell.email, files=(("x.jpg", "image/jpeg", damaged),)))

    with at(app, world.maple):
        file = db.session.scalars(select(Attachment)).one()
        assert (file.content_type, file.thumbnail_key, file.size) == (
            "application/octet-stream",
            None,
            len(damaged),
        )


def test_a_mail_without_a_subject_or_text_is_still_a_ticket(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, "", ""))

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().title == "(no subject)"


def test_template_signs_stay_what_they_are(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, "{{ 7*7 }} {% raw %}", "{{ config }}"))

    with at(app, world.maple):
        assert db.session.scalars(select(Ticket)).one().title == "{{ 7*7 }} {% raw %}"
        assert "{{ 7*7 }} {% raw %}" in messages()[-1].subject


def test_how_a_mail_was_read_is_told_to_technicians_and_not_to_the_requester(
    app: Flask, world: World, client: PageClient
) -> None:
    parcel = ("winmail.dat", "application/ms-tnef", winmail({"plan.txt": b"x"}))
    comes_in(app, world.maple, written(world.bell.email, files=(parcel,)))
    with at(app, world.maple):
        number = db.session.scalars(select(Ticket)).one().number
        assert [one.name for one in db.session.scalars(select(Attachment))] == ["plan.txt"]

    remark = "Outlook packed a file into winmail.dat. It was unpacked."
    assert remark in client.sign_in(world.tess).get(f"/maple/tickets/{number}").text
    assert remark not in client.sign_in(world.bell).get(f"/maple/requests/{number}").text


def test_an_invitation_is_told_in_the_zone_of_the_district(app: Flask, world: World) -> None:
    calendar = b"BEGIN:VEVENT\r\nSUMMARY:Tea\r\nDTSTART:20261123T141500Z\r\nEND:VEVENT\r\n"

    comes_in(app, world.maple, written(world.bell.email, files=(("x.ics", "text/calendar", calendar),)))

    with at(app, world.maple):
        assert "8:15 am (America/Chicago)" in db.session.scalars(select(Ticket)).one().text
        assert db.session.scalars(select(Attachment)).one().name == "x.ics"


def test_an_encrypted_mail_is_a_ticket_that_says_so_and_has_the_file(app: Flask, world: World) -> None:
    block = "-----BEGIN PGP MESSAGE-----\n\nhQE\n-----END PGP MESSAGE-----\n"

    comes_in(app, world.maple, written(world.bell.email, text=block))

    with at(app, world.maple):
        assert "encrypted, so it cannot be read here" in db.session.scalars(select(Ticket)).one().text
        assert db.session.scalars(select(Attachment)).one().name == "encrypted.asc"


def test_pictures_are_kept_as_they_came_once_drawing_them_took_too_long(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attaching, "DRAWING_SECONDS", -1.0)

    comes_in(app, world.maple, written(world.bell.email, files=(("x.jpg", "image/jpeg", photo()),)))

    with at(app, world.maple):
        file = db.session.scalars(select(Attachment)).one()
        assert (file.content_type, file.size) == ("application/octet-stream", len(photo()))


def test_a_picture_that_claims_more_than_it_is_is_kept_and_never_drawn(app: Flask, world: World) -> None:
    """A PNG of 60,000 by 60,000: some eleven gigabytes, in a few hundred bytes."""
    size = (60_000).to_bytes(4, "big") * 2
    header = b"IHDR" + size + b"\x08\x02\x00\x00\x00"
    bomb = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    pixels = b"IDAT" + zlib.compress(b"\0" * 100_000)
    bomb += (len(pixels) - 4).to_bytes(4, "big") + pixels + zlib.crc32(pixels).to_bytes(4, "big")

    comes_in(app, world.maple, written(world.bell.email, files=(("big.png", "image/png", bomb),)))

    with at(app, world.maple):
        file = db.session.scalars(select(Attachment)).one()
        assert (file.content_type, file.size, file.thumbnail_key) == (
            "application/octet-stream",
            len(bomb),
            None,
        )
