"""May they? An account's own sessions, factors and ways in, and who looked at a record.

People and roles are the admin room's doors.
"""

from enum import StrEnum
from typing import Any, Final

from app.core.actor import Actor
from app.core.permissions import Rules
from app.roster.permissions import answers_for_their_school


class May(StrEnum):
    """What is asked at the doors of this room."""

    SEE_OWN_SESSIONS = "see where they are signed in"
    END_OWN_SESSION = "end a session of their own"
    SEE_OWN_HISTORY = "see who saw or changed their own record"
    SEE_STUDENT_HISTORY = "see who saw or changed a student's record"
    REMOVE_OWN_PASSKEY = "remove a passkey of their own"
    KEEP_OWN_FACTORS = "set up and remove a second factor of their own"
    SEE_OWN_WAYS_IN = "see and add ways into their own account"
    REMOVE_OWN_WAY_IN = "remove a way into their own account"


def has_an_account(who: Actor, _: Any) -> bool:
    """Whoever signed in."""
    return who.kind == "account"


def is_theirs(who: Actor, thing: Any) -> bool:
    """It belongs to their account."""
    return bool(who.id == thing.account_id)


RULES: Final[Rules] = {
    May.SEE_OWN_SESSIONS: [has_an_account],
    May.END_OWN_SESSION: [is_theirs],
    May.SEE_OWN_HISTORY: [has_an_account],
    May.SEE_STUDENT_HISTORY: [answers_for_their_school],
    May.REMOVE_OWN_PASSKEY: [is_theirs],
    May.KEEP_OWN_FACTORS: [has_an_account],
    May.SEE_OWN_WAYS_IN: [has_an_account],
    May.REMOVE_OWN_WAY_IN: [is_theirs],
}
