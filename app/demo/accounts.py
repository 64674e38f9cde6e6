"""Who can sign in to the demo. Shown on the demo's sign-in page and nowhere else."""

from dataclasses import dataclass
from typing import Final

from app.core.actor import Role

#: One for all of them, so that it is hashed once.
DEMO_PASSWORD: Final = "front office demo"  # noqa: S105 - the demo's, and printed on its page


@dataclass(frozen=True)
class DemoAccount:
    """Somebody of the demo with a password that everybody may know."""

    slug: str
    given_name: str
    family_name: str
    email: str
    #: What they are, in words for the sign-in page.
    what: str
    title: str
    role: Role
    #: The short name of the school where they work.
    school: str
    #: True if the role holds at that school alone.
    only_there: bool = False

    @property
    def name(self) -> str:
        """The name as it is said."""
        return f"{self.given_name} {self.family_name}"

    @property
    def password(self) -> str:
        """The demo's password."""
        return DEMO_PASSWORD


def _maple(
    given: str, family: str, what: str, title: str, role: Role, school: str, **more: bool
) -> DemoAccount:
    return _of("maple", given, family, what, title, role, school, **more)


def _birch(given: str, family: str, what: str, title: str, role: Role, school: str) -> DemoAccount:
    return _of("birch", given, family, what, title, role, school)


def _of(
    slug: str, given: str, family: str, what: str, title: str, role: Role, school: str, **more: bool
) -> DemoAccount:
    # Teachers are known by the family name, the desk by the given one.
    known_as = family if title.endswith("teacher") or role is Role.ADMIN else given
    email = f"{known_as.lower()}@{slug}.example"
    return DemoAccount(slug, given, family, email, what, title, role, school, **more)


_TEACHER, _DESK, _LEAD, _ADMIN = "Teacher", "Technician", "Help desk lead", "District admin"

DEMO_ACCOUNTS: Final[tuple[DemoAccount, ...]] = (
    _maple("Nora", "Bell", _TEACHER, "Grade 4 teacher", Role.REQUESTER, "North"),
    _maple("Elena", "Ortiz", _TEACHER, "Science teacher", Role.REQUESTER, "Cedar"),
    _maple("Tess", "Okafor", _DESK, "Field technician", Role.TECHNICIAN, "High"),
    _maple(
        "Sam",
        "Ito",
        "Technician, Cedar Middle alone",
        "School technician",
        Role.TECHNICIAN,
        "Cedar",
        only_there=True,
    ),
    _maple("Priya", "Raman", _DESK, "Field technician", Role.TECHNICIAN, "North"),
    _maple("Lena", "Brandt", _LEAD, "Help desk lead", Role.LEAD, "High"),
    _maple("Ruth", "Adams", _ADMIN, "Director of technology", Role.ADMIN, "High"),
    _maple(
        "Olive",
        "Marsh",
        "School office, North alone",
        "Office secretary",
        Role.SCHOOL_OFFICE,
        "North",
        only_there=True,
    ),
    _maple(
        "Cora", "Lund", "Counselor, North alone", "School counselor", Role.COUNSELOR, "North", only_there=True
    ),
    _maple(
        "Clark",
        "Reyes",
        "Attendance clerk, Cedar Middle alone",
        "Attendance clerk",
        Role.ATTENDANCE_CLERK,
        "Cedar",
        only_there=True,
    ),
    _maple("Carmen", "Vega", "Principal of all schools", "Executive principal", Role.PRINCIPAL, "High"),
    _birch("Nora", "Quincy", _TEACHER, "Grade 4 teacher", Role.REQUESTER, "North"),
    _birch("Quinn", "Okafor", _DESK, "Field technician", Role.TECHNICIAN, "North"),
    _birch("Lena", "Brandt", _LEAD, "Help desk lead", Role.LEAD, "North"),
    _birch("Ruth", "Adams", _ADMIN, "Director of technology", Role.ADMIN, "North"),
)
