"""Households are derived, and corrected by hand: split, joined, named, or left to be derived again."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db, uuid7
from app.core.tenancy import current_district_id
from app.roster.actions.refused import Refused
from app.roster.models.contact import POST, Contact
from app.roster.models.guardian import Guardian
from app.roster.models.guardianship import Guardianship
from app.roster.models.household import Household, HouseholdMember
from app.roster.models.living_together import Lives, derive

#: A family larger than this is a mistake in the roster, such as a case worker of a hundred students.
MOST: Final = 100


def derive_for(guardian_ids: Iterable[UUID]) -> None:
    """Derive the households of these guardians and of all with whom they share students. Twice writes nothing."""
    # One at a time in a district: two clerks at once would put the same guardian into two households.
    lock = func.hashtextextended(f"households {current_district_id()}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))
    everybody = _family(set(guardian_ids))
    members = HouseholdMember.of_guardians(everybody)
    students = _students_of(everybody)
    addresses = _addresses_of(everybody)
    lives = [
        Lives(
            id,
            addresses.get(id, ""),
            frozenset(students.get(id, ())),
            members[id].household_id if id in members else None,
            id in members and members[id].pinned,
        )
        for id in everybody
    ]
    before = {member.household_id for member in members.values()}
    made: dict[int, UUID] = {}
    for guardian_id, place in derive(lives).items():
        household_id = place if isinstance(place, UUID) else made.get(place)
        if household_id is None:
            assert isinstance(place, int)
            household_id = made[place] = _new().id
        _put(guardian_id, household_id, members, pinned=False)
    db.session.flush()
    _forget_empty(before)


def split(household: Household, guardian: Guardian) -> Household:
    """From now on this guardian gets letters of their own, wherever they live. Raises Refused."""
    members = HouseholdMember.of_guardians(one.guardian_id for one in household.members)
    if guardian.id not in members or len(members) < 2:
        raise Refused(f"{guardian.name} is alone in this household, or not of it.")
    alone = _new()
    _put(guardian.id, alone.id, members, pinned=True)
    db.session.flush()
    _reread(household, alone)
    return alone


def join(household: Household, other: Household) -> None:
    """From now on one letter goes to both. All of them stay together until it is corrected again."""
    if household.id == other.id:
        raise Refused("That is this household already.")
    members = HouseholdMember.of_guardians(one.guardian_id for one in (*household.members, *other.members))
    for guardian_id in members:
        _put(guardian_id, household.id, members, pinned=True)
    db.session.flush()
    _forget_empty({other.id})
    _reread(household)


def name(household: Household, mail_name: str) -> None:
    """Whom its letters are addressed to; "" for the names of those they go to."""
    household.mail_name = " ".join(mail_name.split())
    db.session.flush()


def forget_corrections(household: Household) -> None:
    """Derive it anew, as if nobody had corrected it."""
    guardian_ids = []
    for member in household.members:
        member.pinned = False
        guardian_ids.append(member.guardian_id)
    db.session.flush()
    derive_for(guardian_ids)


def _new() -> Household:
    household = Household(id=uuid7())
    db.session.add(household)
    db.session.flush()
    return household


def _put(
    guardian_id: UUID, household_id: UUID, members: dict[UUID, HouseholdMember], *, pinned: bool
) -> None:
    member = members.get(guardian_id)
    if member is None:
        member = members[guardian_id] = HouseholdMember(guardian_id=guardian_id, household_id=household_id)
        db.session.add(member)
    if (member.household_id, member.pinned) != (household_id, pinned):
        member.household_id, member.pinned = household_id, pinned


def _forget_empty(household_ids: set[UUID]) -> None:
    used = select(HouseholdMember.household_id)
    empty = select(Household).where(Household.id.in_(household_ids), Household.id.not_in(used))
    for household in db.session.scalars(empty):
        db.session.delete(household)
    db.session.flush()


def _reread(*households: Household) -> None:
    for household in households:
        db.session.expire(household, ["members"])


def _family(guardian_ids: set[UUID]) -> set[UUID]:
    """These, and all with whom they share a student, and so on."""
    known: set[UUID] = set()
    while guardian_ids - known and len(known) < MOST:
        known |= guardian_ids
        theirs = select(Guardianship.student_id).where(
            Guardianship.guardian_id.in_(guardian_ids), Guardianship.ended_at.is_(None)
        )
        others = select(Guardianship.guardian_id).where(
            Guardianship.student_id.in_(theirs), Guardianship.ended_at.is_(None)
        )
        guardian_ids = guardian_ids | set(db.session.scalars(others))
    return known | guardian_ids


def _students_of(guardian_ids: set[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    theirs = select(Guardianship.guardian_id, Guardianship.student_id).where(
        Guardianship.guardian_id.in_(guardian_ids), Guardianship.ended_at.is_(None)
    )
    for guardian_id, student_id in db.session.execute(theirs):
        found.setdefault(guardian_id, set()).add(student_id)
    return found


def _addresses_of(guardian_ids: set[UUID]) -> dict[UUID, str]:
    """By guardian, the index of the first postal address that was entered."""
    posts = select(Contact.guardian_id, Contact.value_index).where(
        Contact.guardian_id.in_(guardian_ids), Contact.kind == POST
    )
    found: dict[UUID, str] = {}
    for guardian_id, index in db.session.execute(posts.order_by(Contact.made_at, Contact.id)):
        found.setdefault(guardian_id, index)
    return found
