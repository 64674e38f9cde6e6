"""Which guardians make a household: pure, so that it can be tried on every family there could be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Lives:
    """A guardian as households are derived: where, with which students, and where they were put until now."""

    guardian_id: UUID
    #: The blind index of the postal address; "" where there is none.
    address: str
    students: frozenset[UUID]
    household_id: UUID | None = None
    pinned: bool = False


def groups(lives: Sequence[Lives]) -> list[list[Lives]]:
    """Those who have one address and share a student, directly or by others of the group. Nobody twice."""
    left = sorted(lives, key=lambda one: one.guardian_id)
    found = []
    while left:
        group = [left.pop(0)]
        for one in group:  # grows while it is walked
            near = [other for other in left if _live_together(one, other)]
            group += near
            left = [other for other in left if other not in near]
        found.append(group)
    return found


def derive(lives: Sequence[Lives]) -> Mapping[UUID, UUID | int]:
    """Where each guardian who is not pinned belongs: a household that is there, or the number of a new one.

    A group stays where most of it was; of two groups that were together the larger one stays.
    """
    found = groups([one for one in lives if not one.pinned])
    taken: set[UUID] = set()
    placed: dict[UUID, UUID | int] = {}
    for number, group in enumerate(sorted(found, key=lambda group: (-len(group), group[0].guardian_id))):
        before = [one.household_id for one in group if one.household_id is not None]
        ranked = sorted(set(before), key=lambda id: (-before.count(id), id))
        here = next((id for id in ranked if id not in taken), None)
        if here is not None:
            taken.add(here)
        placed |= {one.guardian_id: here if here is not None else number for one in group}
    return placed


def _live_together(one: Lives, other: Lives) -> bool:
    return bool(one.address) and one.address == other.address and not one.students.isdisjoint(other.students)
