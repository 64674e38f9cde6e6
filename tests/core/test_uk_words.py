"""What school systems of the United Kingdom call years and relatives."""

import pytest

from app.core import uk_words
from app.core.uk_words import grade_of, relation_of
from app.roster.models.guardianship import RELATIONS
from app.roster.models.student import GRADES


def test_every_relation_is_one_that_the_roster_keeps() -> None:
    kept = {relation_of(word, has_responsibility=False) for word in uk_words._RELATIVES}

    assert kept | {relation_of("Whoever", has_responsibility=True)} <= set(RELATIONS)


@pytest.mark.parametrize("word", ["Doctor", "Child Minder", "Neighbour", "Social Worker", "", "Head Teacher"])
def test_whoever_is_nobody_of_the_family_is_left_out_unless_they_have_responsibility(word: str) -> None:
    assert relation_of(word, has_responsibility=False) == ""
    assert relation_of(word, has_responsibility=True) == "Other"


@pytest.mark.parametrize(
    ("year", "grade"),
    [
        ("Year  4", "04"),
        ("Year 13", "13"),
        ("7", "07"),
        ("Y10", "10"),
        ("Reception", "KG"),
        ("R", "KG"),
        ("Year  N2", "PK"),
        ("N1", "PK"),
        ("Nursery 2", "PK"),
        ("Year 14", ""),
        ("Sixth form", ""),
        ("0", ""),
    ],
)
def test_a_year_is_a_grade_that_the_roster_keeps(year: str, grade: str) -> None:
    assert grade_of(year) == grade
    assert grade in GRADES
