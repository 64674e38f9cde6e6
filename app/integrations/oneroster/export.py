"""Schools and staff out of a OneRoster CSV export: 1.1 and 1.2, bulk and delta.

The binding: 1EdTech OneRoster 1.2 CSV. Of orgs.csv the schools are read, of users.csv who has a staff role; students,
families, and every other column and file are passed over. In bulk files the status is blank and whoever is missing
has gone; in delta files it is filled and nobody is missing. Where a manifest and the rows disagree, or anything else
is in doubt, the feed says that absence counts for nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import IO, Final

from app.core.feed import FedPerson, FedSchool, Feed, LeftOut, Remark, Rule, Unreadable, WholeRead
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
OTHER_ROLES: Final = frozenset({"student", "guardian", "parent", "relative"})
#: Held in memory while users.csv is read: so many staff no district has.
MOST_STAFF: Final = 200_000
LONGEST: Final = {"key": 255, "name": 80, "email": 254}

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
_ROLES: Final = ("userSourcedId", "status", "roleType", "role", "beginDate", "endDate", "orgSourcedId")
TRUE: Final = frozenset({"", "true", "1", "yes", "y", "t"})
_FALSE: Final = frozenset({"false", "0", "no", "n", "f"})

NOBODY: Final = (
    "There is nobody with a staff role in this file. Nothing was taken over, and nobody was removed."
)


#: File and line.
Where = tuple[str, int]


class Export:
    """One upload. `today`: roles that ended before it count no more."""

    def __init__(self, stream: IO[bytes], *, today: date) -> None:
        """Raises Unreadable."""
        self.today = today
        self.archive = Archive(stream)
        self.says = self._manifest()
        for name in ("orgs.csv", "users.csv"):
            if not self.archive.has(name):
                raise Unreadable(f"The zip has no {name}. Export it again with organizations and users.")
        self.orgs = open_table(
            self.archive, "orgs.csv", columns=_ORGS, required=("sourcedId", "name", "type")
        )
        self.users = open_table(
            self.archive, "users.csv", columns=_USERS, required=("sourcedId", "givenName", "familyName")
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
        for line, row in self.users.rows(_USERS):
            where = ("users.csv", line)
            if row is None or not row[0]:
                self._nameless += 1
                yield left(where, "", Rule.SHORT_ROW if row is None else Rule.NO_ID)
                continue
            self._filled += bool(row[1])
            yield self._person(where, row, roles)

    def _person(
        self, where: Where, row: list[str], roles: dict[str, tuple[str, str]] | None
    ) -> FedPerson | LeftOut:
        key, status, enabled, given, family, preferred, preferred_family, email, role, orgs, primary = row
        if roles is None:
            school = orgs.split(",")[0].strip()
        else:
            role, school = roles.get(key, ("", ""))
            if not role and status.lower() == "tobedeleted":
                # Their roles went with them. Whether they were staff is known where they are known.
                self._staff += 1
                return person_of(where, key[:255])
            if not role and not self._is_delta:
                role = "student"  # whoever has no role on the staff
        if role.lower() in OTHER_ROLES:
            return left(where, "", Rule.NOT_STAFF)
        given, family = preferred or given, preferred_family or family
        email = email.lower()
        self._staff += 1
        rule = fault(key, enabled, given, family, email, role)
        if rule is not None:
            return left(where, key[:255], rule, given[:80], family[:80], email[:254])
        return person_of(
            where,
            key,
            given_name=" ".join(given.split()),
            family_name=" ".join(family.split()),
            email=email,
            school_key=(primary or school)[:255],
            role=STAFF_ROLES.get(role.lower(), ""),
            active=enabled.lower() in TRUE and status.lower() != "tobedeleted",
        )

    def _read_roles(self) -> dict[str, tuple[str, str]]:
        """Who has a role on the staff today: the word for it, and the school; the primary one before others."""
        assert self.roles is not None
        staff: dict[str, tuple[str, str]] = {}
        primaries: set[str] = set()
        today = self.today.isoformat()
        for _, row in self.roles.rows(_ROLES):
            if row is None:
                continue
            user, status, kind, role, begins, ends, org = row
            has_ended = ends and ends[:10] < today
            if not user or status.lower() == "tobedeleted" or has_ended or begins[:10] > today:
                continue
            if role.lower() in OTHER_ROLES:
                continue
            is_primary = kind.lower() == "primary"
            if user not in staff or (is_primary and user not in primaries):
                staff[user] = (role, org)
            if is_primary:
                primaries.add(user)
            if len(staff) > MOST_STAFF:
                raise Unreadable(
                    f"More than {MOST_STAFF:,} people have a staff role in roles.csv. Nothing was read."
                )
        return staff


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
    if email and not _is_address(email):
        return Rule.NO_ADDRESS
    return None


def _is_address(given: str) -> bool:
    before, at, after = given.rpartition("@")
    return bool(
        at and before and "." in after.strip(".") and "@" not in before and given.isprintable()
    ) and not any(letter.isspace() for letter in given)


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
