"""OneRoster exports, made for a test: whole ones, and every way in which they come broken."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

ORGS = ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
USERS = next(
    csv.reader(
        [
            "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
            "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,"
            "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns"
        ]
    )
)
USERS_1_1 = next(
    csv.reader(
        [
            "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
            "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
        ]
    )
)
ROLES = (
    "sourcedId",
    "status",
    "dateLastModified",
    "userSourcedId",
    "roleType",
    "role",
    "beginDate",
    "endDate",
    "orgSourcedId",
)

CLASSES = next(
    csv.reader(
        [
            "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
            "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods"
        ]
    )
)
ENROLLMENTS = next(
    csv.reader(
        [
            "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,"
            "endDate"
        ]
    )
)
COURSES = ("sourcedId", "status", "dateLastModified", "schoolYearSourcedId", "title", "courseCode")
SESSIONS = ("sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate", "schoolYear")

SCHOOLS = {"s1": "Ash School", "s2": "Beech School"}


@dataclass(frozen=True)
class Member:
    """Somebody in the file."""

    key: str
    given: str
    family: str
    email: str
    school: str = "s1"
    role: str = "teacher"
    enabled: str = "true"
    status: str = ""
    number: str = ""
    grades: str = ""
    relatives: str = ""
    mobile: str = ""
    phone: str = ""
    master: str = ""


@dataclass(frozen=True)
class Taught:
    """A class in the file."""

    key: str
    title: str = "Algebra"
    code: str = "ALG-1"
    kind: str = "scheduled"
    school: str = "s1"
    course: str = ""
    terms: str = ""
    periods: str = ""
    status: str = ""


@dataclass(frozen=True)
class Enrolled:
    """Somebody in a class of the file."""

    key: str
    of: str
    person: str
    role: str = "student"
    primary: str = "false"
    begins: str = ""
    ends: str = ""
    status: str = ""


#: Title by id of a course, and days by id of a term.
COURSE = {"math": "Mathematics"}
TERMS = {"fall": ("2026-08-20", "2027-01-15"), "spring": ("2027-01-18", "2027-06-11")}


def staff(count: int, *, school: str | None = None) -> list[Member]:
    """So many of them, half at each school."""
    return [
        Member(f"u{nth}", f"Given{nth}", f"Family{nth}", f"u{nth}@maple.example", school or f"s{1 + nth % 2}")
        for nth in range(count)
    ]


def students(count: int) -> list[Member]:
    return [
        Member(f"k{nth}", "Kid", f"Quokka{nth}", f"k{nth}@maple.example", role="student")
        for nth in range(count)
    ]


def families(count: int) -> list[Member]:
    """So many students of two families each two, with a parent or two."""
    children = [
        Member(
            f"k{nth}",
            f"Kid{nth}",
            f"Family{nth // 2}",
            f"k{nth}@maple.example",
            f"s{1 + nth % 2}",
            "student",
            number=f"N{nth}",
            grades="04",
            relatives=f"p{nth // 2}" if nth % 4 else f"p{nth // 2},q{nth // 2}",
        )
        for nth in range(count)
    ]
    parents = [
        Member(
            f"{letter}{nth}",
            f"Parent{letter}{nth}",
            f"Family{nth}",
            f"{letter}{nth}@home.example",
            role="parent",
            mobile=f"(312) 555-{1000 + nth}",
        )
        for nth in range(-(-count // 2))
        for letter in ("p", "q")
    ]
    return [*children, *parents]


def files(
    members: Iterable[Member],
    *,
    version: str = "1.2",
    kind: str = "bulk",
    schools: Mapping[str, str] = SCHOOLS,
    password: str = "hunter2",
) -> dict[str, list[Sequence[str]]]:
    """The rows of each file, headers first: to be broken, and then zipped()."""
    members = list(members)
    manifest = [
        ("propertyName", "value"),
        ("manifest.version", "1.0"),
        ("oneroster.version", version),
        ("file.orgs", kind),
        ("file.users", kind),
    ]
    orgs = [("d1", "", "", "Maple", "district", "", "")]
    orgs += [(key, "", "", name, "school", "", "d1") for key, name in schools.items()]
    made: dict[str, list[Sequence[str]]] = {"manifest.csv": list(manifest), "orgs.csv": [ORGS, *orgs]}
    told = [
        {
            "sourcedId": one.key,
            "status": one.status,
            "enabledUser": one.enabled,
            "givenName": one.given,
            "familyName": one.family,
            "email": one.email,
            "password": password,
            "orgSourcedIds": one.school,
            "role": one.role,
            "primaryOrgSourcedId": one.school,
            "identifier": one.number,
            "grades": one.grades,
            "agentSourcedIds": one.relatives,
            "sms": one.mobile,
            "phone": one.phone,
            "userMasterIdentifier": one.master,
        }
        for one in members
    ]
    columns = USERS if version == "1.2" else USERS_1_1
    made["users.csv"] = [columns, *([row.get(name, "") for name in columns] for row in told)]
    if version == "1.2":
        made["roles.csv"] = [
            ROLES,
            *(
                (f"r-{one.key}", one.status, "", one.key, "primary", one.role, "", "", one.school)
                for one in members
            ),
        ]
    return made


def of_classes(classes: Iterable[Taught], enrollments: Iterable[Enrolled]) -> dict[str, list[Sequence[str]]]:
    """The files of classes, to stand beside those of files()."""
    told = [
        {
            "sourcedId": one.key,
            "status": one.status,
            "title": one.title,
            "courseSourcedId": one.course,
            "classCode": one.code,
            "classType": one.kind,
            "schoolSourcedId": one.school,
            "termSourcedIds": one.terms,
            "periods": one.periods,
        }
        for one in classes
    ]
    rows = [
        (one.key, one.status, "", one.of, "", one.person, one.role, one.primary, one.begins, one.ends)
        for one in enrollments
    ]
    return {
        "classes.csv": [CLASSES, *([row.get(name, "") for name in CLASSES] for row in told)],
        "enrollments.csv": [ENROLLMENTS, *rows],
        "courses.csv": [COURSES, *((key, "", "", "", title, "") for key, title in COURSE.items())],
        "academicSessions.csv": [
            SESSIONS,
            *((key, "", "", key, "term", begins, ends, "2027") for key, (begins, ends) in TERMS.items()),
        ],
    }


def with_classes(
    members: Iterable[Member],
    classes: Iterable[Taught],
    enrollments: Iterable[Enrolled],
    *,
    salt: str = "",
    kind: str = "bulk",
) -> bytes:
    """An export with classes. `salt` makes another file of the same words."""
    made = files(members, kind=kind)
    made["manifest.csv"] += [("file.classes", kind), ("file.enrollments", kind)]
    return zipped(made | of_classes(classes, enrollments), salt=salt)


def zipped(
    made: Mapping[str, list[Sequence[str]]], *, salt: str = "", encoding: str = "utf-8", end: str = "\r\n"
) -> bytes:
    """`salt` makes another file of the same words."""
    return zipped_texts(
        {name: as_csv(rows, end=end).encode(encoding) for name, rows in made.items()}, salt=salt
    )


def zipped_texts(texts: Mapping[str, bytes], *, salt: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in [*texts.items(), ("results.csv", salt)]:
            # Of one moment, whenever it is made: the same texts are the same file.
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_csv(rows: Iterable[Sequence[str]], *, end: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue()


def an_export(members: Iterable[Member], *, salt: str = "", **kwargs: str) -> bytes:
    return zipped(files(members, **kwargs), salt=salt)


def broken(members: list[Member], salt: str) -> dict[str, bytes]:
    """Every shape in which an export of these people comes broken, by what is wrong with it."""
    whole = files(members)
    without = {name: {key: rows for key, rows in whole.items() if key != name} for name in whole}
    cut = {**whole, "users.csv": whole["users.csv"][: len(members) // 2]}
    no_rows = {**whole, "users.csv": whole["users.csv"][:1]}
    no_roles = {**whole, "roles.csv": whole["roles.csv"][:1]}
    renamed = {**whole, "users.csv": [["a", "b", *USERS[2:]], *whole["users.csv"][1:]]}
    nameless = {
        **whole,
        "users.csv": [USERS, *(["", *row[1:]] for row in whole["users.csv"][1 : len(members) // 2])],
    }
    texts = {name: as_csv(rows) for name, rows in whole.items()}
    lines = texts["users.csv"].splitlines()
    shifted = [lines[0], *(line.replace("Family", "Fam, Jr") for line in lines[1:])]
    unclosed = [*lines[:3], lines[3].replace("Given", '"Given'), *lines[4:]]

    def with_users(users: list[str]) -> bytes:
        changed = {**texts, "users.csv": "\r\n".join(users) + "\r\n"}
        return zipped_texts({name: text.encode() for name, text in changed.items()}, salt=salt)

    return {
        "cut off in the middle of the zip": zipped(whole, salt=salt)[:-400],
        "half of the rows": zipped(cut, salt=salt),
        "no row of a user": zipped(no_rows, salt=salt),
        "no users.csv": zipped(without["users.csv"], salt=salt),
        "no roles.csv": zipped(without["roles.csv"], salt=salt),
        "no row of a role": zipped(no_roles, salt=salt),
        "headers that nobody knows": zipped(renamed, salt=salt),
        "rows without a sourcedId": zipped(nameless, salt=salt),
        "names with a comma and without quotation marks": with_users(shifted),
        "a quotation mark that nobody closed": with_users(unclosed),
        "everybody disabled": an_export([replace(one, enabled="0") for one in members], salt=salt),
        "everybody to be deleted": an_export(
            [replace(one, status="tobedeleted") for one in members], salt=salt
        ),
        "everybody a student": an_export(
            [replace(one, role="student") for one in members[1:]] + members[:1], salt=salt
        ),
        "one school of two": an_export([one for one in members if one.school == "s1"], salt=salt),
        "new ids and no addresses": an_export(
            [replace(one, key=f"new-{one.key}", email="") for one in members], salt=salt
        ),
        "changes that call themselves everybody": an_export(
            [replace(one, status="active") for one in members[:2]], salt=salt
        ),
        "an octet turned over": _turned(zipped(whole, salt=salt)),
    }


def _turned(whole: bytes) -> bytes:
    place = whole.index(b"users.csv") + 200
    return whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
