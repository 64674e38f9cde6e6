"""The days that a family reads: signed-off codes, school days, nothing after the day to which the register is in."""

from datetime import date, timedelta
from uuid import UUID

from app.core import clock
from app.family.models.absences import EXCUSED, UNEXCUSED, UNEXPLAINED, Absences, counted
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark

NORTH, CEDAR = UUID(int=1), UUID(int=2)
MONDAY = date(2026, 9, 7)
TO = MONDAY + timedelta(days=25)


def code(letters: str = "U", excuse: str = "unexcused", kind: str = "absent", *, signed: bool = True, **more):
    made = AttendanceCode(code=letters, kind=kind, excuse=excuse, **more)
    if signed:
        made.signed_off_at = clock.now()
    return made


def mark(after: int = 0, letters: str = "U", slot: str = "DAY", school: UUID = NORTH):
    return AttendanceMark(school_id=school, day=MONDAY + timedelta(days=after), slot=slot, code=letters)


def count(marks, codes=None, *, lessons: int = 0, to: date = TO, closed: tuple[int, ...] = ()) -> Absences:
    days = {
        (school, MONDAY + timedelta(days=after)): lessons
        for school in (NORTH, CEDAR)
        for after in range(40)
        if after % 7 < 5 and after not in closed
    }
    codes = codes or [code(), code("E", "excused"), code("N", "unknown")]
    return counted(marks, codes, days, {NORTH: to, CEDAR: to}, to)


def test_it_is_split_by_what_the_codes_say() -> None:
    found = count([mark(0), mark(1), mark(2, "E"), mark(3, "N")])

    assert (found.whole, found.parts) == (4, 0)
    assert [found.because(why) for why in (UNEXCUSED, EXCUSED, UNEXPLAINED)] == [2, 1, 1]


def test_a_code_that_nobody_signed_off_counts_for_nothing() -> None:
    assert count([mark(0)], [code(signed=False)]).whole == 0


def test_a_code_that_is_no_absence_counts_for_nothing() -> None:
    kinds = ["present", "tardy", "early_out", "suspended_out", "suspended_in", "offsite_instruction"]

    assert [count([mark(0)], [code(kind=kind)]).whole for kind in kinds] == [0] * 6


def test_an_absence_without_a_word_about_excuse_is_unexplained() -> None:
    assert count([mark(0)], [code(excuse="")]).because(UNEXPLAINED) == 1


def test_a_reason_that_was_not_given_in_time_is_unexcused_and_one_that_came_is_excused() -> None:
    late, excused = mark(0, "N"), mark(1, "E")
    late.unexcused_since = excused.unexcused_since = TO

    found = count([late, excused, mark(2, "N")])

    assert [found.because(why) for why in (UNEXCUSED, EXCUSED, UNEXPLAINED)] == [1, 1, 1]


def test_nothing_counts_after_the_day_to_which_the_register_is_in() -> None:
    to = MONDAY + timedelta(days=1)

    assert [one.day for one in count([mark(0), mark(1), mark(2)], to=to).days] == [to, MONDAY]


def test_a_mark_on_a_sunday_or_a_closed_day_counts_for_nothing() -> None:
    assert count([mark(6), mark(1)], closed=(1,)).whole == 0


def test_a_school_whose_register_never_came_in_counts_for_nothing() -> None:
    assert counted([mark(0)], [code()], {(NORTH, MONDAY): 0}, {}, TO).whole == 0


def test_what_the_school_says_of_a_code_goes_before_the_district() -> None:
    codes = [code(), code(excuse="excused", school_id=NORTH)]

    found = count([mark(0), mark(1, school=CEDAR)], codes)

    assert (found.because(EXCUSED), found.because(UNEXCUSED)) == (1, 1)


def test_a_meaning_holds_from_its_first_day_to_its_last() -> None:
    until = MONDAY + timedelta(days=1)
    codes = [code(valid_to=until), code(excuse="excused", valid_from=until + timedelta(days=1))]

    found = count([mark(1), mark(2)], codes)

    assert (found.because(EXCUSED), found.because(UNEXCUSED)) == (1, 1)


def test_both_halves_are_a_whole_day_and_one_is_a_part() -> None:
    found = count([mark(0, slot="AM"), mark(0, slot="PM"), mark(1, slot="AM")])

    assert (found.whole, found.parts) == (1, 1)


def test_all_lessons_are_a_whole_day_and_fewer_are_a_part() -> None:
    whole = [mark(0, slot=f"P{number}") for number in range(1, 7)]

    assert (count(whole, lessons=6).whole, count(whole[1:], lessons=6).parts) == (1, 1)


def test_lessons_of_a_day_whose_length_nobody_knows_are_a_part() -> None:
    found = count([mark(0, slot="P1")], lessons=0)

    assert (found.whole, found.parts) == (0, 1)


def test_a_day_of_several_words_asks_most_of_the_family() -> None:
    both = [mark(0, "E", "AM"), mark(0, "U", "PM"), mark(1, "E", "AM"), mark(1, "N", "PM")]

    assert [one.why for one in count(both).days] == [UNEXPLAINED, UNEXCUSED]


def test_two_schools_on_one_day_are_one_day() -> None:
    assert len(count([mark(0), mark(0, school=CEDAR)]).days) == 1


def test_the_order_of_the_marks_is_no_matter() -> None:
    marks = [mark(0), mark(1, "E"), mark(2, "N", "AM"), mark(2, "E", "PM"), mark(3, slot="P2")]

    assert count(marks) == count(marks[::-1])
