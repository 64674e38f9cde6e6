"""A family for tests of its page: Mía Ortiz at North, her mother, her school's register."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flask import Flask

from app.core.actor import SYSTEM
from app.core.db import db
from app.core.tenancy import as_district
from app.family.actions import linking
from app.family.models.catalogue import CATALOGUES
from app.family.models.family_link import FamilyLink
from app.family.models.family_office import FamilyOffice
from app.family.models.words_approval import WordsApproval
from app.register.models.school_register import SchoolRegister
from app.roster.models.school_year import CURRENT, SchoolYear
from app.roster.models.student import Student
from tests.register import registers
from tests.roster import families
from tests.world import Place, Player

NOW = datetime(2026, 10, 5, 15, tzinfo=UTC)
OFFICE = "(555) 010-0142"
DESK = "(555) 010-0100"


@dataclass(frozen=True)
class Home:
    """Plain ids: nothing here belongs to a session."""

    place: Place
    student_id: UUID
    mother_id: UUID
    link_id: UUID
    token: str

    @property
    def path(self) -> str:
        """Where the page is."""
        return f"/f/{self.place.slug}/{self.token}"


def home(app: Flask, place: Place, **mother: Any) -> Home:
    """Everything that the page shows, and a link to it."""
    with app.app_context(), as_district(place.id):
        north = place.schools["North"]
        child = families.student("Mía", "Ortiz", number="S100", school=north)
        parent = families.guardian(child, "Elena", "Ortiz", **mother)
        families.mobile(parent, "+12065550142")
        attendance(child, north)
        FamilyOffice.own(None).change(DESK, "Monday to Friday", "")
        FamilyOffice.own(north).change(
            OFFICE, "7:30 am to 4 pm", "Breakfast for everybody.\nA bus from Elm Street."
        )
        link = linking.link_for(child, parent.id, by=SYSTEM)
        db.session.commit()
        return Home(place, child.id, parent.id, link.id, link.token)


def attendance(child: Student, north: UUID) -> list[date]:
    """Four weeks of school, three of them in; away on five days and a part of a sixth."""
    year = SchoolYear(
        name="2026–27",
        first_day=date(2026, 9, 7),
        last_day=date(2027, 6, 11),
        told_since=date(2026, 9, 7),
        state=CURRENT,
    )
    db.session.add(year)
    days = registers.calendar(north)
    registers.enrolled(child.id, north)
    for letters, excuse in (("E", "excused"), ("U", "unexcused"), ("N", "unknown")):
        registers.code(letters, "absent", excuse)
    registers.code("X", "absent", "excused", signed=False)
    for day, letters in zip(days[:6], "EUUNEX", strict=True):
        registers.mark(child.id, north, day, letters)
    registers.mark(child.id, north, days[6], "U", slot="AM")
    registers.mark(child.id, north, days[19], "U")
    db.session.add(SchoolRegister(school_id=north, current_to=days[14]))
    db.session.flush()
    return days


def approve(app: Flask, place: Place, who: Player, *tags: str) -> None:
    """Somebody of the district checked these languages."""
    with app.app_context(), as_district(place.id):
        for tag in tags:
            db.session.add(
                WordsApproval(
                    language=tag,
                    digest=CATALOGUES[tag].digest,
                    checked_by="Rosa Vega",
                    approved_by_id=who.id,
                    approved_by=who.name,
                )
            )
        db.session.commit()


def link_of(there: Home) -> FamilyLink:
    """The row itself. Needs the district to be open."""
    return db.session.get_one(FamilyLink, there.link_id)
