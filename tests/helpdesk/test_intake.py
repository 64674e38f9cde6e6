"""A mail comes in."""

import io
import zlib
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from app.core import clock, storage
from app.core.db import db
from app.core.queue import TryAgain, Work
from app.core.storage import StorageAway, StorageFull
from app.helpdesk.actions import attaching, clearing, intake, replying, working
from app.helpdesk.actions.replying import Answer
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.notices.models.mail_setting import MailSetting
from tests.helpdesk.desk import ask, at, comes_in, mail_of, messages, replies_of, ticket_of, written
from tests.integrations.outlook import winmail
from tests.page_client import PageClient
from tests.world import World


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    return out.getvalue()


def vouch_for(app: Flask, world: World) -> str:
    """Maple's own mail server signs what it has checked; the header with which it does."""
    with at(app, world.maple):
        db.session.add(MailSetting(driver="maildir", authserv_id="mx.maple.example"))
        db.session.commit()
    return "mx.maple.example; dmarc=pass header.from=maple.example"


def answered_by_desk(
    app: Flask, world: World, number: int, text: str = "Try the other cable.", then: str = "wait"
) -> str:
    """Tess answers; the Message-ID of the mail to the requester."""
    with at(app, world.maple):
        replying.answer_from_desk(ticket_of(number), Answer(text=text), by=world.tess.account(), then=then)
        db.session.commit()
        message_id = messages()[-1].message_id
        assert message_id is not None
        return message_id


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


def test_closing_without_a_word_is_mailed_once(app: Flask, world: World) -> None:
    number = ask(app, world.bell)

    for _ in range(2):
        with at(app, world.maple):
            working.close(ticket_of(number), by=world.tess.account())
            db.session.commit()

    with at(app, world.maple):
        assert [one.kind for one in messages()] == ["ticket_closed"]


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
