"""What OneRoster says of somebody, a file or a server, becomes an item: one of the staff, a student, a guardian.

Of whoever is not asked for nothing goes any further than here.
"""

from dataclasses import dataclass
from typing import Final

from app.core.feed import FedGuardian, FedPerson, FedSomebody, FedStudent, LeftOut, Rule, is_address

STAFF_ROLES: Final = {
    one.lower(): one
    for one in (
        "administrator",
        "aide",
        "counselor",
        "districtAdministrator",
        "principal",
        "proctor",
        "siteAdministrator",
        "systemAdministrator",
        "teacher",
    )
}
STUDENT: Final = "student"
GUARDIANS: Final = frozenset({"guardian", "parent", "relative"})
OTHER_ROLES: Final = frozenset({STUDENT, *GUARDIANS})
LONGEST: Final = {"key": 255, "name": 80, "email": 254, "number": 60}
#: Of one student, or of one guardian.
MOST_RELATIVES: Final = 30

USERS: Final = (
    "sourcedId",
    "status",
    "enabledUser",
    "givenName",
    "familyName",
    "preferredGivenName",
    "preferredFamilyName",
    "email",
    "role",
    "orgSourcedIds",
    "primaryOrgSourcedId",
)
#: Read only where students and families are taken in.
OF_FAMILIES: Final = (
    "identifier",
    "grades",
    "agentSourcedIds",
    "sms",
    "phone",
    "userMasterIdentifier",
)
TRUE: Final = frozenset({"", "true", "1", "yes", "y", "t"})
_FALSE: Final = frozenset({"false", "0", "no", "n", "f"})

#: File and line.
Where = tuple[str, int]
#: The word for it, the school, and whether it is the primary one.
Role = tuple[str, str, bool]


@dataclass
class People:
    """One reading. `families`: students and families are asked for. `roles_apart`: as 1.2 has them, so that whoever is
    deleted has none. `is_delta`: roles are told where they changed.
    """

    families: bool
    roles_apart: bool
    is_delta: bool = False
    #: How many of the staff were read.
    staff: int = 0

    def read(
        self, where: Where, row: list[str], role: str, school: str
    ) -> FedPerson | FedStudent | FedGuardian | FedSomebody | LeftOut:
        """The item about somebody. `row`: as USERS and, where they are asked for, OF_FAMILIES name its values."""
        word = role.lower()
        if not self.families:
            if word in OTHER_ROLES or (not role and self.roles_apart and not self._may_be_known(row)):
                return left(where, "", Rule.NOT_STAFF)
            return self._one_of_staff(where, row, role, school)
        if word == STUDENT:
            return _student(where, row, school)
        if word in GUARDIANS:
            return _guardian(where, row, word, school)
        if role:
            return self._one_of_staff(where, row, role, school)
        if not self._may_be_known(row):
            return left(where, "", Rule.NO_ROLE)
        return self._somebody(where, row, school)

    def _may_be_known(self, row: list[str]) -> bool:
        """Without a role: a delta says it only where it changed, and of whoever is deleted it went with them."""
        return not self.roles_apart or self.is_delta or row[1].lower() == "tobedeleted"

    def _somebody(self, where: Where, row: list[str], school: str) -> FedSomebody | LeftOut:
        staff = self._one_of_staff(where, row, "", school)
        student, guardian = _student(where, row, school), _guardian(where, row, "", school)
        for one in (staff, student, guardian):
            if isinstance(one, LeftOut):
                return one
        assert isinstance(staff, FedPerson)
        assert isinstance(student, FedStudent)
        assert isinstance(guardian, FedGuardian)
        return FedSomebody(
            file=where[0], line=where[1], key=row[0], staff=staff, student=student, guardian=guardian
        )

    def _one_of_staff(self, where: Where, row: list[str], role: str, school: str) -> FedPerson | LeftOut:
        key, status, enabled, given, family, preferred, preferred_family, email, *_ = row
        self.staff += 1
        if not role and self.roles_apart and status.lower() == "tobedeleted":
            # Their roles went with them. Whether they were staff is known where they are known.
            return person_of(where, key[:255])
        given, family = preferred or given, preferred_family or family
        email = email.lower()
        rule = fault(key, enabled, given, family, email, role)
        if rule is not None:
            return left(where, key[:255], rule, given[:80], family[:80], email[:254])
        return person_of(
            where,
            key,
            given_name=" ".join(given.split()),
            family_name=" ".join(family.split()),
            email=email,
            school_key=school[:255],
            role=STAFF_ROLES.get(role.lower(), ""),
            active=is_active(status, enabled),
        )


def rank(role: Role) -> tuple[int, bool]:
    """Of several roles that somebody has, the one that ranks highest counts."""
    word = role[0].lower()
    return (0 if word in GUARDIANS else 1 if word == STUDENT else 2, role[2])


def is_active(status: str, enabled: str) -> bool:
    """Whether the source says that somebody is there."""
    return enabled.lower() in TRUE and status.lower() != "tobedeleted"


def _student(where: Where, row: list[str], school: str) -> FedStudent | LeftOut:
    key, status, enabled, given, family, preferred, preferred_family = row[:7]
    number, grades, relatives = row[11:14]
    given, family = preferred or given, preferred_family or family
    is_gone = status.lower() == "tobedeleted"
    rule = fault(key, enabled, given, family, "", "") if not is_gone else None
    if rule is None and len(number) > LONGEST["number"]:
        rule = Rule.TOO_LONG
    if rule is not None:
        return left(where, key[:255], rule, given[:80], family[:80])
    return FedStudent(
        file=where[0],
        line=where[1],
        key=key[:255],
        given_name=" ".join(given.split()),
        family_name=" ".join(family.split()),
        number=number or key[: LONGEST["number"]],
        grade=grades.split(",")[0].strip(),
        school_key=school[:255],
        active=is_active(status, enabled),
        relatives=_ids(relatives),
    )


def _guardian(where: Where, row: list[str], role: str, school: str) -> FedGuardian | LeftOut:
    key, status, enabled, given, family, preferred, preferred_family, email = row[:8]
    relatives, sms, phone, master = row[13:17]
    given, family = preferred or given, preferred_family or family
    is_gone = status.lower() == "tobedeleted"
    rule = fault(key, enabled, given, family, "", "") if not is_gone else None
    if rule is not None:
        return left(where, key[:255], rule, given[:80], family[:80])
    return FedGuardian(
        file=where[0],
        line=where[1],
        key=key[:255],
        given_name=" ".join(given.split()),
        family_name=" ".join(family.split()),
        role=role,
        master=master[:255],
        email=email[:255],
        mobile=sms[:60],
        phone=phone[:60],
        school_key=school[:255],
        active=is_active(status, enabled),
        relatives=_ids(relatives),
    )


def _ids(several: str) -> tuple[str, ...]:
    """The ids of a list in one value, each once, in an order that does not matter to anybody."""
    if not several:
        return ()
    return tuple(sorted({one.strip()[:255] for one in several.split(",")} - {""})[:MOST_RELATIVES])


def fault(key: str, enabled: str, given: str, family: str, email: str, role: str) -> Rule | None:
    """What is wrong with what is said of one of the staff, if anything is."""
    if role and role.lower() not in STAFF_ROLES:
        return Rule.UNKNOWN_ROLE
    if not given and not family:
        return Rule.NO_NAME
    if (
        len(key) > LONGEST["key"]
        or max(len(given), len(family)) > LONGEST["name"]
        or len(email) > LONGEST["email"]
    ):
        return Rule.TOO_LONG
    if enabled.lower() not in TRUE and enabled.lower() not in _FALSE:
        return Rule.UNCLEAR_FLAG
    if email and not is_address(email):
        return Rule.NO_ADDRESS
    return None


def person_of(
    where: Where,
    key: str,
    *,
    given_name: str = "",
    family_name: str = "",
    email: str = "",
    school_key: str = "",
    role: str = "",
    active: bool = False,
) -> FedPerson:
    """One of the staff; of somebody who has left the key alone."""
    return FedPerson(
        file=where[0],
        line=where[1],
        key=key,
        given_name=given_name,
        family_name=family_name,
        email=email,
        school_key=school_key,
        role=role,
        active=active,
    )


def left(where: Where, key: str, rule: Rule, given: str = "", family: str = "", email: str = "") -> LeftOut:
    """A row that is not taken in."""
    return LeftOut(
        file=where[0], line=where[1], key=key, rule=rule, given_name=given, family_name=family, email=email
    )
