"""No number of a report tells of a child."""

from hypothesis import given
from hypothesis import strategies as st

from app.truancy.models.suppression import LEAST, TOO_FEW, hidden, share

SIZES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 60), max_size=12)


def test_a_small_group_hides_itself_and_the_next_smallest():
    assert hidden({"a": 4, "b": 30, "c": 12}) == {"a", "c"}


def test_groups_that_are_large_enough_are_all_shown():
    assert hidden({"a": 10, "b": 30}) == set()


def test_two_small_groups_that_are_ten_together_hide_nobody_else():
    assert hidden({"a": 5, "b": 5, "c": 30}) == {"a", "b"}


@given(SIZES)
def test_what_is_missing_from_the_total_is_never_one_group_and_never_fewer_than_ten(sizes):
    left_out = hidden(sizes)
    missing = sum(sizes[one] for one in left_out)

    assert all(size >= LEAST for one, size in sizes.items() if one not in left_out and size)
    everybody = sum(1 for size in sizes.values() if size)
    if left_out and len(left_out) < everybody:
        assert len(left_out) > 1
        assert missing >= LEAST


@given(st.integers(0, 400), st.data())
def test_nobody_is_told_of_by_a_share(whole, data):
    part = data.draw(st.integers(0, whole))
    told = share(part, whole)

    if whole < LEAST:
        assert told == TOO_FEW
    elif part in (0, whole):
        assert told.words.startswith(("under", "over"))
    if told.is_shown and not told.words.startswith(("under", "over")):
        assert abs(told.percent - 100 * part / whole) <= 0.0501


def test_a_share_that_is_left_out_says_nothing():
    assert not share(5, 50, is_hidden=True).is_shown
