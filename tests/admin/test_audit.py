"""The audit log's page: complete for the auditor, and without a word of what people wrote."""

from datetime import timedelta

from app.core import clock
from app.core.actor import acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.helpdesk.models.ticket import Ticket
from app.roster.models.person import Person
from app.roster.models.school import School
from tests.page_client import PageClient
from tests.world import Player, World


def rename_school(app, by: Player, name: str) -> None:
    with app.app_context(), as_district(by.district.id), acting_as(by.account()):
        school = School.find(by.district.schools["Cedar"])
        assert school is not None
        school.name = name
        db.session.commit()


def test_it_says_who_changed_what_from_what(app, client: PageClient, world: World) -> None:
    rename_school(app, world.adams, "Cedar Middle")

    shown = client.sign_in(world.adams).get("/maple/admin/audit?what=schools")

    newest = shown.all("tbody")[0].all("tr")[0]
    assert "Ruth Adams" in newest.text
    assert "name: Cedar School → Cedar Middle" in newest.text


def test_a_ticket_is_told_without_its_words(app, client: PageClient, world: World) -> None:
    with app.app_context(), as_district(world.maple.id), acting_as(world.bell.account()):
        ticket = Ticket(
            title="Projector hums loudly",
            text="It hums since Monday.",
            school_id=world.maple.schools["North"],
            requester_id=world.bell.person_id,
        )
        ticket.get_number()
        db.session.add(ticket)
        db.session.commit()

    shown = client.sign_in(world.adams).get("/maple/admin/audit?what=tickets")

    assert "title: not shown (private)" in shown.text
    assert "school: North School" in shown.text
    assert "hums" not in shown.html.lower()


def test_a_persons_name_and_address_are_not_shown(app, client: PageClient, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        bell = Person.find(world.bell.person_id)
        assert bell is not None
        bell.email = "secretly@maple.example"
        db.session.commit()

    shown = client.sign_in(world.adams).get("/maple/admin/audit?what=people")

    assert "email: not shown (personal)" in shown.text
    assert "secretly" not in shown.html


def test_it_is_asked_by_person_and_day(app, client: PageClient, world: World) -> None:
    rename_school(app, world.adams, "Cedar Middle")
    client.sign_in(world.adams)
    today = clock.local(clock.now(), "America/Chicago").date()

    assert (
        "Cedar Middle" in client.get(f"/maple/admin/audit?by={world.adams.id}&day={today}").one("tbody").text
    )
    assert "Nothing was done" in client.get(f"/maple/admin/audit?by={world.tess.id}").text
    assert "Nothing was done" in client.get(f"/maple/admin/audit?day={today - timedelta(days=1)}").text


def test_nonsense_in_the_address_asks_for_nothing(client: PageClient, world: World) -> None:
    client.sign_in(world.adams)

    for nonsense in ("by=nobody&day=someday&before=ago", "what=%00'", "day=9999-12-31", f"before={10**30}"):
        client.get(f"/maple/admin/audit?{nonsense}", status=200)


def test_another_districts_entries_are_not_in_it(app, client: PageClient, world: World) -> None:
    rename_school(app, world.avery, "Birch's own secret")

    shown = client.sign_in(world.adams).get("/maple/admin/audit")

    assert "secret" not in shown.text
    assert "Nothing was done" in client.get(f"/maple/admin/audit?by={world.avery.id}").text


def test_older_entries_are_on_the_next_page(app, client: PageClient, world: World) -> None:
    for nth in range(60):
        rename_school(app, world.adams, f"Cedar {nth}")
    client.sign_in(world.adams)
    first = client.get("/maple/admin/audit?what=schools")
    older = next(link["href"] for link in first.all("a", rel="next"))

    second = client.get(older)

    assert "Cedar 58 → Cedar 59" in first.text
    assert "Cedar 58 → Cedar 59" not in second.text
    assert "Cedar School → Cedar 0" in second.text
