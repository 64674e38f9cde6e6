"""A mail comes in: stored, filed once, and shown if it breaks."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock, storage
from app.core.db import db
from app.core.queue import TryAgain, Work
from app.core.storage import StorageAway, StorageFull
from app.helpdesk.actions import clearing, intake
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import at, comes_in, mail_of, messages, photo, replies_of, written
from tests.world import World


def test_a_teachers_mail_becomes_a_ticket_of_her_school(app: Flask, world: World) -> None:
    raw = written(
        world.bell.email, "Green stripe", "It began today.", files=(("stripe.jpg", "image/jpeg", photo()),)
    )

    email_id = comes_in(app, world.maple, raw)

    with at(app, world.maple):
        email = mail_of(email_id)
        ticket = db.session.get_one(Ticket, email.ticket_id)
        assert (ticket.title, ticket.text.strip()) == ("Green stripe", "It began today.")
        assert ticket.requester_id == world.bell.person_id
        assert ticket.school_id == world.maple.schools["North"]
        assert (ticket.channel, ticket.state, ticket.verified) == ("email", "new", False)
        file = db.session.scalars(select(Attachment)).one()
        assert (file.name, file.content_type, file.ticket_id) == ("stripe.jpg", "image/jpeg", ticket.id)


def test_it_is_acknowledged_once_in_its_thread(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email))

    with at(app, world.maple):
        (sent,) = messages()
        assert (sent.kind, sent.to_address) == ("ticket_received", world.bell.email)
        assert sent.in_reply_to == "<first@maple.example>"
        assert "<first@maple.example>" in sent.reference_ids


def test_a_receipt_waits_for_the_files(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    email_id = comes_in(app, world.maple, written(world.bell.email), acknowledge=False)

    with at(app, world.maple):
        assert not messages()
        with monkeypatch.context() as away:
            away.setattr(intake.storage, "open", _away)
            with pytest.raises(TryAgain):
                intake.acknowledge(email_id)
        assert not messages()
        intake.acknowledge(email_id)
        assert [one.kind for one in messages()] == ["ticket_received"]


def _away(key: str) -> None:
    raise StorageAway


def test_the_same_mail_twice_is_one_ticket(app: Flask, world: World) -> None:
    first = comes_in(app, world.maple, written(world.bell.email))
    second = comes_in(app, world.maple, written(world.bell.email))

    assert first == second
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(Ticket.id))) == 1


def test_one_message_id_for_two_mails_is_two_tickets(app: Flask, world: World) -> None:
    comes_in(app, world.maple, written(world.bell.email, "Projector"))
    comes_in(app, world.maple, written(world.bell.email, "Printer"))

    with at(app, world.maple):
        titles = set(db.session.scalars(select(Ticket.title)))
        # The second names the first's id, so it joins it: what counts is that neither is lost.
        texts = [
            reply.text for ticket in db.session.scalars(select(Ticket)) for reply in replies_of(ticket.number)
        ]
        assert len(titles) + len(texts) == 2


def test_a_provider_hands_the_same_mail_in_again(app: Flask, world: World) -> None:
    with at(app, world.maple):
        from app.core.directory import district_by_id

        card = district_by_id(world.maple.id)
        assert card is not None
        kept = [
            intake.store(
                card,
                mailbox=world.maple.desk,
                provider_id="file-1",
                envelope_from="",
                envelope_to=world.maple.desk,
                raw=raw,
            )
            for raw in (written(world.bell.email), written(world.bell.email, "changed by a relay"))
        ]

    assert kept[0] == kept[1]


def test_storing_rings_for_the_job_and_keeps_the_bytes(app: Flask, world: World) -> None:
    raw = written(world.bell.email)

    email_id = comes_in(app, world.maple, raw, receive=False)

    with at(app, world.maple):
        work = db.session.scalars(select(Work)).one()
        assert (work.job, work.subject_id, work.queue) == ("jobs.helpdesk.take_in", email_id, "intake")
        with storage.open(mail_of(email_id).storage_key) as kept:
            assert kept.read() == raw


def test_a_full_disk_says_so_before_anything_is_stored(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFull

    monkeypatch.setattr(storage, "put", full)

    with pytest.raises(StorageFull):
        comes_in(app, world.maple, written(world.bell.email))
    with at(app, world.maple):
        assert db.session.scalar(select(func.count(InboundEmail.id))) == 0


def test_a_mail_waits_for_files_that_cannot_be_reached(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_id = comes_in(app, world.maple, written(world.bell.email), receive=False)

    def away(*_: object) -> None:
        raise StorageAway

    with monkeypatch.context() as outage:
        outage.setattr(storage, "open", away)
        with at(app, world.maple), pytest.raises(TryAgain, match="tried again by itself"):
            intake.receive(email_id)
    with at(app, world.maple):
        intake.receive(email_id)
        assert mail_of(email_id).ticket_id is not None


def test_receiving_twice_files_once(app: Flask, world: World) -> None:
    email_id = comes_in(app, world.maple, written(world.bell.email))

    with at(app, world.maple):
        intake.receive(email_id)
        db.session.commit()
        assert db.session.scalar(select(func.count(Ticket.id))) == 1
        assert len(messages()) == 1


def test_a_mail_that_breaks_is_shown_and_the_next_has_its_turn(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = intake.parse

    def poisoned(raw: bytes, **kwargs: object) -> object:
        if b"poison" in raw:
            raise RuntimeError("broken")
        return whole(raw, **kwargs)

    monkeypatch.setattr(intake, "parse", poisoned)

    mails = [
        comes_in(
            app,
            world.maple,
            written(world.bell.email, "poison" if nth == 7 else f"mail {nth}", message_id=f"<{nth}@x>"),
        )
        for nth in range(20)
    ]

    with at(app, world.maple):
        states = [mail_of(one).state for one in mails]
        assert states.count("filed") == 19
        assert (mail_of(mails[7]).state, mail_of(mails[7]).reason) == ("failed", "fault")
        assert mails[7] in [one.id for one in db.session.scalars(InboundEmail.not_filed())]


def test_half_filed_is_not_filed(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(intake.threading, "remember", broken)

    email_id = comes_in(app, world.maple, written(world.bell.email))

    with at(app, world.maple):
        assert mail_of(email_id).state == "failed"
        assert db.session.scalar(select(func.count(Ticket.id))) == 0


def test_held_mail_is_erased_after_thirty_days(app: Flask, world: World) -> None:
    with clock.frozen(clock.now() - timedelta(days=31)):
        old = comes_in(app, world.maple, written("stranger@elsewhere.example"))
    new = comes_in(app, world.maple, written("stranger@elsewhere.example", "another"))
    with at(app, world.maple):
        key = mail_of(old).storage_key

    with at(app, world.maple):
        assert clearing.erase_old_mail() == 1
        db.session.commit()

    with at(app, world.maple):
        assert [one.id for one in db.session.scalars(select(InboundEmail))] == [new]
        with pytest.raises(storage.FileMissing):
            storage.open(key)


def test_the_same_mail_by_ten_roads_at_once_is_one_mail(app: Flask, world: World) -> None:
    raw, start, kept = written(world.bell.email), Barrier(10), []

    def store() -> None:
        start.wait()
        kept.append(comes_in(app, world.maple, raw, receive=False))

    threads = [Thread(target=store) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 10
    assert len(set(kept)) == 1
    with at(app, world.maple):
        assert len(list(storage.keys("mail"))) == 1
        assert db.session.scalar(select(func.count(Work.id))) == 1
