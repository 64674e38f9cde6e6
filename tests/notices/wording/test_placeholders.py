"""The small grammar of templates."""

from hypothesis import given
from hypothesis import strategies as st

from app.notices.wording.placeholders import fill, names_in


def test_a_value_is_put_in_whatever_the_case_and_blanks_of_its_name():
    filled = fill("((Student Name)) and (( STUDENT_NAME ))", {"student name": "Ana"})

    assert filled.text == "Ana and Ana"
    assert filled.missing == ()


def test_words_stand_only_where_their_flag_says_so():
    text = "Hello.((late?? You are late (again).))"

    assert fill(text, {"late": "yes"}).text == "Hello. You are late (again)."
    assert fill(text, {"late": "no"}).text == "Hello."


def test_a_missing_value_is_listed_once_as_it_is_written():
    filled = fill("((Student)) has ((days)), ((student))", {"days": "9"})

    assert filled.missing == ("Student",)
    assert filled.text == " has 9, "


def test_an_empty_value_is_missing():
    assert fill("((phone))", {"phone": "  "}).missing == ("phone",)


def test_a_value_that_looks_like_a_placeholder_is_not_read_again():
    assert fill("((name))", {"name": "((days))", "days": "9"}).text == "((days))"


def test_values_in_a_text_from_right_to_left_keep_their_own_direction():
    assert fill("((phone))", {"phone": "(312) 555-0100"}, rtl=True).text == "\u2066(312) 555-0100\u2069"
    assert fill("((name))", {"name": "Ana"}, rtl=True).text == "\u2066Ana\u2069"
    assert fill("((name))", {"name": "مريم"}, rtl=True).text == "\u2067مريم\u2069"


def test_a_telephone_number_written_into_such_a_text_keeps_its_order():
    assert fill("هاتف (312) 555-0100.", {}, rtl=True).text == "هاتف \u2066(312) 555-0100\u2069."
    assert fill("9 أيام", {}, rtl=True).text == "9 أيام"


def test_names_are_told_each_once():
    assert names_in("((Student)) ((days)) ((student)) ((flag??words))") == ["Student", "days", "flag"]


@given(st.text(alphabet="()? abc\n", max_size=300), st.text(max_size=20))
def test_any_text_is_filled_and_what_is_filled_was_asked_for(text, value):
    filled = fill(text, dict.fromkeys(names_in(text), value))

    assert set(filled.missing) <= set(names_in(text))
    if value.strip():
        assert filled.missing == ()
