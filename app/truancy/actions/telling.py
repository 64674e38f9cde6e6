"""What the rules have families told: each rule that owes them a notice, with what the law has it say."""

from typing import Final
from uuid import UUID

from app.core.grounds import Grounds, Wanted
from app.truancy.law.packs import NAMES, pack, places
from app.truancy.law.words import CONTENTS
from app.truancy.models.firing import Firing

#: Not a passage: every notice is in the parent's language, or it does not leave.
_BY_ITSELF: Final = frozenset({"language_of_parent"})


def wanted() -> list[Wanted]:
    """A notice for each rule that owes one to a parent, in the version that holds last."""
    found: dict[str, Wanted] = {}
    for place in places():
        for rule in pack(place):
            for duty in rule.duties:
                if duty.do == "notice" and rule.until is None:
                    found[rule.id] = Wanted(
                        key=rule.id,
                        title=f"{NAMES[place]}: {rule.title}",
                        authority="; ".join(rule.authority),
                        since=rule.effective,
                        contents=tuple(
                            (item, CONTENTS[item]) for item in duty.contents if item not in _BY_ITSELF
                        ),
                    )
    return list(found.values())


def why_not(firing_id: UUID) -> str:
    """Why a notice of that firing may not leave; "" while it stands. Until the transaction ends nobody retracts it."""
    if Firing.is_standing(firing_id):
        return ""
    return "The absences that this notice rests on do not hold any more: an excuse came, or the register was corrected."


#: What the mail room asks of this room.
FIRINGS: Final = Grounds(kind="firing", wanted=wanted, why_not=why_not)
