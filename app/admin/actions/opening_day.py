"""What a district still needs before its first request, and a test of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select

from app.auth.models.account import Account
from app.core import directory
from app.core.actor import Role
from app.core.db import db
from app.core.tenancy import current_district_id
from app.legal.models.contact import DistrictContact
from app.notices.actions import setting_up
from app.notices.models.mail_setting import desk
from app.roster.models.person import Person
from app.roster.models.school import School


@dataclass(frozen=True)
class Step:
    """One thing that a district needs."""

    key: str
    title: str
    is_done: bool
    #: What there is, or what to do.
    sentence: str
    #: The page where it is done.
    endpoint: str
    #: What its button says.
    test: str


@dataclass(frozen=True)
class Result:
    """What a test found, in words."""

    worked: bool
    sentence: str


def steps() -> list[Step]:
    """All of them, in the order in which they are best done."""
    return [_the_schools(), _the_people(), _the_technicians(), _the_mailbox(), _the_mail(), _the_contact()]


def test(key: str, *, email: str, name: str) -> Result | None:
    """Try one of them out. None if there is no such step."""
    tests: dict[str, Callable[[], Result]] = {
        "schools": _test_schools,
        "people": _test_people,
        "technicians": _test_technicians,
        "mailbox": _test_mailbox,
        "mail": lambda: _test_mail(email, name),
        "contact": _test_contact,
    }
    return tests[key]() if key in tests else None


def _the_schools() -> Step:
    schools = _schools()
    there_are = f"{_count(len(schools), 'school')} so far."
    sentence = there_are if schools else "Add your schools: every ticket belongs to one."
    return Step("schools", "Schools", bool(schools), sentence, "admin.schools_index", "Check the schools")


def _the_people() -> Step:
    people = Person.count_active_staff()
    there_are = f"{_count(people, 'person', 'people')} on the staff."
    sentence = there_are if people > 1 else "Add the staff who may write to the desk."
    return Step("people", "People", people > 1, sentence, "admin.people_index", "Check the people")


def _the_technicians() -> Step:
    technicians = _technicians()
    there_are = f"{_count(len(technicians), 'technician')} so far."
    sentence = there_are if technicians else "Invite somebody, and give them the role of technician."
    return Step(
        "technicians",
        "Technicians",
        bool(technicians),
        sentence,
        "admin.people_index",
        "Check who covers which school",
    )


def _the_mailbox() -> Step:
    address = desk().address
    there_is = f"The desk receives mail at {address}."
    sentence = there_is if address else "Say at which address the desk receives mail."
    return Step(
        "mailbox", "Mailbox", bool(address), sentence, "notices.mail_setting_show", "Check the address"
    )


def _the_mail() -> Step:
    sentence = "The desk can write back once a test has reached you."
    return Step(
        "mail", "Outgoing mail", bool(desk().address), sentence, "notices.mail_setting_show", "Send me a test"
    )


def _the_contact() -> Step:
    contact = DistrictContact.of_this_district()
    whole = contact is not None and contact.is_complete
    to_do = "Write whom families and staff can ask: it stands on your legal pages."
    sentence = "It stands on your legal pages." if whole else to_do
    return Step("contact", "Contact block", whole, sentence, "admin.contact_show", "Check the contact block")


def _test_schools() -> Result:
    schools = _schools()
    if not schools:
        return Result(False, "There is no school yet, so nobody can ask for help.")
    return Result(True, f"People can choose {_list([school.name for school in schools])}.")


def _test_people() -> Result:
    without = _count_staff(Person.school_id.is_(None))
    silent = _count_staff(Person.email.is_(None))
    if without or silent:
        lacking = [f"{without} without a school"] * bool(without) + [
            f"{silent} without an email address"
        ] * bool(silent)
        return Result(
            False,
            f"There are people {_list(lacking)}. Mail from somebody without a school waits under “mail not filed”.",
        )
    return Result(True, f"All {Person.count_active_staff()} people have a school and an email address.")


def _test_technicians() -> Result:
    technicians = _technicians()
    uncovered = [
        school.name
        for school in _schools()
        if not any(one.has(Role.TECHNICIAN, school.id) for one in technicians)
    ]
    if not technicians:
        return Result(False, "Nobody can work on tickets yet: no technician has accepted an invitation.")
    if uncovered:
        return Result(False, f"No technician covers {_list(uncovered)}.")
    return Result(True, f"{_list([one.name for one in technicians])} cover all schools.")


def _test_mailbox() -> Result:
    address = desk().address
    if not address:
        return Result(False, "The desk has no address yet.")
    directory.forget_directory()
    found = directory.district_by_inbound_address(address)
    if found is None or found.id != current_district_id():
        return Result(False, f"Mail to {address} would not be taken in here. Save the mail settings again.")
    return Result(
        True,
        f"Mail to {address} becomes a ticket here. Write to it from your own address to see that it arrives.",
    )


def _test_mail(email: str, name: str) -> Result:
    message = setting_up.try_out(to_address=email, name=name)
    if message.reason:
        return Result(False, message.reason)
    return Result(True, f"A test is on its way to {email}. The mail log shows what becomes of it.")


def _test_contact() -> Result:
    contact = DistrictContact.of_this_district()
    parts = {"phone": "a phone number", "email": "an email address", "address": "a postal address"}
    lacking = [words for name, words in parts.items() if contact is None or not getattr(contact, name)]
    if lacking:
        return Result(False, f"The contact block lacks {_list(lacking)}.")
    return Result(True, "Whoever reads your legal pages can call you, write to you and come by.")


def _schools() -> list[School]:
    return list(db.session.scalars(School.in_use()))


def _technicians() -> list[Account]:
    return list(db.session.scalars(Account.holding(Role.TECHNICIAN)))


def _count_staff(where: ColumnElement[bool]) -> int:
    counted = select(func.count(Person.id)).where(Person.kind == "staff", Person.active, where)
    return db.session.scalar(counted) or 0


_MOST_NAMED: Final = 6


def _list(names: list[str]) -> str:
    """a, b and c."""
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
