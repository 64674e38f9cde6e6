"""Roles: who holds them, where, and what happens when they change."""

import pytest
from sqlalchemy import func, select

from app.auth.actions import granting
from app.auth.actions.refused import LastAdmin, Refused
from app.auth.models.account import Account
from app.core import sessions
from app.core.actor import SYSTEM, Role, acting_as, current_actor
from app.core.db import db
from app.core.sessions import WebSession
from app.core.tenancy import as_district


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world


def living(who):
    return len(WebSession.living(who.id))


def test_a_role_at_one_school_is_not_one_at_another(maple):
    sam, cedar, north = maple.sam.account(), maple.maple.schools["Cedar"], maple.maple.schools["North"]

    assert sam.has(Role.TECHNICIAN)
    assert sam.has(Role.TECHNICIAN, cedar)
    assert not sam.has(Role.TECHNICIAN, north)
    assert sam.schools_of(Role.TECHNICIAN) == {cedar}


def test_a_role_at_all_schools_is_one_at_each(maple):
    tess = maple.tess.account()

    assert tess.has(Role.TECHNICIAN, maple.maple.schools["Cedar"])
    assert tess.schools_of(Role.TECHNICIAN) is None


def test_a_lead_works_at_the_desk_and_an_admin_does_not(maple):
    assert maple.lena.account().has(Role.TECHNICIAN)
    assert not maple.adams.account().has(Role.TECHNICIAN)
    assert maple.adams.account().schools_of(Role.TECHNICIAN) == set()


def test_everybody_may_ask_for_help(maple):
    assert all(who.account().has(Role.REQUESTER) for who in (maple.bell, maple.tess, maple.adams))


def test_holders_are_found_by_what_their_role_brings_along(maple):
    desk = db.session.scalars(Account.holding(Role.TECHNICIAN)).all()

    assert {one.id for one in desk} == {maple.tess.id, maple.sam.id, maple.lena.id}


def test_a_given_role_counts_and_ends_their_sessions(maple):
    sessions.begin(maple.bell.id, "")
    granting.grant(
        maple.bell.account(), Role.TECHNICIAN, maple.maple.schools["North"], by=maple.adams.account()
    )

    db.session.expire_all()
    assert maple.bell.account().has(Role.TECHNICIAN, maple.maple.schools["North"])
    assert living(maple.bell) == 0


def test_who_changes_their_own_stays_signed_in_here_alone(maple):
    here, _ = sessions.begin(maple.adams.id, "here")
    sessions.begin(maple.adams.id, "elsewhere")

    granting.grant(maple.adams.account(), Role.TECHNICIAN, None, by=maple.adams.account(), but=here.id)

    assert [one.id for one in WebSession.living(maple.adams.id)] == [here.id]


def test_a_role_given_twice_is_one_role(maple):
    tess = maple.tess.account()
    first = granting.grant(tess, Role.TECHNICIAN, None, by=SYSTEM)

    assert granting.grant(tess, Role.TECHNICIAN, None, by=SYSTEM) is first
    assert len(tess.grants) == 1


def test_a_role_taken_is_gone_and_ends_their_sessions(maple):
    sessions.begin(maple.tess.id, "")
    tess = maple.tess.account()
    granting.withdraw(tess.grants[0], by=maple.adams.account())

    db.session.expire_all()
    assert not maple.tess.account().has(Role.TECHNICIAN)
    assert living(maple.tess) == 0


def test_suspending_ends_their_sessions_and_resuming_brings_them_back(maple):
    sessions.begin(maple.tess.id, "")
    tess = maple.tess.account()

    granting.suspend(tess, by=maple.adams.account())
    assert living(maple.tess) == 0
    assert Account.signed_in(str(tess.id)) is None
    granting.resume(tess, by=maple.adams.account())
    assert Account.signed_in(str(tess.id)) is tess


def test_the_last_admin_stays(maple):
    adams = maple.adams.account()

    with pytest.raises(LastAdmin):
        granting.withdraw(adams.grants[0], by=adams)
    with pytest.raises(LastAdmin):
        granting.suspend(adams, by=adams)


def test_a_suspended_admin_is_no_second_admin(maple):
    second = maple.tess.account()
    granting.grant(second, Role.ADMIN, None, by=SYSTEM)
    granting.suspend(second, by=SYSTEM)

    with pytest.raises(LastAdmin):
        granting.suspend(maple.adams.account(), by=SYSTEM)


def test_with_a_second_admin_the_first_may_go(maple):
    granting.grant(maple.tess.account(), Role.ADMIN, None, by=SYSTEM)
    granting.suspend(maple.adams.account(), by=SYSTEM)

    assert maple.adams.account().state == "suspended"


def test_an_admin_is_admin_of_all_schools(maple):
    with pytest.raises(Refused, match="whole district"):
        granting.grant(maple.tess.account(), Role.ADMIN, maple.maple.schools["North"], by=SYSTEM)


def test_another_districts_account_is_not_there(maple):
    assert Account.find(maple.quinn.id) is None
    assert db.session.scalar(select(func.count(Account.id)).where(Account.email.like("%birch%"))) == 0


def test_the_system_acts_where_nobody_does(maple):
    assert current_actor() is SYSTEM
    with acting_as(maple.tess.account()):
        assert current_actor().name == "Tess Okafor"
    assert current_actor() is SYSTEM
    assert not SYSTEM.has(Role.ADMIN)
    assert SYSTEM.schools_of(Role.TECHNICIAN) == set()
