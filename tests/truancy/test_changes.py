"""What later facts make of firings that were written down: excuses take back, their end brings back, nothing twice."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.truancy.law.changes import Kept, Outcome, changes
from app.truancy.law.facts import Mark, StudentFacts
from app.truancy.law.firing import Firing
from app.truancy.law.rule import Span
from tests.truancy.anyone import SEEN_ON, anyone
from tests.truancy.registers import E, U, fired, kept, marks, student, usual
from tests.truancy.ten_thousand import everything

NEW, UPHELD, OTHER_MARKS = Outcome.NEW, Outcome.UPHELD, Outcome.UPHELD_NEW_EVIDENCE
RETRACTED, REINSTATED = Outcome.RETRACTED, Outcome.REINSTATED
HUNDRED = [day for day in usual().days if day >= date(2026, 9, 1)][:100]


class Book:
    """Firings as they are written down, night after night."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int], Kept] = {}

    def night(self, found: list[Firing]) -> list[tuple[str, int, Outcome]]:
        """What became of them: rule, number, outcome."""
        told = changes(list(self.rows.values()), found)
        for one in told:
            if one.now:
                self.rows[one.now.key] = kept(one.now)
            elif one.before:
                self.rows[one.before.key] = replace(one.before, retracted=True)
        named = [(one.now or one.before, one.outcome) for one in told]
        return sorted((who.key[0], who.ordinal, outcome) for who, outcome in named if who)

    def live(self) -> set[tuple[str, str, int]]:
        return {key for key, row in self.rows.items() if not row.retracted}


def register(*absent: int, excused: tuple[int, ...] = ()) -> StudentFacts:
    """Absent on those of a hundred days, counted from 1."""
    return student(
        [*marks(HUNDRED[day - 1] for day in absent), *marks((HUNDRED[day - 1] for day in excused), E)]
    )


def found(rule: str, *absent: int, excused: tuple[int, ...] = ()) -> list[Firing]:
    place = rule.partition(".")[0]
    return [one for one in fired(register(*absent, excused=excused), place) if one.rule.id == rule]


def test_what_is_seen_the_first_time_is_new():
    book = Book()

    assert book.night(found("us-pa.truant", 1, 2, 3)) == [("us-pa.truant", 1, NEW)]
    assert book.night(found("us-pa.truant", 1, 2, 3)) == [("us-pa.truant", 1, UPHELD)]


def test_an_excuse_that_comes_later_takes_it_back():
    book = Book()
    book.night(found("us-pa.truant", 1, 2, 3))

    assert book.night(found("us-pa.truant", 1, 2, excused=(3,))) == [("us-pa.truant", 1, RETRACTED)]
    assert book.night(found("us-pa.truant", 1, 2, excused=(3,))) == []


def test_what_was_taken_back_and_holds_again_is_reinstated_under_its_number():
    book = Book()
    book.night(found("us-pa.truant", 1, 2, 3))
    book.night(found("us-pa.truant", 1, 2, excused=(3,)))

    assert book.night(found("us-pa.truant", 1, 2, 3)) == [("us-pa.truant", 1, REINSTATED)]
    assert book.night(found("us-pa.truant", 1, 2, 3)) == [("us-pa.truant", 1, UPHELD)]
    assert book.live() == {("us-pa.truant", "2026-27", 1)}


def test_it_is_reinstated_by_another_mark_too():
    book = Book()
    book.night(found("us-pa.truant", 1, 2, 3))
    book.night(found("us-pa.truant", 1, 2, excused=(3,)))

    assert book.night(found("us-pa.truant", 1, 2, 7, excused=(3,))) == [("us-pa.truant", 1, REINSTATED)]


def test_an_excuse_for_one_of_four_leaves_it_standing_on_others():
    book = Book()
    book.night(found("us-pa.truant", 1, 2, 3, 4))

    assert book.night(found("us-pa.truant", 1, 3, 4, excused=(2,))) == [("us-pa.truant", 1, OTHER_MARKS)]


def test_an_excuse_for_the_first_of_three_takes_back_that_one_and_the_others_keep_their_numbers():
    book = Book()
    book.night(found("us-nj.each", 1, 2, 3))

    told = book.night(found("us-nj.each", 2, 3, excused=(1,)))

    assert [(number, outcome) for _, number, outcome in told] == [
        (1, RETRACTED), (2, OTHER_MARKS), (3, OTHER_MARKS),
    ]  # fmt: skip
    assert {row.ordinal: sorted(row.slots) for row in book.rows.values() if not row.retracted} == {
        2: [(HUNDRED[1], "DAY")],
        3: [(HUNDRED[2], "DAY")],
    }


def test_after_an_excuse_the_next_absence_gets_a_number_of_its_own():
    book = Book()
    book.night(found("us-nj.each", 1, 2, 3))
    book.night(found("us-nj.each", 2, 3, excused=(1,)))

    told = book.night(found("us-nj.each", 2, 3, 8, excused=(1,)))

    assert [(number, outcome) for _, number, outcome in told] == [(2, UPHELD), (3, UPHELD), (4, NEW)]
    told = book.night(found("us-nj.each", 1, 2, 3, 8))
    assert [number for _, number, outcome in told if outcome is REINSTATED] == [1]
    assert len(book.live()) == 4


def test_a_mark_that_comes_late_between_two_gets_a_number_of_its_own():
    book = Book()
    book.night(found("us-nj.each", 1, 5))

    told = book.night(found("us-nj.each", 1, 3, 5))

    assert [(number, outcome) for _, number, outcome in told] == [(1, UPHELD), (2, OTHER_MARKS), (3, NEW)]


def test_a_sliding_window_shifts_and_keeps_its_number():
    book = Book()
    book.night(found("us-tx.warning", 1, 2, 3, 4))

    told = book.night(found("us-tx.warning", 2, 3, 4, excused=(1,)))

    assert told == [("us-tx.warning", 1, OTHER_MARKS)]
    (row,) = book.rows.values()
    assert {day for day, _ in row.slots} == set(HUNDRED[1:4])


def test_of_two_sliding_windows_the_second_goes_and_comes_back():
    book = Book()
    book.night(found("us-tx.warning", 1, 2, 3, 4, 5, 6))

    gone = book.night(found("us-tx.warning", 2, 3, 4, 5, 6, excused=(1,)))
    back = book.night(found("us-tx.warning", 2, 3, 4, 5, 6, 7, excused=(1,)))
    first = book.night(found("us-tx.warning", 1, 2, 3, 4, 5, 6, 7))

    assert [(number, outcome) for _, number, outcome in gone] == [(1, OTHER_MARKS), (2, RETRACTED)]
    assert [(number, outcome) for _, number, outcome in back] == [(1, UPHELD), (2, REINSTATED)]
    assert [(number, outcome) for _, number, outcome in first] == [(1, OTHER_MARKS), (2, OTHER_MARKS)]


def test_what_is_left_of_a_run_that_an_excuse_cuts_is_another_run():
    book = Book()
    days = tuple(range(1, 21))
    book.night(found("us-ny.local_example", *days))

    there = (*days[:9], *days[10:])
    told = book.night(found("us-ny.local_example", *there))

    assert [(number, outcome) for _, number, outcome in told] == [(1, RETRACTED), (2, NEW)]


def test_rows_in_any_order_are_known_again_alike():
    rows = [kept(one) for one in found("us-nj.each", *range(1, 12))]
    now = found("us-nj.each", *range(2, 14), excused=(1,))

    told = [
        {(one.now.key, one.outcome) for one in changes(order, now) if one.now}
        for order in (rows, rows[::-1], Random(7).sample(rows, len(rows)))
    ]

    assert told[0] == told[1] == told[2]


def excuse(random: Random, facts: StudentFacts) -> StudentFacts:
    """Some marks become excused, some unexcused, one vanishes, one comes."""
    given = list(facts.marks)
    for _ in range(random.randint(1, 4)):
        if given:
            at = random.randrange(len(given))
            given[at] = given[at]._replace(traits=random.choice((U, E)))
    if given and random.random() < 0.3:
        given.pop(random.randrange(len(given)))
    if given and random.random() < 0.3:
        late = random.choice(given).day + timedelta(days=random.randint(1, 5))
        if all(mark.day != late for mark in given):
            given.append(Mark(late, "DAY", U))
    return replace(facts, marks=given)


@settings(
    # A student is too large to be made smaller in good time.
    phases=[Phase.generate],
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_whatever_is_excused_and_taken_back_nothing_stands_twice(random):
    facts = anyone(random)
    first = everything().firings(facts, SEEN_ON)
    book = Book()
    book.night(first)
    numbers = book.live()

    for _ in range(4):
        facts_now = excuse(random, facts)
        now = everything().firings(facts_now, SEEN_ON)
        told = changes(list(book.rows.values()), now)
        book.night(now)

        keys = Counter(one.now.key for one in told if one.now)
        assert set(keys.values()) <= {1}
        assert len(keys) == len(now)
        assert set(keys) == book.live()
        assert no_mark_twice([one.now for one in told if one.now])
        again = changes(list(book.rows.values()), everything().firings(facts_now, SEEN_ON))
        assert {one.outcome for one in again} <= {UPHELD}

    book.night(first)
    assert len(book.live()) == len(numbers)


def no_mark_twice(live: list[Firing]) -> bool:
    used = Counter(
        (one.rule.id, mark.day, mark.slot)
        for one in live
        if one.rule.window.span in (Span.ROLLING, Span.RUN) and not one.rule.count.reports
        for mark in one.evidence
    )
    return set(used.values()) <= {1}
