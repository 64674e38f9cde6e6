"""Roles that come with groups of a directory, and a number of the directory that says who signs in."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.admin.actions import directory_groups, staff
from app.auth.actions import directory_roles, granting, recognising
from app.auth.models.account import Account
from app.auth.models.held_sign_in import HeldSignIn
from app.auth.models.sign_in_identity import SignInIdentity
from app.core import sessions
from app.core.actor import SYSTEM, Role, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.integrations.openid.id_token import Somebody
from app.roster.actions import grouping
from app.roster.actions.grouping import Meaning
from app.roster.actions.refused import Refused
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.person import Person
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY, RosterSource
from app.roster.models.source_person import SourcePerson
from tests.page_client import PageClient
from tests.sign_in_peer import TENANT, Journey
from tests.world import Player, World

NUMBER = "110169484474386276334"  # as the peer's Google shows it
OID = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
KEYS = {GOOGLE_DIRECTORY: NUMBER, ENTRA_USERS: f"{TENANT}/{OID}"}


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def group_of(
    kind: str = GOOGLE_DIRECTORY, role: Role | None = Role.TECHNICIAN, **said: object
) -> DirectoryGroup:
    name = "techs@maple.example" if kind == GOOGLE_DIRECTORY else "Technician"
    what = "group" if kind == GOOGLE_DIRECTORY else "app_role"
    group = grouping.add(kind, Meaning(**{"what": what, "name": name, "role": role, **said}))
    db.session.commit()
    return group


def listed(who: Player, kind: str = GOOGLE_DIRECTORY, *groups: DirectoryGroup, key: str = "") -> SourcePerson:
    """The directory's sync has told of them."""
    record = SourcePerson(
        source_id=RosterSource.of_kind(kind).id,
        key=key or KEYS[kind],
        person_id=who.person_id,
        given_name="Nora",
        family_name="Bell",
        email="",
        school_key="",
        role="staff",
        groups=sorted(str(one.id) for one in groups),
    )
    db.session.add(record)
    db.session.commit()
    return record


def without_account(who: Player) -> None:
    account = who.account()
    account.person_id = None
    account.email = "another@maple.example"
    db.session.commit()


def roles(who: Player) -> set[tuple[str, bool]]:
    account = Account.of_person(who.person_id)
    return {(grant.role, grant.from_directory) for grant in account.grants} if account else set()


def follow(who: Player) -> None:
    staff.follow(who.person_id)
    db.session.commit()


# --- roles --------------------------------------------------------------------------------------------------


def test_a_role_comes_with_the_group_and_goes_with_it(maple: World) -> None:
    group = group_of()
    record = listed(maple.bell, GOOGLE_DIRECTORY, group)

    follow(maple.bell)
    assert roles(maple.bell) == {("requester", False), ("technician", True)}

    record.groups = []
    follow(maple.bell)
    assert roles(maple.bell) == {("requester", False)}


@pytest.mark.parametrize("change", ["given", "taken"])
def test_any_change_ends_their_sessions(maple: World, change: str) -> None:
    record = listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    if change == "taken":
        follow(maple.bell)
        record.groups = []
    sessions.begin(maple.bell.id, "a browser")
    follow(maple.bell)

    assert not sessions.WebSession.living(maple.bell.id)


def test_nothing_new_ends_no_session(maple: World) -> None:
    listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    follow(maple.bell)
    sessions.begin(maple.bell.id, "a browser")
    follow(maple.bell)

    assert sessions.WebSession.living(maple.bell.id)


def test_a_role_given_by_hand_stays_when_the_group_goes(maple: World) -> None:
    record = listed(maple.tess, GOOGLE_DIRECTORY, group_of())
    follow(maple.tess)
    record.groups = []
    follow(maple.tess)

    assert ("technician", False) in roles(maple.tess)


def test_giving_by_hand_what_a_group_gave_makes_it_stay(maple: World) -> None:
    record = listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    follow(maple.bell)
    granting.grant(maple.bell.account(), Role.TECHNICIAN, None, by=maple.adams.account())
    record.groups = []
    follow(maple.bell)

    assert ("technician", False) in roles(maple.bell)


def test_what_came_with_a_group_is_not_taken_by_hand(maple: World) -> None:
    listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    follow(maple.bell)
    person = db.session.get(Person, maple.bell.person_id)

    with pytest.raises(Refused, match="comes with a group of the directory"):
        staff.withdraw(person, Role.TECHNICIAN, None, by=maple.adams.account(), but=None)


def test_two_groups_with_one_role_give_it_until_both_are_gone(maple: World) -> None:
    first = group_of()
    second = grouping.add(GOOGLE_DIRECTORY, Meaning(what="ou", name="/IT", role=Role.TECHNICIAN))
    record = listed(maple.bell, GOOGLE_DIRECTORY, first, second)
    follow(maple.bell)
    record.groups = [str(second.id)]
    follow(maple.bell)

    assert ("technician", True) in roles(maple.bell)


def test_a_role_at_a_school_is_held_there_alone(maple: World) -> None:
    cedar = maple.maple.schools["Cedar"]
    listed(maple.bell, GOOGLE_DIRECTORY, group_of(school_id=cedar))
    follow(maple.bell)

    account = maple.bell.account()
    assert account.has(Role.TECHNICIAN, cedar)
    assert not account.has(Role.TECHNICIAN, maple.maple.schools["North"])


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN, Role.COUNSELOR, Role.SCHOOL_OFFICE])
def test_a_role_that_opens_much_waits_for_the_second_look(maple: World, role: Role) -> None:
    group = group_of(role=role)
    listed(maple.bell, GOOGLE_DIRECTORY, group)
    follow(maple.bell)
    assert roles(maple.bell) == {("requester", False)}
    assert directory_groups.who_is_in(group) == ["Nora Bell"]

    directory_groups.confirm(group, by=maple.adams.account())
    follow(maple.bell)
    assert (role.value, True) in roles(maple.bell)


def test_a_group_that_is_taken_out_takes_its_role_along(maple: World) -> None:
    group = group_of()
    listed(maple.bell, GOOGLE_DIRECTORY, group)
    follow(maple.bell)

    directory_groups.remove(group)
    follow(maple.bell)

    assert roles(maple.bell) == {("requester", False)}


def test_the_last_admin_stays_whatever_a_group_says(maple: World) -> None:
    group = group_of(role=Role.ADMIN)
    record = listed(maple.bell, GOOGLE_DIRECTORY, group)
    directory_groups.confirm(group, by=maple.adams.account())
    follow(maple.bell)
    granting.withdraw(maple.adams.account().grant_of(Role.ADMIN, None), by=maple.bell.account())
    record.groups = []
    follow(maple.bell)

    assert ("admin", True) in roles(maple.bell)


def test_whoever_left_the_directory_has_none_of_its_roles_when_they_are_back(maple: World) -> None:
    record = listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    follow(maple.bell)
    record.left_at = sessions.clock.now()
    follow(maple.bell)

    assert roles(maple.bell) == {("requester", False)}


# --- who signs in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [GOOGLE_DIRECTORY, ENTRA_USERS])
def test_the_directorys_number_opens_and_no_address_is_looked_at(
    request: pytest.FixtureRequest, app: Flask, client: PageClient, world: World, kind: str
) -> None:
    way = "google" if kind == GOOGLE_DIRECTORY else "microsoft"
    journey: Journey = request.getfixturevalue(way)
    with app.app_context(), as_district(world.maple.id):
        listed(world.bell, kind)
    other = {"email": "somebody@else.example", "preferred_username": "somebody@else.example"}

    page = journey.whole(**other)

    assert page.status == 303
    with app.app_context(), as_district(world.maple.id):
        (identity,) = db.session.scalars(select(SignInIdentity)).all()
        assert identity.account_id == world.bell.id


def somebody(kind: str = GOOGLE_DIRECTORY, **said: object) -> tuple[Somebody, str]:
    google = {"issuer": "https://accounts.google.com", "tenant": "", "subject": NUMBER}
    microsoft = {"issuer": "https://login", "tenant": TENANT, "subject": OID}
    told = google if kind == GOOGLE_DIRECTORY else microsoft
    who = {"email": "bell@maple.example", "name": "Nora Bell", **told, **said}
    return Somebody(**who), "google" if kind == GOOGLE_DIRECTORY else "microsoft"


def why_held() -> str:
    return db.session.scalars(select(HeldSignIn)).one().because


def test_an_account_with_rights_given_here_waits_all_the_same(maple: World) -> None:
    listed(maple.tess)

    with pytest.raises(recognising.Held):
        recognising.account_of(*somebody(email="tess@maple.example"))
    assert why_held() == recognising.HAS_RIGHTS


def test_an_account_whose_rights_all_come_with_groups_does_not(maple: World) -> None:
    listed(maple.bell, GOOGLE_DIRECTORY, group_of())
    follow(maple.bell)

    assert recognising.account_of(*somebody()).id == maple.bell.id


def test_somebody_new_gets_an_account_with_the_roles_of_their_groups(maple: World) -> None:
    without_account(maple.bell)
    listed(maple.bell, GOOGLE_DIRECTORY, group_of())

    account = recognising.account_of(*somebody(email=""))

    assert account.person_id == maple.bell.person_id
    assert roles(maple.bell) == {("requester", False), ("technician", True)}


def test_an_address_never_leads_to_the_roles_of_a_group(maple: World) -> None:
    """The group is Google's; Microsoft vouches for the address, and for no number that is known."""
    without_account(maple.bell)
    listed(maple.bell, GOOGLE_DIRECTORY, group_of())

    with pytest.raises(recognising.Held):
        recognising.account_of(*somebody(ENTRA_USERS))
    assert why_held() == recognising.HAS_RIGHTS


def test_an_address_that_changed_hands_at_the_provider_opens_nothing(maple: World) -> None:
    listed(maple.bell, key="the number that Bell had")

    with pytest.raises(recognising.Held):
        recognising.account_of(*somebody())
    assert why_held() == recognising.ANOTHER_NUMBER


def test_whoever_has_left_is_refused_by_number_too(maple: World) -> None:
    listed(maple.bell)
    db.session.get(Person, maple.bell.person_id).active = False

    with pytest.raises(recognising.Refused):
        recognising.account_of(*somebody())


def test_another_tenants_number_is_nobodys(maple: World) -> None:
    listed(maple.bell, ENTRA_USERS, key=f"11111111-d9cb-469f-a165-70867728950e/{OID}")

    with pytest.raises(recognising.Held):
        recognising.account_of(*somebody(ENTRA_USERS, email=""))


# --- app roles in the token -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_synced", [True, False])
def test_app_roles_of_the_token_count_at_each_sign_in(maple: World, is_synced: bool) -> None:
    group_of(ENTRA_USERS)
    if is_synced:
        listed(maple.bell, ENTRA_USERS)
    for said, expected in (
        ({"Technician", "Unheard of"}, {("requester", False), ("technician", True)}),
        (set(), {("requester", False)}),
        ({"Technician"}, {("requester", False), ("technician", True)}),
    ):
        recognising.account_of(*somebody(ENTRA_USERS, app_roles=frozenset(said)))
        assert roles(maple.bell) == expected


def test_a_sync_takes_what_a_token_gave(maple: World) -> None:
    group = group_of(ENTRA_USERS)
    record = listed(maple.bell, ENTRA_USERS)
    recognising.account_of(*somebody(ENTRA_USERS, app_roles=frozenset({"Technician"})))
    assert record.groups == [str(group.id)]

    record.groups = []  # as the sync says next
    follow(maple.bell)

    assert roles(maple.bell) == {("requester", False)}


def test_app_roles_do_not_touch_what_other_groups_give(maple: World) -> None:
    group_of(ENTRA_USERS)
    guid = "11111111-2222-4333-8444-555555555555"
    other = grouping.add(
        ENTRA_USERS,
        Meaning(what="group", name=guid, role=Role.TECHNICIAN, school_id=maple.maple.schools["Cedar"]),
    )
    record = listed(maple.bell, ENTRA_USERS, other)
    recognising.account_of(*somebody(ENTRA_USERS, app_roles=frozenset()))

    assert record.groups == [str(other.id)]


@pytest.mark.parametrize(
    ("claim", "granted"),
    [(["Technician"], True), ("Technician", False), ([{"x": 1}, 7], False), (None, False)],
)
def test_the_claim_is_a_list_of_words_or_nothing(
    app: Flask, microsoft: Journey, world: World, claim: object, granted: bool
) -> None:
    with app.app_context(), as_district(world.maple.id):
        group_of(ENTRA_USERS)

    assert microsoft.whole(roles=claim).status == 303

    with app.app_context(), as_district(world.maple.id):
        assert (("technician", True) in roles(world.bell)) == granted


def test_googles_tokens_carry_no_roles(app: Flask, google: Journey, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        group_of(ENTRA_USERS)

    google.whole(roles=["Technician"])

    with app.app_context(), as_district(world.maple.id):
        assert roles(world.bell) == {("requester", False)}


def test_an_app_role_that_is_taken_out_takes_its_role_along(maple: World) -> None:
    group = group_of(ENTRA_USERS)
    recognising.account_of(*somebody(ENTRA_USERS, app_roles=frozenset({"Technician"})))

    directory_groups.remove(group)

    assert roles(maple.bell) == {("requester", False)}
    assert not directory_roles.of_person(maple.bell.person_id)
