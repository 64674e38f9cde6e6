"""Who may be written to about a student, by what means, in which language, and why not the others.

Denied unless known: without a fact that says so nobody holds education rights and nobody receives mail. "No
contact" wins over everything, and also takes away every address, email and number that such a person shares with
somebody else: a letter there would reach them. Whoever sends asks again at the moment it leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core.db import db
from app.roster.models.contact import EMAIL, LANDLINE, MOBILE, POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardian_right import COURT_ORDER, EDUCATION, MAIL, NO_CONTACT, GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.student import Student

#: How a kind of contact reaches somebody.
MEANS: Final = {POST: "letter", EMAIL: "email", MOBILE: "text message", LANDLINE: "phone call"}

READ_THE_ORDER: Final = "A court order is on file. Read what it says before anything is sent."


@dataclass(frozen=True)
class Way:
    """A contact as it is decided on: what kind, which value (by its index), and whether they want it."""

    contact_id: UUID
    kind: str
    index: str
    is_wanted: bool
    #: A postal address that stands for a confidential one.
    is_substitute: bool = False

    @property
    def means(self) -> str:
        """letter, email, text message or phone call."""
        return MEANS[self.kind]


@dataclass(frozen=True)
class Standing:
    """All that is known of one guardian about one student. A right that nobody entered is not in `rights`."""

    guardian_id: UUID
    name: str
    language: str
    is_active: bool
    rights: Mapping[str, bool]
    ways: tuple[Way, ...]
    #: Nothing is posted to where they live: to a substitute address, or not at all.
    address_is_confidential: bool = False

    def holds(self, right: str) -> bool:
        """True only where a fact says so."""
        return self.rights.get(right, False)


@dataclass(frozen=True)
class Recipient:
    """Somebody who may be written to, by these ways and no others. `caution` is to be read by a person first."""

    guardian_id: UUID
    name: str
    language: str
    ways: tuple[Way, ...]
    caution: str


@dataclass(frozen=True)
class LeftOut:
    """Somebody who may not, and the sentence that says why."""

    guardian_id: UUID
    name: str
    why: str


@dataclass(frozen=True)
class Recipients:
    """Everybody of a student, on the one side or on the other."""

    may: tuple[Recipient, ...]
    left_out: tuple[LeftOut, ...]


def recipients(student: Student) -> Recipients:
    """The answer for a student, from what the roster knows at this moment."""
    return decide(student.name, student.person.active, standings(student))


def why_not_told(student: Student, guardian_id: UUID, *, by_way: str | None = None) -> str:
    """Why a guardian may not see what concerns a student; "" if they may, by whatever way they come.

    `by_way`: the index of the contact by which it was sent to them: nobody reads there who must not be contacted.
    """
    return decide_one(student.name, student.person.active, standings(student), guardian_id, by_way)


def standings(student: Student) -> list[Standing]:
    """What is known of each guardian of a student."""
    theirs = Guardianship.of_student(student.id)
    facts = GuardianRight.in_force([one.id for one in theirs])
    contacts: dict[UUID, list[Contact]] = {one.guardian_id: [] for one in theirs}
    for contact in Contact.of_guardians(list(contacts)):
        contacts[contact.guardian_id].append(contact)
    known = []
    for one in theirs:
        guardian = db.session.get_one(Guardian, one.guardian_id)
        known.append(
            Standing(
                guardian.id,
                guardian.name,
                guardian.language,
                guardian.person.active,
                {name: fact.holds for name, fact in facts[one.id].items()},
                tuple(_way(contact) for contact in contacts[guardian.id]),
                guardian.address_is_confidential,
            )
        )
    return known


def decide(student: str, is_enrolled: bool, known: Sequence[Standing]) -> Recipients:
    """The rule itself. `student`: the name, for the sentences."""
    barred = _reaching_the_barred(known)
    may: list[Recipient] = []
    left_out: list[LeftOut] = []
    for one in known:
        ways = tuple(way for way in _may_be_used(one) if way.index not in barred)
        why = _why_not(student, is_enrolled, one, ways, barred)
        if why:
            left_out.append(LeftOut(one.guardian_id, one.name, why))
        else:
            caution = READ_THE_ORDER if one.holds(COURT_ORDER) else ""
            may.append(Recipient(one.guardian_id, one.name, one.language, ways, caution))
    return Recipients(tuple(may), tuple(left_out))


def decide_one(
    student: str, is_enrolled: bool, known: Sequence[Standing], guardian_id: UUID, by_way: str | None = None
) -> str:
    """The rule of why_not_told() itself. Whoever decide() lets be written to may be told by each of their ways."""
    one = next((one for one in known if one.guardian_id == guardian_id), None)
    if one is None:
        return f"They are no guardian of {student}."
    why = _no_right(student, is_enrolled, one)
    barred = _reaching_the_barred(known)
    wanted = _may_be_used(one)
    if not why and (by_way in barred or (wanted and all(way.index in barred for way in wanted))):
        return f"{one.name} is reached where somebody is who must not be contacted about {student}."
    return why


def _reaching_the_barred(known: Iterable[Standing]) -> frozenset[str]:
    return frozenset(way.index for one in known if one.holds(NO_CONTACT) for way in one.ways)


def _no_right(student: str, is_enrolled: bool, one: Standing) -> str:
    if one.holds(NO_CONTACT):
        return f"{one.name} must not be contacted about {student}."
    if not is_enrolled:
        return f"{student} no longer goes to school here, so nothing is sent to {one.name}."
    if not one.is_active:
        return f"{one.name} is no longer a guardian here."
    if EDUCATION not in one.rights:
        return f"Nobody has entered whether {one.name} holds education rights for {student}."
    if not one.holds(EDUCATION):
        return f"{one.name} holds no education rights for {student}."
    if MAIL not in one.rights:
        return f"Nobody has entered whether {one.name} may receive mail about {student}."
    if not one.holds(MAIL):
        return f"{one.name} does not receive mail about {student}."
    return ""


def _why_not(
    student: str, is_enrolled: bool, one: Standing, ways: Sequence[Way], barred: frozenset[str]
) -> str:
    why = _no_right(student, is_enrolled, one)
    if why or ways:
        return why
    if not one.ways:
        return f"There is no address, email or number of {one.name}."
    if one.address_is_confidential and not _may_be_used(one):
        return f"The address of {one.name} is confidential, and no substitute address is known."
    if any(way.index in barred for way in _may_be_used(one)):
        return f"{one.name} can only be reached where somebody is who must not be contacted about {student}."
    return f"{one.name} has not agreed to any of the ways in which they can be reached."


def _may_be_used(one: Standing) -> tuple[Way, ...]:
    """The ways that they want, without an address that is confidential."""
    return tuple(
        way
        for way in one.ways
        if way.is_wanted and (way.kind != POST or way.is_substitute or not one.address_is_confidential)
    )


def _way(contact: Contact) -> Way:
    return Way(contact.id, contact.kind, contact.value_index, contact.is_wanted, contact.is_substitute)
