"""Families for tests, made by the actions that the office uses. Needs the district to be open."""

from typing import Any
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.db import db, uuid7
from app.roster.actions import contacts, guardians, students
from app.roster.actions.contacts import Consent
from app.roster.actions.guardians import Rights
from app.roster.actions.students import Enrollment
from app.roster.models.contact import EMAIL, MOBILE, POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import EDUCATION, MAIL
from app.roster.models.guardianship import Guardianship
from app.roster.models.reaching import PostalAddress
from app.roster.models.student import Student

AGREED = Consent(state="given", source="paper", wording="2026-08")
BOTH = {EDUCATION: True, MAIL: True}


def student(given: str, family: str, *, number: str, school: UUID, **more: Any) -> Student:
    of = Enrollment(given_name=given, family_name=family, number=number, school_id=school, **more)
    return students.add(of, once=uuid7())


def guardian(
    of: Student,
    given: str,
    family: str,
    *,
    relation: str = "Mother",
    language: str = "en",
    rights: dict[str, bool | None] | None = None,
    note: str = "",
) -> Guardian:
    """Somebody new who belongs to a student; with education rights and mail unless said otherwise."""
    named = guardians.Particulars(given_name=given, family_name=family, language=language)
    made = guardians.add(named, once=uuid7())
    belongs(of, made, relation=relation, rights=rights, note=note)
    return made


def belongs(
    of: Student,
    one: Guardian,
    *,
    relation: str = "Mother",
    rights: dict[str, bool | None] | None = None,
    note: str = "",
) -> Guardianship:
    held = guardians.link(of, one, relation)
    guardians.say_rights(held, Rights(holds=BOTH if rights is None else rights, note=note), by=SYSTEM)
    return held


def email(of: Guardian, address: str, consent: Consent = AGREED) -> Contact:
    return contacts.add(of, EMAIL, address, consent, once=uuid7())


def mobile(of: Guardian, number: str, consent: Consent = AGREED) -> Contact:
    return contacts.add(of, MOBILE, number, consent, once=uuid7())


def lives_at(of: Guardian, line1: str, consent: Consent = Consent()) -> Contact:
    address = PostalAddress.written(line1=line1, city="Maple", region="IL", postcode="60601", country="US")
    return contacts.add(of, POST, address, consent, once=uuid7())


def guardianships(of: Student) -> list[tuple[Guardianship, Guardian]]:
    return [(one, db.session.get_one(Guardian, one.guardian_id)) for one in Guardianship.of_student(of.id)]
