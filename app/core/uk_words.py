"""What school systems of the United Kingdom call years and relatives, in the words of the roster.

Relatives as the Department for Education's Common Basic Data Set names them; the words kept are those of Ed-Fi's
RelationDescriptor (roster/models/guardianship.py).
"""

import re
from typing import Final

_RELATIVES: Final = {
    "mother": "Mother",
    "father": "Father",
    "parent": "Parent",
    "mother and father": "Parent",
    "step mother": "Mother, step",
    "stepmother": "Mother, step",
    "step father": "Father, step",
    "stepfather": "Father, step",
    "step parent": "Parent",
    "foster mother": "Mother, foster",
    "foster father": "Father, foster",
    "foster parent": "Foster parent",
    "foster carer": "Foster parent",
    "adoptive parent": "Adoptive parents",
    "adopted parent": "Adoptive parents",
    "grandmother": "Grandmother",
    "grandfather": "Grandfather",
    "grandparent": "Grandparent",
    "aunt": "Aunt",
    "uncle": "Uncle",
    "sister": "Sister",
    "brother": "Brother",
    "cousin": "Cousin",
    "relative": "Family member",
    "other relative": "Family member",
    "family member": "Family member",
    "other family member": "Family member",
    "guardian": "Guardian",
    "legal guardian": "Guardian",
    "special guardian": "Guardian",
    "carer": "Guardian",
}
_YEAR: Final = re.compile(r"(?:nc)?\s*(?:year|yr|y)?\s*0*(\d{1,2})")


def relation_of(word: str, *, has_responsibility: bool) -> str:
    """What they are to the student; "" for a doctor, a neighbour, a childminder: nobody of the family.

    `has_responsibility`: parental responsibility, which takes in whoever has it, whatever they are called.
    """
    plain = " ".join(word.lower().replace("-", " ").split())
    return _RELATIVES.get(plain, "Other" if has_responsibility else "")


def grade_of(year: str) -> str:
    """The code of a year group: Reception is "KG", a nursery year "PK", Year 7 "07"; "" for what is no year."""
    plain = " ".join(year.lower().split())
    if plain in ("r", "reception", "year r", "yr r", "foundation 2"):
        return "KG"
    if plain.startswith(("nursery", "year n", "pre-school", "foundation 1")) or re.fullmatch(r"n\d?", plain):
        return "PK"
    found = _YEAR.fullmatch(plain)
    return found[1].zfill(2) if found and 1 <= int(found[1]) <= 13 else ""
