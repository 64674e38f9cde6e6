"""What goes into one envelope: letters about students of one household, to the same guardians, in one language.

Never one child's letter in an envelope to somebody who holds no rights for that child.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.db import db
from app.roster.models.contact import POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.household import Household, HouseholdMember, names_together
from app.roster.models.recipients import Recipient, recipients
from app.roster.models.student import Student


@dataclass(frozen=True)
class Envelope:
    """One letter. `address` is its lines, without the name; `students` are those whom it may be about."""

    name: str
    address: tuple[str, ...]
    language: str
    guardian_ids: tuple[UUID, ...]
    students: tuple[Student, ...]
    #: To be read by a person first; "" where nothing stands in the way.
    caution: str


def envelopes(students: Sequence[Student]) -> list[Envelope]:
    """As few as possible: once to a household with two children, separately to two parents who live apart."""
    about: dict[tuple[UUID, str, tuple[UUID, ...]], list[tuple[Student, list[Recipient]]]] = {}
    for student in students:
        for (household_id, language), those in _by_household(student).items():
            key = (household_id, language, tuple(one.guardian_id for one in those))
            about.setdefault(key, []).append((student, those))
    return [_envelope(key[0], key[1], letters) for key, letters in about.items()]


def envelope_to(student: Student, guardian_ids: Collection[UUID]) -> Envelope | None:
    """The letter to these and nobody else. None where one of them is written to elsewhere, or not at all."""
    wanted = set(guardian_ids)
    for (household_id, language), those in _by_household(student).items():
        some = [one for one in those if one.guardian_id in wanted]
        if len(some) == len(wanted):
            return _envelope(household_id, language, [(student, some)])
    return None


def _by_household(student: Student) -> dict[tuple[UUID, str], list[Recipient]]:
    by_post = [one for one in recipients(student).may if any(way.kind == POST for way in one.ways)]
    members = HouseholdMember.of_guardians(one.guardian_id for one in by_post)
    found: dict[tuple[UUID, str], list[Recipient]] = {}
    for one in sorted(by_post, key=lambda one: one.guardian_id):
        member = members.get(one.guardian_id)
        household_id = member.household_id if member else one.guardian_id
        found.setdefault((household_id, one.language), []).append(one)
    return found


def _envelope(household_id: UUID, language: str, letters: list[tuple[Student, list[Recipient]]]) -> Envelope:
    those = letters[0][1]
    post = next(way for way in those[0].ways if way.kind == POST)
    address = db.session.get_one(Contact, post.contact_id).address
    assert address is not None
    ids = tuple(one.guardian_id for one in those)
    return Envelope(
        name=_name(household_id, ids),
        address=tuple(address.lines()),
        language=language,
        guardian_ids=ids,
        students=tuple(student for student, _ in letters),
        caution=next((one.caution for _, some in letters for one in some if one.caution), ""),
    )


def _name(household_id: UUID, guardian_ids: tuple[UUID, ...]) -> str:
    """The household's own name only where everybody of it is written to: it may name somebody who is not."""
    household = Household.find(household_id)
    if household is not None and {one.id for one in household.guardians} == set(guardian_ids):
        return household.name
    return names_together(db.session.get_one(Guardian, id).person for id in guardian_ids)
