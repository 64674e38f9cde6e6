"""Opening day: the mail that came while the district was being prepared is filed by itself, once and in order."""

from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.admin.actions import naming
from app.core import clock
from app.core.db import db
from app.core.queue import Work
from app.helpdesk.actions import catching_up, filing, intake
from app.helpdesk.models.inbound_email import MailState
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from jobs import run_work
from tests.helpdesk.desk import at, comes_in, mail_of, messages, written
from tests.page_client import PageClient
from tests.web.test_district import set_state
from tests.world import World


def came_before(app: Flask, world: World, nth: int, **options) -> UUID:
    raw = written(world.bell.email, f"Number {nth}", message_id=f"<{nth}@maple.example>")
    return comes_in(app, world.maple, raw, **options)


def opens(app: Flask, world: World) -> None:
    with at(app, world.maple):
        naming.open_for_all()


def does_its_work(app: Flask, world: World) -> int:
    """All there is to be done, the first to come first; how many pieces it was."""
    done = 0
    while True:
        with at(app, world.maple):
            first = db.session.scalars(select(Work).order_by(Work.due_at).limit(1)).first()
        if first is None:
            return done
        with app.app_context():
            run_work(str(world.maple.id), str(first.id))
        done += 1


@pytest.fixture
def preparing(app: Flask, world: World) -> None:
    set_state(app, world, "preparing")


@pytest.mark.usefixtures("preparing")
def test_it_is_filed_and_answered_in_the_order_in_which_it_came(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "AT_ONCE", 2)
    mails = [came_before(app, world, nth) for nth in range(5)]
    assert does_its_work(app, world) > 0  # what the door rang for

    opens(app, world)
    does_its_work(app, world)

    with at(app, world.maple):
        assert {mail_of(id).state for id in mails} == {MailState.FILED}
        tickets = db.session.scalars(select(Ticket).order_by(Ticket.number)).all()
        assert [ticket.title for ticket in tickets] == [f"Number {nth}" for nth in range(5)]
        assert [message.kind for message in messages()] == ["ticket_received"] * 5
        assert not any(message.reason for message in messages())


@pytest.mark.usefixtures("preparing")
def test_what_a_lead_has_decided_on_stays_as_it_is(app: Flask, world: World) -> None:
    filed, put_aside, left = [came_before(app, world, nth) for nth in range(3)]
    with at(app, world.maple):
        by, requester = world.lena.account(), db.session.get_one(Person, world.bell.person_id)
        ticket = filing.file_as_new(mail_of(filed), requester=requester, by=by)
        filing.discard(mail_of(put_aside), by=by)
        db.session.commit()
        number = ticket.number

    opens(app, world)
    does_its_work(app, world)

    with at(app, world.maple):
        assert mail_of(filed).ticket_id == Ticket.find(number).id
        assert (mail_of(put_aside).state, mail_of(left).state) == (MailState.DISCARDED, MailState.FILED)
        assert len(db.session.scalars(select(Ticket)).all()) == 2


@pytest.mark.usefixtures("preparing")
def test_it_becomes_work_once_in_statements_that_stay_small(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "AT_ONCE", 3)
    mails = [came_before(app, world, nth) for nth in range(7)]
    does_its_work(app, world)
    opens(app, world)
    opens(app, world)
    sizes = []

    def count(*given) -> None:
        if given[2].startswith("INSERT INTO work"):
            sizes.append(len(given[3]) if given[5] else 1)

    with at(app, world.maple):
        event.listen(db.engine, "before_cursor_execute", count)
        try:
            after = None
            while True:
                catching_up.go_on(after)
                db.session.commit()
                following = select(Work.subject_id).where(Work.job == "jobs.helpdesk.catch_up")
                found = db.session.scalars(following.order_by(Work.made_at.desc())).first()
                if found == after:
                    break
                after = found
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
        taken = select(Work.subject_id).where(Work.job == "jobs.helpdesk.take_in").order_by(Work.due_at)
        assert db.session.scalars(taken).all() == mails
    assert max(sizes) == 3


@pytest.mark.usefixtures("preparing")
def test_the_same_mail_by_two_ways_is_one_ticket_weeks_later(app: Flask, world: World) -> None:
    with clock.frozen(clock.now() - timedelta(days=20)):
        first = came_before(app, world, 1)
        second = came_before(app, world, 1, mailbox="alias@maple.example")

    opens(app, world)
    does_its_work(app, world)

    with at(app, world.maple):
        assert mail_of(first).state == MailState.FILED
        assert (mail_of(second).reason, mail_of(second).same_as_id) == ("again", first)


@pytest.mark.usefixtures("preparing")
def test_mail_that_is_in_hand_while_the_district_opens_is_filed_as_well(app: Flask, world: World) -> None:
    email_id = came_before(app, world, 1, receive=False)
    opening = Thread(target=opens, args=(app, world))
    with at(app, world.maple):
        intake.receive(email_id)  # it is held, and nobody else knows yet
        opening.start()
        opening.join(0.5)
        waited = opening.is_alive()
        db.session.commit()
    opening.join()

    does_its_work(app, world)

    assert waited
    with at(app, world.maple):
        assert mail_of(email_id).state == MailState.FILED


def test_the_page_says_how_much_waits(app: Flask, world: World, client: PageClient) -> None:
    set_state(app, world, "preparing")
    client.sign_in(world.adams)
    assert "come in already" not in client.get("/maple/admin/opening-day").text
    came_before(app, world, 1)
    assert "1 email has come in already" in client.get("/maple/admin/opening-day").text
    came_before(app, world, 2)
    page = client.get("/maple/admin/opening-day")
    assert "2 emails have come in already, to be filed and answered once you open." in page.text

    shown = client.follow(client.post("/maple/admin/opening-day/open", status=303))

    assert "Mail that came before is being filed: 2." in shown.one(id="flashes").text
    assert "come in already" not in shown.one("main").text
