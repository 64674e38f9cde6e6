"""Schools, staff, students, families and classes out of a OneRoster CSV export: 1.1 and 1.2, bulk and delta.

The binding: 1EdTech OneRoster 1.2 CSV. Of orgs.csv the schools are read, of users.csv who has a staff role and, where
they are asked for, students and those who belong to them, and classes. Every other column and file is passed over. In
bulk files the status is blank and whoever is missing has gone; in delta files it is filled and nobody is missing.
Where a manifest and the rows disagree, or anything else is in doubt, the feed says that absence counts for nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import IO, Final

from app.core.feed import FedSchool, Feed, Remark, Rule, Unreadable, WholeRead
from app.integrations.oneroster.archive import Archive
from app.integrations.oneroster.classes import Classes
from app.integrations.oneroster.people import (
    LONGEST,
    OF_FAMILIES,
    OTHER_ROLES,
    USERS,
    People,
    Role,
    left,
    rank,
)
from app.integrations.oneroster.table import Table, open_table

#: Held in memory while users.csv is read: so many staff, or people in all, no district has.
MOST_STAFF: Final = 200_000
MOST_PEOPLE: Final = 1_000_000

_ORGS: Final = ("sourcedId", "status", "name", "type")
_ROLES: Final = ("userSourcedId", "status", "roleType", "role", "beginDate", "endDate", "orgSourcedId")

NOBODY: Final = (
    "There is nobody with a staff role in this file. Nothing was taken over, and nobody was removed."
)


class Export:
    """One upload. Roles that ended before `today` count no more.

    `families`, `classes`: students and families, and classes with who is in them, are asked for.
    """

    def __init__(
        self, stream: IO[bytes], *, today: date, families: bool = False, classes: bool = False
    ) -> None:
        """Raises Unreadable."""
        self.today, self.families = today, families
        self.columns = (*USERS, *OF_FAMILIES) if families else USERS
        self.archive = Archive(stream, classes=classes)
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
        self._filled = self._nameless = 0
        self.people = People(families, roles_apart=self.roles is not None, is_delta=self._is_delta)
        self.classes = Classes(self.archive, self.says, students=families) if classes else None

    @property
    def size(self) -> int:
        """Octets of what is read, unpacked: to tell how far it is."""
        return self.archive.size("orgs.csv") + self.archive.size("users.csv")

    def items(self) -> Feed:
        """Everything, in the same order each time. Raises Unreadable, at any item."""
        yield from self._remarks()
        yield from self._schools()
        yield from self._people()
        if not self.people.staff:
            raise Unreadable(NOBODY)
        if self.classes is not None:
            yield from self.classes.items()
        if not self._is_delta and self._filled:
            yield Remark(
                "The status is filled in, as in a delta file, so nobody is taken to have left by not being in it."
            )
        if self._nameless:
            yield Remark(
                f"{self._nameless} rows have no sourcedId. It cannot be told whose they are, so nobody is taken to "
                "have left by not being in this file."
            )
        yield WholeRead(
            not (self._is_delta or self._filled or self._nameless),
            has_all_classes=self.classes is not None and not self._is_delta and self.classes.are_all(),
        )

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
            yield self.people.read(where, row, role, row[10] or school)

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
            if before is None or rank(told) > rank(before):
                known[user] = same.setdefault(told, told)
            if len(known) > most:
                raise Unreadable(
                    f"More than {most:,} people have a {'' if self.families else 'staff '}role in roles.csv. "
                    "Nothing was read."
                )
        return known


_NO_ROLE: Final[Role] = ("", "", False)
