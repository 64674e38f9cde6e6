"""What Xporter says of somebody becomes an item of the feed; whatever else it says goes no further than here."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.core import uk_words
from app.core.asking import text
from app.core.by_school import LONGEST_NAME, STAFF, NamedSchool
from app.core.feed import FedPerson, FedSchool, FedStudent, LeftOut, Rule, fault_of

#: The fields that are asked for, of each list.
FIELDS: Final = {
    "Staff": ("Id", "Forename", "Surname", "WorkEmail", "StaffStatus"),
    "Students": ("Id", "Forename", "Surname", "YearGroup", "StudentStatus"),
}


def school_of(school: NamedSchool, record: Mapping[str, Any], line: int) -> FedSchool | LeftOut:
    """The school itself, as it is called here, or else there."""
    name = school.name or text(record, "Name")
    rule = Rule.NO_NAME if not name else Rule.TOO_LONG if len(name) > LONGEST_NAME else None
    if rule is not None:
        return LeftOut(file="schools", line=line, key=school.key, rule=rule)
    return FedSchool(file="schools", line=line, key=school.key, name=name)


def staff_of(school: NamedSchool, record: Mapping[str, Any], line: int) -> Iterator[FedPerson | LeftOut]:
    """One of the staff, with the address at work; what is theirs at home is never read."""
    key, given, family = key_of(school, record), text(record, "Forename"), text(record, "Surname")
    email = text(record, "WorkEmail").lower()
    where: dict[str, Any] = {"file": "staff", "line": line, "key": key[:255]}
    if key and text(record, "StaffStatus").lower() not in ("current", ""):
        # An id alone: whoever was never here is passed over.
        yield FedPerson(
            **where, given_name="", family_name="", email="", school_key="", role="", active=False
        )
        return
    rule = fault_of(key, given, family, email)
    if rule is not None:
        yield LeftOut(**where, rule=rule, given_name=given[:80], family_name=family[:80], email=email[:254])
        return
    yield FedPerson(
        **where,
        given_name=given,
        family_name=family,
        email=email,
        school_key=school.key,
        role=STAFF,
        active=True,
    )


def student_of(school: NamedSchool, record: Mapping[str, Any], line: int) -> Iterator[FedStudent | LeftOut]:
    """A student on roll. Of a family nothing is asked for: what its records look like nobody has told us."""
    number, given, family = key_of(school, record), text(record, "Forename"), text(record, "Surname")
    # Staff and students are numbered apart.
    key = f"{number}-student" if number else ""
    where: dict[str, Any] = {"file": "students", "line": line, "key": key[:255]}
    rule = fault_of(key, given, family)
    if rule is not None:
        yield LeftOut(**where, rule=rule, given_name=given[:80], family_name=family[:80])
        return
    yield FedStudent(
        **where,
        given_name=given,
        family_name=family,
        # Admission numbers, as ids, are unique in one school alone.
        number=number[:60],
        grade=uk_words.grade_of(text(record, "YearGroup")),
        school_key=school.key,
        active=text(record, "StudentStatus").lower() in ("onroll", ""),
        relatives=(),
    )


def key_of(school: NamedSchool, record: Mapping[str, Any]) -> str:
    """An id of Xporter's is unique in its school alone."""
    said = record.get("Id")
    told = str(said) if isinstance(said, int) and not isinstance(said, bool) else text(record, "Id")
    return f"{school.id}-{told}" if told else ""
