"""Households: derived from students and addresses, corrected by hand, and what goes into one envelope."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.audit import AuditEntry
from app.core.db import db
from app.core.tenancy import as_district
from app.roster.actions import contacts, guardians, households
from app.roster.actions.refused import Refused
from app.roster.models.envelopes import envelopes
from app.roster.models.guardian_right import EDUCATION, MAIL, NO_CONTACT
from app.roster.models.household import Household, HouseholdMember
from app.roster.models.living_together import Lives, derive, groups
from tests.roster import families

IDS = st.integers(1, 9).map(lambda nth: UUID(int=nth))
LIVES = st.lists(
    st.builds(
        Lives,
        guardian_id=IDS,
        address=st.sampled_from(["", "elm", "oak"]),
        students=st.frozensets(st.integers(101, 104).map(lambda nth: UUID(int=nth))),
        household_id=st.none() | st.integers(201, 204).map(lambda nth: UUID(int=nth)),
        pinned=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.guardian_id,
)


@settings(max_examples=1000, deadline=None)
@given(lives=LIVES)
def test_everybody_who_is_not_pinned_is_placed_and_nobody_else(lives):
    placed = derive(lives)

    assert set(placed) == {one.guardian_id for one in lives if not one.pinned}
    for group in groups([one for one in lives if not one.pinned]):
        assert len({placed[one.guardian_id] for one in group}) == 1
    for one in lives:
        for other in lives:
            both = {one.guardian_id, other.guardian_id} <= set(placed) and one is not other
            if both and placed[one.guardian_id] == placed[other.guardian_id]:
                assert one.address == other.address != ""


@settings(max_examples=1000, deadline=None)
@given(lives=LIVES, order=st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_known_changes_nothing(lives, order):
    mixed = list(lives)
    order.shuffle(mixed)

    assert derive(mixed) == derive(lives)


@settings(max_examples=1000, deadline=None)
@given(lives=LIVES)
def test_deriving_again_moves_nobody(lives):
    placed = {id: to if isinstance(to, UUID) else UUID(int=900 + to) for id, to in derive(lives).items()}
    again = [
        Lives(
            one.guardian_id,
            one.address,
            one.students,
            placed.get(one.guardian_id, one.household_id),
            one.pinned,
        )
        for one in lives
    ]

    assert derive(again) == placed


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


class Salas:
    """Ana and Ben at one address with Mia and Max; Rex elsewhere, of Mia alone."""

    def __init__(self, place):
        north = place.schools["North"]
        self.mia = families.student("Mia", "Salas", number="1", school=north)
        self.max = families.student("Max", "Salas", number="2", school=north)
        self.ana = families.guardian(self.mia, "Ana", "Salas")
        self.ben = families.guardian(self.mia, "Ben", "Salas", relation="Father")
        self.rex = families.guardian(self.mia, "Rex", "Stone", relation="Other")
        for one in (self.ana, self.ben):
            families.belongs(self.max, one)
            families.lives_at(one, "1 Elm Street")
        families.lives_at(self.rex, "9 Oak Street")


@pytest.fixture
def salas(maple):
    return Salas(maple)


def household_of(one):
    db.session.expire_all()
    return Household.find(HouseholdMember.of_guardians([one.id])[one.id].household_id)


def told(students):
    db.session.expire_all()
    return [
        (one.name, one.address[0], [student.name for student in one.students]) for one in envelopes(students)
    ]


def test_one_letter_to_a_household_with_two_children_and_another_to_who_lives_apart(salas):
    assert told([salas.max]) == [("Ana and Ben Salas", "1 Elm Street", ["Max Salas"])]
    assert told([salas.mia]) == [
        ("Ana and Ben Salas", "1 Elm Street", ["Mia Salas"]),
        ("Rex Stone", "9 Oak Street", ["Mia Salas"]),
    ]
    assert told([salas.mia, salas.max]) == [
        ("Ana and Ben Salas", "1 Elm Street", ["Mia Salas", "Max Salas"]),
        ("Rex Stone", "9 Oak Street", ["Mia Salas"]),
    ]


def test_no_letter_about_a_child_goes_to_somebody_without_rights_for_that_child(salas, world):
    held = next(held for held, one in families.guardianships(salas.max) if one.id == salas.ben.id)
    no_rights = guardians.Rights(holds={EDUCATION: False, MAIL: True})

    guardians.say_rights(held, no_rights, by=world.olive.account())

    assert told([salas.mia, salas.max])[0] == ("Ana and Ben Salas", "1 Elm Street", ["Mia Salas"])
    assert ("Ana Salas", "1 Elm Street", ["Max Salas"]) in told([salas.mia, salas.max])


def test_two_languages_are_two_letters(salas):
    guardians.change(salas.ben, guardians.Particulars(given_name="Ben", family_name="Salas", language="es"))

    assert [name for name, _, _ in told([salas.max])] == ["Ana Salas", "Ben Salas"]


def test_who_moves_to_the_address_joins_and_who_moves_away_leaves(salas):
    moved = families.contacts.Contact.of_guardians([salas.rex.id])[0]
    elm = families.contacts.Contact.of_guardians([salas.ana.id])[0].address

    contacts.change(moved, elm, contacts.Consent())
    assert household_of(salas.rex).id == household_of(salas.ana).id

    contacts.remove(moved)
    assert household_of(salas.rex).id != household_of(salas.ana).id
    assert len(household_of(salas.ana).guardians) == 2


def test_a_split_survives_the_next_derivation(salas):
    households.split(household_of(salas.ana), salas.ben)

    families.lives_at(salas.ben, "2 Elm Street")
    households.derive_for([salas.ana.id, salas.ben.id])

    assert household_of(salas.ben).id != household_of(salas.ana).id
    assert [name for name, _, _ in told([salas.max])] == ["Ana Salas", "Ben Salas"]


def test_a_join_survives_the_next_derivation(salas):
    households.join(household_of(salas.ana), household_of(salas.rex))

    households.derive_for([salas.rex.id])
    families.lives_at(salas.rex, "3 Oak Street")

    assert household_of(salas.rex).id == household_of(salas.ana).id
    assert [name for name, _, _ in told([salas.mia])] == ["Ana Salas, Ben Salas and Rex Stone"]


def test_a_name_for_mail_survives_and_names_nobody_who_is_left_out(salas, world):
    households.name(household_of(salas.ana), "The family of  Ana and Ben")
    households.derive_for([salas.ana.id])
    assert [name for name, _, _ in told([salas.max])] == ["The family of Ana and Ben"]

    held = next(held for held, one in families.guardianships(salas.max) if one.id == salas.ben.id)
    guardians.say_rights(held, guardians.Rights(holds={EDUCATION: False}), by=world.olive.account())

    assert [name for name, _, _ in told([salas.max])] == ["Ana Salas"]


def test_what_was_corrected_can_be_taken_back(salas):
    households.split(household_of(salas.ana), salas.ben)

    households.forget_corrections(household_of(salas.ben))

    assert household_of(salas.ben).id == household_of(salas.ana).id
    assert not household_of(salas.ana).is_corrected


def test_deriving_twice_writes_nothing(salas):
    db.session.commit()
    before = db.session.scalar(select(func.count(AuditEntry.id)))

    households.derive_for([salas.ana.id, salas.ben.id, salas.rex.id])
    db.session.commit()

    assert db.session.scalar(select(func.count(AuditEntry.id))) == before


def test_no_household_is_left_without_anybody(salas):
    households.join(household_of(salas.ana), household_of(salas.rex))
    guardians.unlink(families.guardianships(salas.mia)[2][0])

    used = set(db.session.scalars(select(HouseholdMember.household_id)))
    assert set(db.session.scalars(select(Household.id))) == used


def test_whoever_is_alone_cannot_be_split(salas):
    with pytest.raises(Refused, match="alone"):
        households.split(household_of(salas.rex), salas.rex)


def test_a_barred_parent_at_the_address_takes_the_letter_away(salas, world):
    held = next(held for held, one in families.guardianships(salas.max) if one.id == salas.ben.id)

    guardians.say_rights(held, guardians.Rights(holds={NO_CONTACT: True}), by=world.olive.account())

    assert told([salas.max]) == []


def test_the_office_corrects_a_household_through_the_doors(app, client, world):
    with app.app_context(), as_district(world.maple.id):
        salas = Salas(world.maple)
        db.session.commit()
        ana, ben, rex, mia = salas.ana.id, salas.ben.id, salas.rex.id, salas.mia.id
        here, there = (household_of(one).id for one in (salas.ana, salas.rex))
    page = f"/maple/households/{here}"
    client.sign_in(world.olive)

    client.submit(client.get(page), page, mail_name="The family of Ana")
    assert "The family of Ana" in client.get(f"/maple/students/{mia}").text

    client.post(f"{page}/splitting", {"guardian": str(ben)}, status=303)
    assert "Ben" not in client.get(page).one(id="main").all("ul")[0].text

    client.submit(client.get(page), "/joining", other=str(there))
    assert "Rex Stone" in client.get(page).text

    client.follow(client.submit(client.get(page), "/deriving"))
    with app.app_context(), as_district(world.maple.id):
        found = HouseholdMember.of_guardians([ana, ben, rex])
        assert not any(member.pinned for member in (found[ana], found[rex]))
        assert found[ben].pinned

    refused = client.follow(client.post(f"{page}/joining", {"other": str(mia)}))
    assert "Choose a household of the same family" in refused.text
