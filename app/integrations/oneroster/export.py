"""Schools, staff, students and families out of a OneRoster CSV export: 1.1 and 1.2, bulk and delta.

The binding: 1EdTech OneRoster 1.2 CSV. Of orgs.csv the schools are read, of users.csv who has a staff role and, where
they are asked for, students and those who belong to them. Every other column and file is passed over. In bulk files
the status is blank and whoever is missing has gone; in delta files it is filled and nobody is missing. Where a
manifest and the rows disagree, or anything else is in doubt, the feed says that absence counts for nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import IO, Final

from app.core.feed import (
    FedGuardian,
    FedPerson,
    FedSchool,
    FedSomebody,
    FedStudent,
    Feed,
    LeftOut,
    Remark,
    Rule,
    Unreadable,
    WholeRead,
    is_address,
)
from app.integrations.oneroster.archive import Archive
from app.integrations.oneroster.table import Table, open_table

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
#: Held in memory while users.csv is read: so many staff, or people in all, no district has.
MOST_STAFF: Final = 200_000
MOST_PEOPLE: Final = 1_000_000
LONGEST: Final = {"key": 255, "name": 80, "email": 254, "number": 60}
#: Of one student, or of one guardian.
MOST_RELATIVES: Final = 30

_ORGS: Final = ("sourcedId", "status", "name", "type")
_USERS: Final = (
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
_OF_FAMILIES: Final = (
    "identifier",
    "grades",
    "agentSourcedIds",
    "sms",
    "phone",
    "userMasterIdentifier",
)
_ROLES: Final = ("userSourcedId", "status", "roleType", "role", "beginDate", "endDate", "orgSourcedId")
TRUE: Final = frozenset({"", "true", "1", "yes", "y", "t"})
_FALSE: Final = frozenset({"false", "0", "no", "n", "f"})

NOBODY: Final = (
    "There is nobody with a staff role in this file. Nothing was taken over, and nobody was removed."
)


#: File and line.
Where = tuple[str, int]
#: The word for it, the school, and whether it is the primary one.
Role = tuple[str, str, bool]


class Export:
    """One upload. Roles that ended before `today` count no more; `families`: students and families are asked for."""

    def __init__(self, stream: IO[bytes], *, today: date, families: bool = False) -> None:
        """Raises Unreadable."""
        self.today, self.families = today, families
        self.columns = (*_USERS, *_OF_FAMILIES) if families else _USERS
        self.archive = Archive(stream)
        self.says = self._manifest()
        for name in ("orgs.csv", "users.csv"):
            if not self.archive.has(name):
                raise Unreadable(f"The zip has no {name}. Export it again with organizations and users.")
        self.orgs = open_table(
            self.archive, "orgs.csv", columns=_ORGS, required=("sourcedId", "name", "type")
        )
        self.users = open_table(
            self.archive, "users.csv", columns=self.columns, required=("sourcedId", "givenName", "familyName")
        )
        self.roles = self._open_roles()
        self.version = "1.2" if self.roles else "1.1"
        self._is_delta = "delta" in (self.says.get("file.users"), self.says.get("file.orgs"))
        self._filled = self._nameless = self._staff = 0

    @property
    def size(self) -> int:
        """Octets of what is read, unpacked: to tell how far it is."""
        return self.archive.size("orgs.csv") + self.archive.size("users.csv")

    def items(self) -> Feed:
        """Everything, in the same order each time. Raises Unreadable, at any item."""
        yield from self._remarks()
        yield from self._schools()
        yield from self._people()
        if not self._staff:
            raise Unreadable(NOBODY)
        if not self._is_delta and self._filled:
            yield Remark(
                "The status is filled in, as in a delta file, so nobody is taken to have left by not being in it."
            )
        if self._nameless:
            yield Remark(
                f"{self._nameless} rows have no sourcedId. It cannot be told whose they are, so nobody is taken to "
                "have left by not being in this file."
            )
        yield WholeRead(not (self._is_delta or self._filled or self._nameless))

    def _remarks(self) -> Iterator[Remark]:
        kind = "changes since the last export (delta)" if self._is_delta else "everybody (bulk)"
        yield Remark(f"A OneRoster {self.version} export of {kind}.")
        told = self.says.get("oneroster.version", "")
        if told and told != self.version:
            yield Remark(f"The manifest says OneRoster {told[:10]}; the files are those of {self.version}.")
        for table in (self.orgs, self.users, self.roles):
            if table is not None:
                yield from map(Remark, table.remarks)

    def _manifest(self) -> dict[str, str]:
        if not self.archive.has("manifest.csv"):
            return {}
        columns = ("propertyName", "value")
        table = open_table(self.archive, "manifest.csv", columns=columns, required=columns)
        says = {row[0].lower(): row[1].lower() for _, row in table.rows(columns) if row is not None}
        for name in ("users", "orgs"):
            if says.get(f"file.{name}") == "absent":
                raise Unreadable(
                    f"The manifest says that the export carries no {name}. Export it again with them."
                )
        return says

    def _open_roles(self) -> Table | None:
        if self.archive.has("roles.csv"):
            required = ("userSourcedId", "role", "orgSourcedId")
            return open_table(self.archive, "roles.csv", columns=_ROLES, required=required)
        if not self.users.has("role"):
            raise Unreadable(
                "The zip has no roles.csv, and users.csv no column role. Without roles nobody can be told to be staff."
            )
        return None

    # --- schools -------------------------------------------------------------------------------------------

    def _schools(self) -> Feed:
        for line, row in self.orgs.rows(_ORGS):
            where = ("orgs.csv", line)
            if row is None:
                yield left(where, "", Rule.SHORT_ROW)
                continue
            key, status, name, kind = row
            self._filled += bool(status)
            if not key:
                yield left(where, "", Rule.NO_ID)
            elif kind.lower() != "school" or status.lower() == "tobedeleted":
                yield left(where, key[:255], Rule.NOT_A_SCHOOL)
            elif not name:
                yield left(where, key[:255], Rule.NO_NAME)
            elif len(key) > LONGEST["key"] or len(name) > 120:
                yield left(where, key[:255], Rule.TOO_LONG)
            else:
                yield FedSchool(file=where[0], line=line, key=key, name=" ".join(name.split()))

    # --- people --------------------------------------------------------------------------------------------

    def _people(self) -> Feed:
        roles = self._read_roles() if self.roles else None
        for line, row in self.users.rows(self.columns):
            where = ("users.csv", line)
            if row is None or not row[0]:
                self._nameless += 1
                yield left(where, "", Rule.SHORT_ROW if row is None else Rule.NO_ID)
                continue
            self._filled += bool(row[1])
            if roles is None:
                role, school = row[8], row[9].split(",")[0].strip()
            else:
                role, school, _ = roles.get(row[0], _NO_ROLE)
            yield self._person(where, row, role, row[10] or school)

    def _person(
        self, where: Where, row: list[str], role: str, school: str
    ) -> FedPerson | FedStudent | FedGuardian | FedSomebody | LeftOut:
        word = role.lower()
        if not self.families:
            if word in OTHER_ROLES or (not role and self.roles and not self._may_be_known(row)):
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
        return self.roles is None or self._is_delta or row[1].lower() == "tobedeleted"

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
        self._staff += 1
        if not role and self.roles and status.lower() == "tobedeleted":
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
            active=_is_active(status, enabled),
        )

    def _read_roles(self) -> dict[str, Role]:
        """What everybody is today who is asked for: staff before students, students before families; then the primary
        role before others. Equal roles are one object: of half a million people only the ids take room.
        """
        assert self.roles is not None
        known: dict[str, Role] = {}
        same: dict[Role, Role] = {}
        most = MOST_PEOPLE if self.families else MOST_STAFF
        today = self.today.isoformat()
        for _, row in self.roles.rows(_ROLES):
            if row is None:
                continue
            user, status, kind, role, begins, ends, org = row
            has_ended = ends and ends[:10] < today
            if not user or status.lower() == "tobedeleted" or has_ended or begins[:10] > today:
                continue
            if not self.families and role.lower() in OTHER_ROLES:
                continue
            told = (role, org, kind.lower() == "primary")
            before = known.get(user)
            if before is None or _rank(told) > _rank(before):
                known[user] = same.setdefault(told, told)
            if len(known) > most:
                raise Unreadable(
                    f"More than {most:,} people have a {'' if self.families else 'staff '}role in roles.csv. "
                    "Nothing was read."
                )
        return known


_NO_ROLE: Final[Role] = ("", "", False)


def _rank(role: Role) -> tuple[int, bool]:
    word = role[0].lower()
    return (0 if word in GUARDIANS else 1 if word == STUDENT else 2, role[2])


def _is_active(status: str, enabled: str) -> bool:
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
        active=_is_active(status, enabled),
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
        active=_is_active(status, enabled),
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
