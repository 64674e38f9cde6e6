"""Lines of a ticket's timeline, on their way into the database."""

from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.helpdesk.models.event import TicketEvent
from tests.helpdesk.desk import ask, at, ticket_of
from tests.world import World


def test_what_a_savepoint_took_back_did_not_happen(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        tess = world.tess.account()
        savepoint = db.session.begin_nested()
        ticket_of(number).note("came_back", tess, to="a", because="b")
        savepoint.rollback()
        ticket_of(number).close(tess)
        db.session.commit()

        assert happened(number) == ["opened", "closed"]


def test_a_savepoint_takes_back_nothing_of_before(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).close(world.tess.account())
        db.session.begin_nested().rollback()
        db.session.commit()

        assert happened(number) == ["opened", "closed"]


def test_it_is_told_of_a_ticket_that_did_not_change(app: Flask, world: World) -> None:
    number = ask(app, world.bell)
    with at(app, world.maple):
        ticket_of(number).tell("went_on", world.tess.account(), number=number + 1)
        db.session.commit()

        assert happened(number) == ["opened", "went_on"]


def happened(number: int) -> list[str]:
    ticket = ticket_of(number)
    told = select(TicketEvent.what).where(TicketEvent.ticket_id == ticket.id)
    return list(db.session.scalars(told.order_by(TicketEvent.id)))
