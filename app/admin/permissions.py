"""What a district admin may do. Tickets are not among it: an admin sees no words of them."""

from enum import StrEnum
from typing import Any, Final

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.roster.models.person import Person


class May(StrEnum):
    """What can be done here."""

    SEE_OVERVIEW = "see what the district is set to"
    KEEP_PEOPLE = "add, change and deactivate people"
    IMPORT_PEOPLE = "import people and schools from a file"
    KEEP_PRECEDENCE = "say whose word about people counts"
    KEEP_SCHOOL_YEARS = "open a school year and undo it"
    KEEP_ROLES = "invite people and give them roles"
    TAKE_FACTORS = "take away the second factor that somebody lost"
    KEEP_ROLES_OF_GROUPS = "say what groups of a directory mean"
    KEEP_PLACES = "add, change and close schools and rooms"
    KEEP_SWITCHES = "turn outside services on and off"
    ADMIT = "let in whoever Google or Microsoft vouches for"
    KEEP_MAIL = "say how mail comes and goes"
    KEEP_CONTACT = "say whom the public can ask"
    KEEP_SIGN_IN = "say how people sign in"
    SEAL = "seal the account for emergencies"
    ROTATE_KEY = "rotate the district's key"
    SEE_VISITS = "see the visits of the operator"
    ANSWER_VISIT = "let the operator look, or not"
    KEEP_DISTRICT = "name, open and close the district"
    SEE_AUDIT = "see the audit log"


def is_admin(actor: Actor, _: Any) -> bool:
    """An admin of the whole district."""
    return actor.has(Role.ADMIN)


def is_admin_of_staff(actor: Actor, person: Person | None = None) -> bool:
    """An admin, where the person is of the staff: students and guardians are kept elsewhere."""
    return is_admin(actor, person) and (person is None or person.kind == "staff")


RULES: Final[Rules] = {
    **{may: [is_admin] for may in May},
    May.KEEP_PEOPLE: [is_admin_of_staff],
    May.KEEP_ROLES: [is_admin_of_staff],
}
