"""A student's family as one page shows it: each guardian with facts and contacts, and whether they are written to."""

from dataclasses import dataclass

from app.core.db import db
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import Household, HouseholdMember
from app.roster.models.recipients import LeftOut, Recipient, recipients
from app.roster.models.student import Student


@dataclass(frozen=True)
class Relative:
    """One guardian of the student."""

    guardian: Guardian
    held: Guardianship
    rights: dict[str, GuardianRight]
    contacts: list[Contact]
    household: Household | None
    may: Recipient | None
    left_out: LeftOut | None


def family_of(student: Student) -> list[Relative]:
    """Everybody who belongs to a student, in the order they were entered."""
    theirs = Guardianship.of_student(student.id)
    facts = GuardianRight.in_force([one.id for one in theirs])
    contacts = Contact.of_guardians([one.guardian_id for one in theirs])
    members = HouseholdMember.of_guardians(one.guardian_id for one in theirs)
    answer = recipients(student)
    may = {one.guardian_id: one for one in answer.may}
    left_out = {one.guardian_id: one for one in answer.left_out}
    return [
        Relative(
            db.session.get_one(Guardian, one.guardian_id),
            one,
            facts[one.id],
            [contact for contact in contacts if contact.guardian_id == one.guardian_id],
            Household.find(members[one.guardian_id].household_id) if one.guardian_id in members else None,
            may.get(one.guardian_id),
            left_out.get(one.guardian_id),
        )
        for one in theirs
    ]
