"""How easily texts read: held against words whose syllables are known, and texts whose grade is."""

import pytest

from app.notices.wording import shipped
from app.notices.wording.contents import Item, why_not
from app.notices.wording.readability import MOST_WORDS, _english, _spanish, read

ENGLISH = (
    "ab-sence missed days un-ex-cused at-ten-dance ser-vic-es meet-ing called want-ed lit-tle ta-ble reach please "
    "coun-sel-or men-tal health grad-u-ate ed-u-ca-tion re-quired par-ent guard-i-an stu-dent to-geth-er ab-sent "
    "ex-cuse use cours-es chang-es makes of-fered need-ed law learn-ing year phone trou-ble han-dled schools a-re-a "
    "so-cial sup-port spe-cial pe-ri-od rea-sons tru-ant val-id con-se-quenc-es con-fer-ence court peo-ple"
)
SPANISH = (
    "es-cue-la dí-as au-sen-cia ha-bí-a ni-ño guí-a que pin-güi-no pa-ís a-yu-da hoy le-er bú-ho a-ho-ra es-tu-dian-te "
    "a-sis-ten-cia ley tie-ne ciu-dad reu-nir-se a-po-yo e-du-ca-ción cuen-ta Ma-rí-a lla-me ex-cu-sa sa-lud a-é-re-o "
    "buey U-ru-guay pro-hí-be"
)


@pytest.mark.parametrize("word", ENGLISH.split())
def test_english_syllables(word):
    assert _english(word.replace("-", "")) == word.count("-") + 1


@pytest.mark.parametrize("word", SPANISH.split())
def test_spanish_syllables(word):
    assert _spanish(word.replace("-", "")) == word.count("-") + 1


def test_the_grade_of_flesch_and_kincaid():
    # 6 words, 1 sentence, 6 syllables: 0.39 · 6 + 11.8 − 15.59 is less than nothing.
    assert read("The cat sat on the mat.", "en").grade == 0.0
    # Ed-u-ca-tion-al ad-min-is-tra-tion re-quires doc-u-men-ta-tion: 5 + 5 + 2 + 5 in 4 words.
    hard = "Educational administration requires documentation."
    assert read(hard, "en").grade == round(0.39 * 4 + 11.8 * 17 / 4 - 15.59, 1)


def test_the_grade_of_fernandez_huerta():
    # 8 words, 1 sentence, 12 syllables: 206.84 − 60 · 12 / 8 − 1.02 · 8 = 108.68, the fourth grade.
    assert read("El ga-to se fue con el ni-ño.".replace("-", ""), "es").grade == 4.0
    assert read("La administración educativa requiere documentación considerable.", "es").grade == 16.0


def test_a_short_form_ends_no_sentence():
    assert read("Call Ms. Bell. She is there.", "en").sentences == 2


def test_a_placeholder_is_one_word():
    assert read("((student)) is here.", "en").words == 3


def test_where_no_formula_is_known_there_is_no_grade():
    assert read("Мария пропустила девять дней.", "ru").grade is None


def test_chinese_is_counted_by_its_letters():
    assert read("瑪麗亞今年已缺課九天。", "zh-Hant").words == 5


@pytest.mark.parametrize("tag", sorted(shipped.LETTER))
def test_the_shipped_texts_pass_the_gate_with_all_their_passages(tag):
    letter, passages = shipped.LETTER[tag], shipped.PASSAGES[tag]
    items = [Item(key, key) for key in passages]

    assert why_not(letter.heading, letter.body, passages, items, tag) == []


def test_a_long_text_is_refused_with_its_number_of_words():
    reasons = why_not("Heading", "We are here. " * 60, {}, [], "en")

    assert any(f"180 words. Families read at most {MOST_WORDS}" in reason for reason in reasons)


def test_a_hard_text_is_refused_with_its_grade():
    hard = "Notwithstanding statutory obligations, compulsory attendance necessitates documentation."

    assert any("It reads as in grade" in reason for reason in why_not("Heading", hard, {}, [], "en"))


def test_an_item_without_a_passage_is_named():
    items = [
        Item("right_to_meet", "the right to meet with the staff"),
        Item("is_truant", "that he is a truant"),
    ]
    reasons = why_not("Heading", "We are here.", {"is_truant": "He is.", "right_to_meet": " "}, items, "en")

    assert reasons == ["There is no passage that says: the right to meet with the staff"]
