"""Invented families of a demo district, in three languages: made by the actions that a school office uses.

The Salas live together with two children at North; Noor Haddad's parents live apart, and one reads Arabic alone;
Ivy Walker's father must not be contacted. Their numbers are of the range that is kept free for stories.
"""

from dataclasses import dataclass, field
from typing import Final

from app.core.actor import SYSTEM
from app.core.db import uuid7
from app.demo.place import Place
from app.roster.actions import contacts, guardians, students
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Particulars, Rights
from app.roster.actions.students import Enrollment
from app.roster.models.contact import EMAIL, MOBILE, POST
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, LIVES_WITH, MAIL, NO_CONTACT
from app.roster.models.reaching import PostalAddress

#: Where they live, and where the schools are.
CITY, REGION, POSTCODE = "Maple", "TX", "75001"
AGREED: Final = Consent(state="given", source="enrollment", wording="2026-08")
BOTH: Final = {EDUCATION: True, MAIL: True, LIVES_WITH: True, NO_CONTACT: False, COURT_ORDER: False}
APART: Final = {**BOTH, LIVES_WITH: False}
BARRED: Final = {EDUCATION: False, MAIL: False, LIVES_WITH: False, NO_CONTACT: True, COURT_ORDER: True}


@dataclass(frozen=True)
class Child:
    """A student, and the short name of the school."""

    given_name: str
    family_name: str
    number: str
    school: str
    grade: str
    language: str = "en"


@dataclass(frozen=True)
class Parent:
    """A guardian of each child of the family."""

    given_name: str
    family_name: str
    relation: str
    language: str = "en"
    street: str = ""
    mobile: str = ""
    email: str = ""
    rights: dict[str, bool | None] = field(default_factory=lambda: dict(BOTH))
    note: str = ""


@dataclass(frozen=True)
class Family:
    """Children with those who belong to all of them."""

    children: tuple[Child, ...]
    parents: tuple[Parent, ...]


FAMILIES: Final = (
    Family(
        (
            Child("Mía", "Salas", "20417", "North", "04", "es"),
            Child("Leo", "Salas", "20611", "North", "01", "es"),
        ),
        (
            Parent(
                "Ana",
                "Salas",
                "Mother",
                "es",
                "12 Orchard Lane",
                "+13125550141",
                "ana.salas@families.example",
            ),
            Parent("Luis", "Salas", "Father", "es", "12 Orchard Lane", "+13125550142"),
        ),
    ),
    Family(
        (Child("Noor", "Haddad", "20533", "North", "03", "ar"),),
        (
            Parent(
                "Layla", "Haddad", "Mother", "en", "7 Mill Road", "+13125550153", "layla@families.example"
            ),
            Parent("سمير", "حداد", "Father", "ar", "31 Station Street", "+13125550154", rights=dict(APART)),
        ),
    ),
    Family(
        (Child("Ivy", "Walker", "19872", "Cedar", "07"),),
        (
            Parent("June", "Walker", "Mother", "en", "4 Harbor View", "+13125550165"),
            Parent(
                "Rex",
                "Walker",
                "Father",
                "en",
                "88 Quarry Road",
                "+13125550166",
                rights=dict(BARRED),
                note="No contact with the student, at school or elsewhere, until the court says otherwise.",
            ),
        ),
    ),
)


def move_in(place: Place) -> None:
    """All of them, into the schools of a district that has them."""
    schools = {school.short_name: school.id for school in place.schools}
    for family in FAMILIES:
        made = [
            students.add(
                Enrollment(
                    given_name=child.given_name,
                    family_name=child.family_name,
                    number=child.number,
                    school_id=schools[child.school],
                    grade=child.grade,
                    language=child.language,
                ),
                once=uuid7(),
            )
            for child in family.children
        ]
        for parent in family.parents:
            guardian = _move_in(parent)
            for student in made:
                held = guardians.link(student, guardian, parent.relation)
                guardians.say_rights(held, Rights(holds=parent.rights, note=parent.note), by=SYSTEM)


def _move_in(parent: Parent) -> Guardian:
    of = Particulars(given_name=parent.given_name, family_name=parent.family_name, language=parent.language)
    guardian = guardians.add(of, once=uuid7())
    if parent.street:
        address = PostalAddress.written(
            line1=parent.street, city=CITY, region=REGION, postcode=POSTCODE, country="US"
        )
        contacts.add(guardian, POST, address, Consent(), once=uuid7())
    if parent.mobile:
        contacts.add(guardian, MOBILE, parent.mobile, AGREED, once=uuid7())
    if parent.email:
        contacts.add(guardian, EMAIL, parent.email, AGREED, once=uuid7())
    return guardian
