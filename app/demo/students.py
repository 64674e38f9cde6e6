"""Two dozen invented students at each school, with a guardian each: enough that reports say something of a group.

Drawn with the dice, and moved in by the actions that a school office uses.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from app.core.actor import SYSTEM
from app.core.db import uuid7
from app.demo import names
from app.demo.families import AGREED, BOTH, CITY, POSTCODE, REGION
from app.demo.place import Place
from app.roster.actions import contacts, guardians, students
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Particulars, Rights
from app.roster.actions.students import Enrollment
from app.roster.models.contact import EMAIL, POST
from app.roster.models.reaching import PostalAddress

#: Two of each school, so that a report may show what becomes of a grade.
GRADES: Final = {
    "North": ("03", "04"),
    "Cedar": ("06", "07"),
    "High": ("09", "12"),
}
#: The home languages of a school's two dozen.
LANGUAGES: Final = ("en",) * 14 + ("es",) * 8 + ("vi", "ar")
FIRST_NUMBER: Final = 21001
#: Of a hundred guardians so many agreed to email.
BY_EMAIL: Final = 40

_STREETS: Final = (
    "Alder Street",
    "Bluebonnet Lane",
    "Cottonwood Drive",
    "Depot Street",
    "Elm Street",
    "Foundry Road",
    "Live Oak Avenue",
    "Pecan Street",
    "Prairie View",
    "Ridge Road",
    "Sycamore Court",
    "Windmill Way",
)


@dataclass(frozen=True, kw_only=True)
class Pupil:
    """A student with whoever is written to about them."""

    given_name: str
    family_name: str
    number: str
    #: The short name of the school.
    school: str
    grade: str
    born: date
    language: str
    parent: str
    relation: str
    street: str
    #: "" if they agreed to none.
    email: str


def drawn(begins: date, dice: Random) -> list[Pupil]:
    """All of them, in a school year that began on that day: nobody is called as another, and no two live together."""
    pupils: list[Pupil] = []
    taken: set[tuple[str, str]] = set()
    streets = [f"{number} {street}" for number in range(3, 60, 4) for street in _STREETS]
    dice.shuffle(streets)
    for school, grades in GRADES.items():
        languages = list(LANGUAGES)
        dice.shuffle(languages)
        for nth, language in enumerate(languages):
            name = _name(language, taken, dice)
            parent, grade = dice.choice(names.PARENTS[language]), grades[nth % len(grades)]
            number = FIRST_NUMBER + len(pupils)
            pupils.append(
                Pupil(
                    given_name=name[0],
                    family_name=name[1],
                    number=str(number),
                    school=school,
                    grade=grade,
                    # Who begins the first grade is six.
                    born=begins - timedelta(days=round((5 + int(grade)) * 365.25) + dice.randrange(5, 360)),
                    language=language,
                    parent=parent,
                    relation=dice.choice(("Mother", "Father", "Guardian")),
                    street=streets.pop(),
                    email=f"{_plain(parent)}.{_plain(name[1])}{number % 100}@families.example"
                    if dice.randrange(100) < BY_EMAIL
                    else "",
                )
            )
    return pupils


def move_in(pupils: Sequence[Pupil], place: Place) -> None:
    """All of them, into the schools of a district that has them."""
    schools = {school.short_name: school.id for school in place.schools}
    for one in pupils:
        student = students.add(
            Enrollment(
                given_name=one.given_name,
                family_name=one.family_name,
                number=one.number,
                school_id=schools[one.school],
                grade=one.grade,
                language=one.language,
                born=one.born,
            ),
            once=uuid7(),
        )
        of = Particulars(given_name=one.parent, family_name=one.family_name, language=one.language)
        guardian = guardians.add(of, once=uuid7())
        held = guardians.link(student, guardian, one.relation)
        guardians.say_rights(held, Rights(holds=dict(BOTH)), by=SYSTEM)
        address = PostalAddress.written(
            line1=one.street, city=CITY, region=REGION, postcode=POSTCODE, country="US"
        )
        contacts.add(guardian, POST, address, Consent(), once=uuid7())
        if one.email:
            contacts.add(guardian, EMAIL, one.email, AGREED, once=uuid7())


def _name(language: str, taken: set[tuple[str, str]], dice: Random) -> tuple[str, str]:
    while True:
        name = dice.choice(names.CHILDREN[language]), dice.choice(names.SURNAMES[language])
        if name not in taken:
            taken.add(name)
            return name


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
