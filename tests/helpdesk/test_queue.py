"""The technicians' queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.core import clock
from app.core.db import db, uuid7
from app.core.loading import load
from app.helpdesk.actions import working
from app.helpdesk.models import queue
from app.helpdesk.models.ticket import Ticket
from tests.helpdesk.desk import ask, at, ticket_of
from tests.page_client import Page, PageClient
from tests.world import Player, World


def titles(page: Page) -> list[str]:
    return [row.all("a")[0].text for row in page.all("th", class_="table__main")]


def many(app: Flask, who: Player, count: int, **columns: Any) -> None:
    """So many open tickets at once, each a minute livelier than the one before."""
    with at(app, who.district):
        began = clock.now() - timedelta(days=2)
        rows = [
            {
                "number": 5000 + nth,
                "title": f"Ticket {nth}",
                "school_id": who.district.schools["North"],
                "requester_id": who.person_id,
                "last_activity_at": began + timedelta(minutes=nth),
                **columns,
            }
            for nth in range(count)
        ]
        load(Ticket, rows, source="a test")
        db.session.commit()


@contextmanager
def counted_questions(app: Flask) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_most_urgent_and_longest_waiting_come_first(app: Flask, client: PageClient, world: World) -> None:
    for title, urgency in (
        ("calm", "low"),
        ("first", "normal"),
        ("second", "normal"),
        ("stop", "class_stopped"),
    ):
        ask(app, world.bell, title, urgency=urgency)

    page = client.sign_in(world.tess).get("/maple/tickets", status=200)

    assert titles(page) == ["stop", "first", "second", "calm"]


def test_it_shows_the_schools_of_a_technician_and_no_other(
    app: Flask, client: PageClient, world: World
) -> None:
    ask(app, world.bell, "at North")
    ask(app, world.ortiz, "at Cedar")
    ask(app, world.quincy, "at Birch")

    assert titles(client.sign_in(world.tess).get("/maple/tickets")) == ["at North", "at Cedar"]
    client.sign_out().sign_in(world.sam)
    assert titles(client.get("/maple/tickets")) == ["at Cedar"]
    assert titles(client.get(f"/maple/tickets?school={world.maple.schools['North']}")) == []
    assert titles(client.get("/maple/tickets?q=North&state=any")) == []
    client.sign_out().sign_in(world.quinn)
    assert titles(client.get("/birch/tickets")) == ["at Birch"]


def test_a_teacher_and_an_admin_have_no_queue(client: PageClient, world: World) -> None:
    for who in (world.bell, world.adams):
        client.sign_out().sign_in(who).get("/maple/tickets", status=404)


def test_filters_and_whose(app: Flask, client: PageClient, world: World) -> None:
    numbers = {title: ask(app, world.bell, title) for title in ("mine", "free", "waits", "done")}
    with at(app, world.maple):
        tess = world.tess.account()
        working.take(ticket_of(numbers["mine"]), seen=None, by=tess)
        ticket_of(numbers["waits"]).wait(tess)
        working.close(ticket_of(numbers["done"]), by=tess)
        db.session.commit()
    client.sign_in(world.tess)

    assert titles(client.get("/maple/tickets?whose=mine")) == ["mine"]
    assert set(titles(client.get("/maple/tickets?whose=unassigned"))) == {"free", "waits"}
    assert titles(client.get("/maple/tickets?state=waiting")) == ["waits"]
    assert titles(client.get("/maple/tickets?state=new")) == ["free"]
    assert titles(client.get("/maple/tickets?state=closed")) == ["done"]
    assert titles(client.get("/maple/tickets?sort=oldest")) == ["mine", "free", "waits"]
    assert titles(client.get("/maple/tickets?sort=newest&state=any")) == ["done", "waits", "free", "mine"]


@pytest.mark.parametrize(
    "query",
    [
        "sort=text",
        "sort=requester__email",
        "state=gone",
        "whose=%00",
        "school=x",
        "after=1.2.3",
        "before=%F0%9F",
        "after=9" * 3,
    ],
)
def test_names_that_are_not_on_the_list_change_nothing(
    app: Flask, client: PageClient, world: World, query: str
) -> None:
    ask(app, world.bell, "here")

    assert titles(client.sign_in(world.tess).get(f"/maple/tickets?{query}", status=200)) == ["here"]


def test_search_finds_words_tags_and_numbers_in_any_state(
    app: Flask, client: PageClient, world: World
) -> None:
    number = ask(app, world.bell, "Grüne Streifen am Projektor", device_tag="CB-0002")
    ask(app, world.bell, "Printer")
    with at(app, world.maple):
        working.close(ticket_of(number), by=world.tess.account())
        db.session.commit()
    client.sign_in(world.tess)

    for typed in ("grune streifen", "cb-0002", f"%23{number}", str(number)):
        assert titles(client.get(f"/maple/tickets?q={typed}")) == ["Grüne Streifen am Projektor"], typed


@pytest.mark.parametrize("query", ["", "sort=newest", "sort=oldest", "state=closed", "whose=unassigned"])
def test_pages_go_forth_and_back_without_a_gap(
    app: Flask, client: PageClient, world: World, query: str
) -> None:
    closed = query == "state=closed"
    many(app, world.bell, 60, **({"state": "closed", "closed_at": clock.now()} if closed else {}))
    client.sign_in(world.tess)

    pages = [client.get(f"/maple/tickets?{query}")]
    while following := pages[-1].all("a", rel="next"):
        pages.append(client.get(following[0]["href"]))
    there = [title for page in pages for title in titles(page)]
    back = [pages[-1]]
    while previous := back[-1].all("a", rel="prev"):
        back.append(client.get(previous[0]["href"]))

    assert len(pages) == 3
    assert len(there) == len(set(there)) == 60
    assert [titles(page) for page in reversed(back)] == [titles(page) for page in pages]


def test_counts_stop_at_ninety_nine(app: Flask, client: PageClient, world: World) -> None:
    many(app, world.bell, 130)

    page = client.sign_in(world.tess).get("/maple/tickets")

    counts = [one.text for one in page.all("span", class_="count")]
    assert counts == ["99+ open", "0 open", "99+ open"]


def test_the_queue_asks_few_questions_and_never_for_everything(
    app: Flask, client: PageClient, world: World
) -> None:
    many(app, world.bell, 60)
    client.sign_in(world.tess).get("/maple/tickets")

    with counted_questions(app) as asked:
        client.get("/maple/tickets", status=200)

    assert len(asked) <= 12, "\n".join(asked)
    assert not any("tickets.text" in question or "folded" in question for question in asked)


def test_a_refreshed_part_is_the_results_alone(app: Flask, client: PageClient, world: World) -> None:
    ask(app, world.bell, "here")
    client.sign_in(world.tess)

    part = client.get("/maple/tickets?sort=newest", htmx=True, status=200)
    restored = client.get("/maple/tickets", htmx=True, headers={"HX-History-Restore-Request": "true"})

    assert not part.is_whole
    assert titles(part) == ["here"]
    assert restored.is_whole


def test_each_way_of_asking_has_its_index(app: Flask, world: World) -> None:
    """With many closed tickets behind them, the open ones are read in an index's order and not sorted."""
    with at(app, world.maple):
        rows = [
            {
                "id": uuid7(),
                "number": 10_000 + nth,
                "title": f"Ticket {nth}",
                "school_id": world.maple.schools["North" if nth % 3 else "Cedar"],
                "requester_id": world.bell.person_id,
                "assignee_id": world.tess.id if nth % 4 == 0 else None,
                "state": "closed" if nth % 20 else "new",
                "closed_at": clock.now() if nth % 20 else None,
            }
            for nth in range(20_000)
        ]
        load(Ticket, rows, source="a test")
        db.session.commit()
    with app.app_context(), at(app, world.maple):
        explained = []

        def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if "tickets" in statement and not statement.startswith("EXPLAIN"):
                with cursor.connection.cursor() as beside:
                    beside.execute("EXPLAIN " + statement, parameters)
                    explained.append("\n".join(row[0] for row in beside.fetchall()))

        event.listen(db.engine, "before_cursor_execute", explain)
        try:
            schools = {world.maple.schools["Cedar"]}
            for asked, among in (
                (queue.Asked(), None),
                (queue.Asked(), schools),
                (queue.Asked(whose="mine"), None),
                (queue.Asked(whose="unassigned"), None),
                (queue.Asked(state="waiting"), None),
                (queue.Asked(sort="oldest"), None),
                (queue.Asked(state="closed"), None),
                (queue.Asked(state="closed"), schools),
                (queue.Asked(state="any"), None),
            ):
                queue.page(asked, schools=among, me=world.tess.id)
        finally:
            event.remove(db.engine, "before_cursor_execute", explain)

    assert len(explained) == 9
    for plan in explained:
        assert "Seq Scan on tickets" not in plan, plan
        assert "Index" in plan, plan
