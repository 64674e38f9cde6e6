"""Who may be written to about a student, by what means, in which language, and why not the others."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.tenancy import as_district
from app.roster.actions import guardians, students
from app.roster.actions.contacts import Consent
from app.roster.models.contact import KINDS
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, LIVES_WITH, MAIL, NO_CONTACT, RIGHTS
from app.roster.models.recipients import Standing, Way, decide, decide_one, recipients
from tests.roster import families

#: Few values, so that guardians share them often.
WAYS = st.builds(
    Way,
    contact_id=st.uuids(),
    kind=st.sampled_from(sorted(KINDS)),
    index=st.sampled_from("abcdef"),
    is_wanted=st.booleans(),
)
STANDINGS = st.builds(
    Standing,
    guardian_id=st.uuids(),
    name=st.sampled_from(["Ana", "Ben", "Cho"]),
    language=st.sampled_from(["en", "es", "ar"]),
    is_active=st.sampled_from([True, True, True, False]),
    rights=st.dictionaries(st.sampled_from(sorted(RIGHTS)), st.booleans()),
    ways=st.lists(WAYS, max_size=4).map(tuple),
)
KNOWN = st.lists(STANDINGS, max_size=5, unique_by=lambda one: one.guardian_id)


@settings(max_examples=2000, deadline=None)
@given(known=KNOWN, is_enrolled=st.booleans())
def test_nobody_is_reached_who_must_not_be(known, is_enrolled):
    answer = decide("Mia", is_enrolled, known)

    by_id = {one.guardian_id: one for one in known}
    barred = {way.index for one in known if one.rights.get(NO_CONTACT) for way in one.ways}
    for one in answer.may:
        of = by_id[one.guardian_id]
        assert is_enrolled
        assert of.is_active
        assert of.rights.get(EDUCATION) is True
        assert of.rights.get(MAIL) is True
        assert not of.rights.get(NO_CONTACT)
        assert one.language == of.language
        assert one.ways
        for way in one.ways:
            assert way.is_wanted
            assert way in of.ways
            assert way.index not in barred
        assert bool(one.caution) == bool(of.rights.get(COURT_ORDER))


@settings(max_examples=2000, deadline=None)
@given(known=KNOWN, is_enrolled=st.booleans(), by_way=st.sampled_from([None, *"abcdef"]))
def test_nobody_is_told_by_a_link_who_must_not_be(known, is_enrolled, by_way):
    barred = {way.index for one in known if one.rights.get(NO_CONTACT) for way in one.ways}
    for one in known:
        if decide_one("Mia", is_enrolled, known, one.guardian_id, by_way) == "":
            assert is_enrolled
            assert one.is_active
            assert one.rights.get(EDUCATION) is True
            assert one.rights.get(MAIL) is True
            assert not one.rights.get(NO_CONTACT)
            assert by_way not in barred


@settings(max_examples=1000, deadline=None)
@given(known=KNOWN, is_enrolled=st.booleans())
def test_whoever_may_be_written_to_may_be_told_by_each_of_their_ways(known, is_enrolled):
    for one in decide("Mia", is_enrolled, known).may:
        assert {decide_one("Mia", is_enrolled, known, one.guardian_id, way.index) for way in one.ways} == {""}


@settings(max_examples=1000, deadline=None)
@given(known=KNOWN, is_enrolled=st.booleans())
def test_everybody_is_answered_once_and_whoever_is_left_out_with_a_sentence(known, is_enrolled):
    answer = decide("Mia", is_enrolled, known)

    answered = [one.guardian_id for one in answer.may] + [one.guardian_id for one in answer.left_out]
    assert sorted(answered) == sorted(one.guardian_id for one in known)
    for one in answer.left_out:
        assert one.name in one.why
        assert one.why.endswith(".")


@settings(max_examples=1000, deadline=None)
@given(known=KNOWN, who=st.data())
def test_barring_somebody_never_lets_another_way_open(known, who):
    """What is reached after one more “no contact” was reached before it."""
    if not known:
        return
    chosen = who.draw(st.sampled_from(known))
    stricter = [
        Standing(
            one.guardian_id, one.name, one.language, one.is_active, {**one.rights, NO_CONTACT: True}, one.ways
        )
        if one is chosen
        else one
        for one in known
    ]

    def reached(standings: list[Standing]) -> set[tuple[UUID, UUID]]:
        may = decide("Mia", True, standings).may
        return {(one.guardian_id, way.contact_id) for one in may for way in one.ways}

    assert reached(stricter) <= reached(known)


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        yield world.maple


def why_not(student):
    return {one.name: one.why for one in recipients(student).left_out}


def test_two_parents_each_in_their_own_language_and_way(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas", language="es")
    ben = families.guardian(mia, "Ben", "Stone", relation="Father")
    families.mobile(ana, "+12125550123")
    families.lives_at(ben, "1 Elm Street")

    may = recipients(mia).may

    assert [(one.name, one.language, [way.means for way in one.ways]) for one in may] == [
        ("Ana Salas", "es", ["text message"]),
        ("Ben Stone", "en", ["letter"]),
    ]


@pytest.mark.parametrize(
    ("rights", "why"),
    [
        ({}, "Nobody has entered whether Ana Salas holds education rights for Mia Salas."),
        ({EDUCATION: False, MAIL: True}, "Ana Salas holds no education rights for Mia Salas."),
        ({EDUCATION: True}, "Nobody has entered whether Ana Salas may receive mail about Mia Salas."),
        ({EDUCATION: True, MAIL: False}, "Ana Salas does not receive mail about Mia Salas."),
        ({NO_CONTACT: True}, "Ana Salas must not be contacted about Mia Salas."),
    ],
)
def test_each_reason_is_a_sentence(maple, rights, why):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas", rights=rights)
    families.lives_at(ana, "1 Elm Street")

    assert why_not(mia) == {"Ana Salas": why}


def test_a_letter_does_not_go_where_somebody_lives_who_must_not_be_contacted(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas")
    rex = families.guardian(
        mia, "Rex", "Stone", relation="Father", rights={NO_CONTACT: True, LIVES_WITH: False}
    )
    families.lives_at(ana, "1 Elm Street")
    families.lives_at(rex, "1 elm street")

    assert why_not(mia)["Ana Salas"] == (
        "Ana Salas can only be reached where somebody is who must not be contacted about Mia Salas."
    )

    families.email(ana, "ana@example.com")
    (may,) = recipients(mia).may
    assert [way.means for way in may.ways] == ["email"]


def test_a_number_that_is_a_landline_here_and_a_mobile_there_is_the_same_number(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas")
    rex = families.guardian(mia, "Rex", "Stone", relation="Father", rights={NO_CONTACT: True})
    families.mobile(ana, "+12125550123")
    families.contacts.add(rex, "landline", "+12125550123", Consent(), once=mia.id)

    assert "can only be reached where" in why_not(mia)["Ana Salas"]


def test_consent_is_asked_for_all_but_letters(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas")
    families.mobile(ana, "+12125550123", Consent())
    families.email(ana, "ana@example.com", Consent(state="refused", source="phone"))
    assert why_not(mia)["Ana Salas"] == (
        "Ana Salas has not agreed to any of the ways in which they can be reached."
    )

    families.lives_at(ana, "1 Elm Street")

    (may,) = recipients(mia).may
    assert [way.means for way in may.ways] == ["letter"]


def test_whoever_has_left_is_written_about_to_nobody(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas")
    families.lives_at(ana, "1 Elm Street")

    students.leave(mia)

    assert why_not(mia) == {
        "Ana Salas": "Mia Salas no longer goes to school here, so nothing is sent to Ana Salas."
    }


def test_a_court_order_is_to_be_read_first(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(
        mia, "Ana", "Salas", rights={EDUCATION: True, MAIL: True, COURT_ORDER: True}, note="Weekends only."
    )
    families.lives_at(ana, "1 Elm Street")

    (may,) = recipients(mia).may

    assert "court order" in may.caution
    assert "Weekends" not in may.caution


def test_an_ended_guardianship_counts_for_nothing(maple):
    mia = families.student("Mia", "Salas", number="1", school=maple.schools["North"])
    ana = families.guardian(mia, "Ana", "Salas")
    families.lives_at(ana, "1 Elm Street")
    ((held, _),) = families.guardianships(mia)

    guardians.unlink(held)

    answer = recipients(mia)
    assert not answer.may
    assert not answer.left_out
