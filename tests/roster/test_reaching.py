"""What is written down to reach somebody: one way of writing each, and a sentence for what leads nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.roster.models.reaching import PostalAddress, Unreachable, email_address, phone_number

ELM = {"line1": "1 Elm Street", "city": "Maple"}


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("1 212 555 0123", "CA", "+12125550123"),
        ("+1 212-555-0123", "GB", "+12125550123"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("+52 55 1234 5678", "US", "+525512345678"),
    ],
)
def test_a_number_is_kept_in_one_way_of_writing(typed, country, number):
    assert phone_number(typed, country) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "555-0123",
        "911",
        "(911) 555-0123",
        "(112) 555-0123",
        "212 155 0123",
        "ask at the door",
        "+1",
        "212-555-0123 x4",
    ],
)
def test_a_number_that_rings_nowhere_is_refused_in_a_sentence(typed):
    with pytest.raises(Unreachable) as refused:
        phone_number(typed, "US")

    assert refused.value.sentence.endswith(".")


@given(st.text(max_size=60))
def test_whatever_is_typed_is_e164_or_refused(typed):
    try:
        number = phone_number(typed, "US")
    except Unreachable:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()
    assert 8 <= len(number) <= 16
    assert phone_number(number, "GB") == number


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ({"region": "il", "postcode": "60601", "country": "US"}, ["1 Elm Street", "Maple IL 60601"]),
        ({"region": "ON", "postcode": "k1a0b1", "country": "CA"}, ["1 Elm Street", "Maple ON K1A 0B1"]),
        ({"postcode": "sw1a1aa", "country": "GB"}, ["1 Elm Street", "MAPLE", "SW1A 1AA"]),
    ],
)
def test_an_address_stands_as_its_post_office_wants_it(address, lines):
    written = PostalAddress.written(**ELM, **address)

    assert written.lines() == lines
    assert PostalAddress.read(written.as_text()) == written


@pytest.mark.parametrize(
    "address",
    [
        {"region": "XX", "postcode": "60601", "country": "US"},
        {"region": "IL", "postcode": "6060", "country": "US"},
        {"region": "ON", "postcode": "D1A 0B1", "country": "CA"},
        {"postcode": "SW1A", "country": "GB"},
        {"postcode": "75001", "country": "FR"},
    ],
)
def test_an_address_where_no_post_arrives_is_refused(address):
    with pytest.raises(Unreachable, match=r"\.$"):
        PostalAddress.written(**ELM, **address)


def test_two_ways_of_writing_an_address_are_the_same_address():
    one = PostalAddress.written(**ELM, region="IL", postcode="60601", country="US")
    other = PostalAddress.written(
        line1="1  élm street,", city="MAPLE", region="il", postcode="60601-1234", country="US"
    )

    assert one.folded() == other.folded()


def test_an_email_is_one_whole_address():
    assert email_address(" Ana@Example.com ") == "ana@example.com"
    for typed in ("ana", "ana@", "a@b", "ana@example.com, ben@example.com", "Ana <ana@example.com>"):
        with pytest.raises(Unreachable):
            email_address(typed)
