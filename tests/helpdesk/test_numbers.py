"""Ticket numbers."""

from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.db import db, uuid7
from app.helpdesk.actions import opening
from app.helpdesk.actions.opening import Words
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from tests.helpdesk.desk import ask, at
from tests.world import World

WRITERS = 20
EACH = 50


def test_they_run_per_district_from_1001(app: Flask, world: World) -> None:
    assert [ask(app, world.bell), ask(app, world.quincy), ask(app, world.bell)] == [1001, 1001, 1002]


def test_a_thousand_created_by_twenty_at_once_are_distinct(app: Flask, world: World) -> None:
    faults: list[BaseException] = []

    def write() -> None:
        try:
            for nth in range(EACH):
                with at(app, world.maple):
                    requester = db.session.get_one(Person, world.bell.person_id)
                    opening.open_ticket(
                        Words(title=f"{nth}", text=""), requester=requester, by=world.bell.account()
                    )
                    db.session.commit()
        except BaseException as fault:
            faults.append(fault)

    _all_at_once(write, WRITERS)

    assert faults == []
    with at(app, world.maple):
        numbers = list(db.session.scalars(select(Ticket.number)))
    assert len(numbers) == len(set(numbers)) == WRITERS * EACH
    assert min(numbers) == 1001


def test_one_form_sent_ten_times_at_once_is_one_ticket(app: Flask, world: World) -> None:
    once, answered, start = uuid7(), [], Barrier(10)

    def send() -> None:
        with at(app, world.maple):
            requester = db.session.get_one(Person, world.bell.person_id)
            account = world.bell.account()
            start.wait()
            ticket = opening.open_ticket(
                Words(title="Once", text=""), requester=requester, by=account, once=once
            )
            answered.append(ticket.number)
            db.session.commit()

    _all_at_once(send, 10)

    assert len(answered) == 10
    assert len(set(answered)) == 1
    with at(app, world.maple):
        assert len(list(db.session.scalars(select(Ticket.id)))) == 1


def test_the_database_refuses_a_second_ticket_of_one_form(app: Flask, world: World) -> None:
    once = uuid7()
    with at(app, world.maple):
        requester = db.session.get_one(Person, world.bell.person_id)
        words, by = Words(title="Once", text=""), world.bell.account()
        opening.open_ticket(words, requester=requester, by=by, once=once)

        second = opening.prepared(words, requester=requester, once=once)
        opening.put_in(second, (), by=by, what="opened")
        with pytest.raises(IntegrityError, match="once"):
            db.session.flush()


def _all_at_once(work: object, how_many: int) -> None:
    assert callable(work)
    threads = [Thread(target=work) for _ in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
