"""The operator sees nothing of a district but by its grant: for so long, of that kind, written down on both sides."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.admin.models.operator_visit import LONGEST, WAITS, OperatorVisit
from app.core import across_districts, clock
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.queue import Work
from app.core.tenancy import as_district
from app.notices.models.message import Message
from app.portal.models.operator_entry import OperatorEntry
from jobs import run_work
from tests.house import things
from tests.house.doors import ask, guarded, keys_of
from tests.page_client import Page, PageClient
from tests.portal.operators import Ops, signed_in
from tests.world import World

VISITS = "/maple/admin/operator"
OPENS = {"settings": {"admin", "notices"}, "desk": {"helpdesk"}}


@pytest.fixture
def ops(app: Flask, world: World) -> Ops:
    return signed_in(app)


@pytest.fixture
def admin(app: Flask, world: World) -> PageClient:
    return PageClient(app).sign_in(world.adams)


def grant(admin: PageClient, minutes: str = "15") -> Page:
    return admin.submit(admin.get(VISITS), "/grant", minutes=minutes)


def let_in(ops: Ops, admin: PageClient, scope: str = "settings", minutes: str = "15") -> None:
    ops.ask(scope=scope)
    assert grant(admin, minutes).status == 303


def do_all(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        waiting = [(str(one.district_id), str(one.id)) for one in db.session.scalars(select(Work))]
    for district_id, work_id in waiting:
        with app.app_context():
            run_work(district_id, work_id)


def visit_of(app: Flask, world: World) -> Any:
    with app.app_context(), as_district(world.maple.id):
        return db.session.scalars(select(OperatorVisit)).one()


def every_door(app: Flask, world: World) -> list[tuple[Any, str]]:
    made = things.make(app, world)
    return [(door, door.path(app, "maple", keys_of(door, made.north))) for door in guarded(app)]


def test_without_a_grant_every_door_is_404(app: Flask, ops: Ops, world: World) -> None:
    ops.ask()
    wrong = []
    for door, path in every_door(app, world):
        answer = ask(ops.client, door, path)
        if answer.status != 404:
            wrong.append(f"{door}: {answer.status}")

    assert wrong == []


@pytest.mark.parametrize("scope", ["settings", "desk"])
def test_with_one_they_look_at_its_rooms_and_change_nothing(
    app: Flask, ops: Ops, admin: PageClient, world: World, scope: str
) -> None:
    let_in(ops, admin, scope)
    wrong, seen = [], 0
    for door, path in every_door(app, world):
        answer = ask(ops.client, door, path)
        has_students = door.endpoint.startswith(("admin.imports", "admin.school_year"))
        inside = door.endpoint.partition(".")[0] in OPENS[scope] and not has_students
        expected = {200, 303, 404} if door.method == "GET" and inside else {403, 404} if inside else {404}
        seen += answer.status == 200
        if answer.status not in expected:
            wrong.append(f"{door}: {answer.status}")

    assert wrong == []
    assert seen > 5


def test_a_grant_for_maple_opens_nothing_of_birch(app: Flask, ops: Ops, admin: PageClient) -> None:
    let_in(ops, admin)

    assert ops.client.get("/maple/admin").status == 200
    assert ops.client.get("/birch/admin").status == 404


def test_another_operator_is_not_let_in_by_it(app: Flask, ops: Ops, admin: PageClient) -> None:
    other = signed_in(app, email="kim@operator.example", name="Kim")
    let_in(ops, admin)

    assert other.client.get("/maple/admin").status == 404


def test_it_ends_to_the_second(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    now = clock.now().replace(microsecond=0)
    with clock.frozen(now):
        let_in(ops, admin, minutes="15")
    with clock.frozen(now + timedelta(minutes=14, seconds=59)):
        assert ops.client.get("/maple/admin").status == 200
    with clock.frozen(now + timedelta(minutes=15)):
        assert ops.client.get("/maple/admin").status == 404


def test_it_lasts_an_hour_at_most(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    ops.ask()
    assert grant(admin, "600").status == 422
    assert grant(admin, "60").status == 303

    visit = visit_of(app, world)
    assert visit.expires_at - visit.granted_at == LONGEST == timedelta(minutes=60)
    with app.app_context(), as_district(world.maple.id):
        longer = update(OperatorVisit).values(expires_at=visit.granted_at + timedelta(minutes=61))
        with pytest.raises(IntegrityError):
            db.session.execute(longer)
        db.session.rollback()


def test_granting_wants_a_confirmation(app: Flask, ops: Ops, admin: PageClient) -> None:
    ops.ask()
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert grant(admin).location.startswith("/maple/profile/confirm")
    assert ops.client.get("/maple/admin").status == 404


def test_nobody_answers_for_their_own_district_but_its_admins(
    app: Flask, ops: Ops, admin: PageClient, world: World
) -> None:
    ops.ask()
    visit = visit_of(app, world)
    for who in (world.tess, world.lena, world.bell):
        client = PageClient(app).sign_in(who)
        assert client.post(f"{VISITS}/{visit.id}/grant", {"minutes": "15"}).status == 404
    avery = PageClient(app).sign_in(world.avery)
    assert avery.post(f"/birch/admin/operator/{visit.id}/grant", {"minutes": "15"}).status == 404
    assert ops.client.get("/maple/admin").status == 404


def test_what_nobody_answered_lapses(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    ops.ask()
    visit = visit_of(app, world)
    with clock.frozen(clock.now() + WAITS + timedelta(seconds=1)):
        later = PageClient(app).sign_in(world.adams)
        refused = later.follow(later.post(f"{VISITS}/{visit.id}/grant", {"minutes": "15"}))
        assert "too old" in refused.text


def test_either_side_ends_it(app: Flask, ops: Ops, admin: PageClient) -> None:
    let_in(ops, admin)
    assert ops.client.get("/maple/admin").status == 200
    admin.submit(admin.get(VISITS), "/end")
    assert ops.client.get("/maple/admin").status == 404

    let_in(ops, admin)
    assert ops.client.get("/maple/admin").status == 200
    page = ops.client.get("/operator")
    (form,) = [one for one in page.all("form") if "/leave" in (one.get("action") or "")]
    ops.client.submit(page, form["action"])
    assert ops.client.get("/maple/admin").status == 404


def test_another_operator_does_not_end_it(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    let_in(ops, admin)
    other = signed_in(app, email="kim@operator.example", name="Kim")
    visit = visit_of(app, world)
    token = other.client.get("/operator").form("/sign-out").all("input", name="token")[0]["value"]

    other.client.post(f"/operator/visits/{world.maple.id}/{visit.id}/leave", {"token": token})

    assert ops.client.get("/maple/admin").status == 200


def test_both_write_down_each_page(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    let_in(ops, admin)
    ops.client.get(f"/maple/admin/people/{world.bell.person_id}")
    visit = visit_of(app, world)

    with app.app_context(), as_district(world.maple.id):
        seen = select(AuditEntry).where(AuditEntry.did == "viewed", AuditEntry.by_kind == "operator")
        entries = [(one.by_id, one.what, one.which, one.changes) for one in db.session.scalars(seen)]
    told = {"page": "admin.people_show", "visit": str(visit.id)}
    assert (visit.operator_id, "people", world.bell.person_id, told) in entries
    with app.app_context(), across_districts.session() as across:
        own = [
            (one.did, one.district_id, one.visit_id, one.page, one.which)
            for one in across.scalars(select(OperatorEntry))
        ]
    assert ("asked to look", world.maple.id, visit.id, "", None) in own
    assert ("looked", world.maple.id, visit.id, "admin.people_show", world.bell.person_id) in own


def test_the_district_writes_down_asking_and_granting(
    app: Flask, ops: Ops, admin: PageClient, world: World
) -> None:
    let_in(ops, admin)

    with app.app_context(), as_district(world.maple.id):
        of_it = select(AuditEntry.by_kind, AuditEntry.did).where(AuditEntry.what == "operator_visits")
        assert {tuple(row) for row in db.session.execute(of_it)} == {
            ("operator", "created"),
            ("account", "changed"),
        }


def test_all_admins_are_told_when_it_is_asked_granted_and_used(
    app: Flask, ops: Ops, admin: PageClient, world: World
) -> None:
    said = []
    for step in (ops.ask, lambda: grant(admin), lambda: ops.client.get("/maple/admin")):
        begun = clock.now()
        step()
        with app.app_context(), as_district(world.maple.id):
            due = list(db.session.scalars(select(Work).where(Work.job.startswith("jobs.admin.tell_visit"))))
            assert [one.queue for one in due] == ["notifications"]
            assert due[0].due_at - begun < timedelta(minutes=1)
        do_all(app, world)
        with app.app_context(), as_district(world.maple.id):
            newest = select(Message).where(Message.kind == "operator_visit").order_by(Message.id.desc())
            mail = db.session.scalars(newest.limit(1)).one()
            assert mail.to_address == world.adams.email
            assert "The import stops." in mail.text
            said.append(mail.subject)

    assert [one.removeprefix("The operator ") for one in said] == [
        "asks to look at your district",
        "was let in",
        "is looking at your district",
    ]
    ops.client.get("/maple/admin/people")
    with app.app_context(), as_district(world.maple.id):
        again = select(Work).where(Work.job == "jobs.admin.tell_visit_used")
        assert db.session.scalars(again).all() == []


def test_a_line_on_every_page_says_so(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    tess = PageClient(app).sign_in(world.tess)
    assert "can look at your district" not in admin.get("/maple/admin").text
    let_in(ops, admin)

    for path in ("/maple/admin", "/maple/admin/people", "/maple/admin/audit"):
        assert "You look at Maple School District as its guest" in ops.client.get(path).text
        assert "Pat Lindqvist) can look at your district until" in admin.get(path).text
    assert "can look at your district" not in tess.get("/maple/tickets").text


def test_a_guest_has_no_menu_of_what_is_shut(ops: Ops, admin: PageClient) -> None:
    let_in(ops, admin)

    menus = ops.client.get("/maple/admin").one("header").all("nav")
    links = {one.text for menu in menus for one in menu.all("a")}

    assert "People" in links
    assert not links & {"My requests", "Tickets", "Students", "Notices", "From families", "To do", "Cases"}


def test_the_operator_of_a_district_that_is_not_there_is_refused(ops: Ops) -> None:
    assert ops.ask(district="nowhere").status == 422
    assert ops.ask(reason="Because").status == 422


def test_students_are_in_no_visit(app: Flask, ops: Ops, admin: PageClient, world: World) -> None:
    """Neither their own pages, nor what an import of them shows, nor whom a school year moves."""
    let_in(ops, admin)
    for door, path in every_door(app, world):
        if door.endpoint.startswith(("roster.", "admin.imports", "admin.school_year")):
            assert ask(ops.client, door, path).status == 404, door
