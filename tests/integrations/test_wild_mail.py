"""No mail is too wild to be read. The short run; `make fuzz` runs long."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.integrations.wild_mail import OWN, PARCELS, any_mail, broken, check, seeds

#: Each mail that once broke the reading, as the long run found it.
FOUND = sorted(Path(__file__).with_name("wild_mails").glob("*.eml"))


@settings(max_examples=150, deadline=None)
@given(any_mail(list(OWN)))
def test_a_broken_mail_is_read_within_its_memory(raw):
    check(raw)


@settings(max_examples=5, deadline=None)
@given(broken(list(PARCELS)))
def test_a_broken_parcel_of_outlook_is_read_within_its_memory(raw):
    check(raw)


@pytest.mark.parametrize("raw", [*OWN, *PARCELS])
def test_the_mails_to_be_broken_are_whole(raw):
    check(raw)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_the_long_run_found_is_mended(path):
    check(path.read_bytes())


def test_there_is_a_mail_of_every_shape_to_be_broken():
    assert len(seeds()) >= len(OWN) >= 13
