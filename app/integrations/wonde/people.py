"""What Wonde says of somebody becomes an item of the feed; whatever else it says goes no further than here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.core import uk_words
from app.core.asking import rows, text
from app.core.by_school import LONGEST_NAME, STAFF, NamedSchool
from app.core.feed import (
    FedGuardian,
    FedPerson,
    FedSchool,
    FedSomebody,
    FedStudent,
    LeftOut,
    Rule,
    Unreadable,
    fault_of,
)
from app.integrations.wonde.wire import within

#: Of one student.
MOST_RELATIVES = 30
#: What each list must bring along, or else a right is missing that nobody was told of.
NEEDED = {"employees": ("contact_details",), "students": ("contacts",)}


def refuse_if_short_of_rights(what: str, records: Sequence[Mapping[str, Any]], right: str) -> None:
    """Raises Unreadable where none of the records brings what was asked for with it: a right is missing."""
    for name in NEEDED[what]:
        if records and not any(name in one for one in records):
            raise Unreadable(
                f"Wonde answered without {name.replace('_', ' ')}. The token needs the right to read {right}: ask for "
                "it at Wonde; the school approves it there."
            )


def school_of(school: NamedSchool, name: str, line: int) -> FedSchool | LeftOut:
    """The school itself, as it is called here, or else there."""
    name = school.name or name
    rule = Rule.NO_NAME if not name else Rule.TOO_LONG if len(name) > LONGEST_NAME else None
    if rule is not None:
        return LeftOut(file="schools", line=line, key=school.key, rule=rule)
    return FedSchool(file="schools", line=line, key=school.key, name=name)


def staff_of(school: NamedSchool, record: Mapping[str, Any], line: int) -> Iterator[FedPerson | LeftOut]:
    """One of the staff, with the address at work; what is theirs at home is never read."""
    if text(record, "id") and within(record, "employment_details", "current") is False:
        # Whoever left before this connection was made is nobody's business: then an id alone is passed over.
        yield _gone(file="employees", line=line, key=text(record, "id")[:255])
        return
    key, given, family = text(record, "id"), *_name(record)
    details = within(record, "contact_details")
    email = _work_email(details if isinstance(details, dict) else {})
    rule = fault_of(key, given, family, email)
    if rule is not None:
        yield LeftOut(
            file="employees", line=line, key=key[:255], rule=rule, given_name=given[:80], family_name=family[:80],
            email=email[:254],
        )  # fmt: skip
        return
    yield FedPerson(
        file="employees",
        line=line,
        key=key,
        given_name=given,
        family_name=family,
        email=email,
        school_key=school.key,
        role=STAFF,
        active=True,
    )


def student_of(
    school: NamedSchool, record: Mapping[str, Any], line: int
) -> Iterator[FedStudent | FedGuardian | LeftOut]:
    """A student, and whoever of the family Wonde names with them."""
    key, given, family = text(record, "id"), *_name(record)
    rule = fault_of(key, given, family)
    if rule is not None:
        yield LeftOut(
            file="students",
            line=line,
            key=key[:255],
            rule=rule,
            given_name=given[:80],
            family_name=family[:80],
        )
        return
    contacts = rows({"data": within(record, "contacts")}, "data")
    relations = {
        text(one, "id"): relation for one in contacts if text(one, "id") and (relation := _relation(one))
    }
    relatives = sorted(relations)[:MOST_RELATIVES]
    year = within(record, "year")
    year = year if isinstance(year, dict) else {}
    yield FedStudent(
        file="students",
        line=line,
        key=key,
        given_name=given,
        family_name=family,
        # Admission numbers are unique in one school alone, and a national number is not to be a help desk's.
        number=key[:60],
        grade=uk_words.grade_of(text(year, "code")) or uk_words.grade_of(text(year, "name")),
        school_key=school.key,
        active=True,
        relatives=tuple(relatives),
        relations=tuple(relations[one] for one in relatives),
    )
    for one in contacts:
        if text(one, "id") in relatives:
            yield _guardian(school, one, line)


def gone_of(record: Mapping[str, Any], line: int, *, families: bool) -> FedPerson | FedSomebody | None:
    """Whoever was deleted and not taken back: an explicit word. Whoever was never here is nobody's business."""
    key = text(record, "id")[:255]
    if not key or record.get("restored_at"):
        return None
    where: dict[str, Any] = {"file": "deletions", "line": line, "key": key}
    nobody: dict[str, Any] = {**where, "given_name": "", "family_name": "", "school_key": "", "active": False}
    person = _gone(**where)
    if not families:
        return person
    student = FedStudent(**nobody, number=key[:60], grade="", relatives=())
    guardian = FedGuardian(**nobody, role="", master="", email="", mobile="", phone="", relatives=())
    return FedSomebody(**where, staff=person, student=student, guardian=guardian)


def _gone(*, file: str, line: int, key: str) -> FedPerson:
    return FedPerson(
        file=file,
        line=line,
        key=key,
        given_name="",
        family_name="",
        email="",
        school_key="",
        role="",
        active=False,
    )


def _guardian(school: NamedSchool, record: Mapping[str, Any], line: int) -> FedGuardian | LeftOut:
    key, given, family = text(record, "id"), *_name(record)
    rule = fault_of(key, given, family)
    if rule is not None:
        return LeftOut(
            file="contacts",
            line=line,
            key=key[:255],
            rule=rule,
            given_name=given[:80],
            family_name=family[:80],
        )
    emails, phones = within(record, "contact_details", "emails"), within(record, "contact_details", "phones")
    return FedGuardian(
        file="contacts",
        line=line,
        key=key,
        given_name=given,
        family_name=family,
        role="guardian",
        master="",
        email=_first(emails, "primary", "email", "home", "work")[:255],
        mobile=_first(phones, "mobile")[:60],
        phone=_first(phones, "primary", "home", "phone")[:60],
        school_key=school.key,
        active=True,
        relatives=(),
    )


def _relation(contact: Mapping[str, Any]) -> str:
    said = within(contact, "relationship")
    said = said if isinstance(said, dict) else {"relationship": said}
    has_responsibility = said.get("parental_responsibility") is True
    return uk_words.relation_of(text(said, "relationship"), has_responsibility=has_responsibility)


def _name(record: Mapping[str, Any]) -> tuple[str, str]:
    """As somebody is called, else as the law calls them."""
    return (
        text(record, "forename") or text(record, "legal_forename"),
        text(record, "surname") or text(record, "legal_surname"),
    )


def _work_email(details: Mapping[str, Any]) -> str:
    emails = details.get("emails")
    if not isinstance(emails, dict):
        return ""
    at_home = text(emails, "home").lower()
    found = (text(emails, name).lower() for name in ("work", "email", "primary"))
    return next((one for one in found if one and one != at_home), "")


def _first(said: Any, *names: str) -> str:
    said = said if isinstance(said, dict) else {}
    return next((word for name in names if (word := text(said, name))), "")
