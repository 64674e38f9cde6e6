"""How a text goes over the air is counted as the networks do, for whatever people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.twilio.segments import ALONE, BASIC, EXTENDED, GSM7, IN_PARTS, UCS2, counted, plainly

LETTERS = st.text(
    st.sampled_from([*sorted(BASIC | EXTENDED), "í", "“", "م", "😀", "\U00020000"]), max_size=700
)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", GSM7, 0, 0),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("€" * 80, GSM7, 160, 1),
        # 153 is odd: an escaped letter does not fit into what one part has left.
        ("€" * 153, GSM7, 306, 3),
        ("ñé", GSM7, 2, 1),
        ("í" * 70, UCS2, 70, 1),
        ("í" * 71, UCS2, 71, 2),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 67, UCS2, 134, 3),
        ("Plain with one “quote”", UCS2, 22, 1),
    ],
)
def test_at_the_boundaries(text: str, encoding: str, units: int, segments: int) -> None:
    count = counted(text)

    assert (count.encoding, count.units, count.segments) == (encoding, units, segments)


@given(LETTERS)
def test_it_is_what_encoding_it_says(text: str) -> None:
    count = counted(text)

    assert (count.encoding == GSM7) == (set(text) <= BASIC | EXTENDED)
    if count.encoding == UCS2:
        assert count.units == len(text.encode("utf-16-be")) // 2
    else:
        assert count.units == len(text) + sum(letter in EXTENDED for letter in text)


@given(LETTERS)
def test_parts_hold_all_of_it_and_none_is_left_empty(text: str) -> None:
    """A letter of two units wastes one unit of a part at most, so these are the bounds of any way to cut."""
    count = counted(text)
    most = IN_PARTS[count.encoding]

    if count.units <= ALONE[count.encoding]:
        assert count.segments == (1 if text else 0)
    else:
        assert -(-count.units // most) <= count.segments <= -(-count.units // (most - 1))


@given(LETTERS, st.sampled_from(sorted(BASIC)))
def test_one_letter_more_never_costs_less(text: str, letter: str) -> None:
    assert counted(text).segments <= counted(text + letter).segments <= counted(text).segments + 1


@given(LETTERS)
def test_what_is_said_plainly_costs_no_more_and_stays_where_it_would_not_help(text: str) -> None:
    plain = plainly(text)

    assert plain == text or (counted(plain).encoding == GSM7 and counted(text).encoding == UCS2)
    assert plainly(plain) == plain


def test_quotes_are_said_plainly_and_accents_stay() -> None:
    assert plainly("Maria’s day – call us…") == "Maria's day - call us..."
    assert plainly("Está “aquí”") == "Está “aquí”"
