"""Links to the family page are made, asked again whether they may open, and withdrawn."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.crypto import token_hash
from app.core.db import db, uuid7
from app.core.directory import district_by_id
from app.family.actions.refused import NotForThem
from app.family.models.family_link import FamilyLink
from app.family.models.family_office import FamilyOffice
from app.roster.actions import contacts
from app.roster.models.guardian_right import COURT_ORDER, GuardianRight
from app.roster.models.guardianship import Guardianship
from app.roster.models.recipients import why_not_told
from app.roster.models.school import School
from app.roster.models.student import Student

#: From this age on the rights about a student's records are the student's own (34 CFR 99.5).
OF_AGE: Final = 18


@dataclass(frozen=True)
class About:
    """What a link is about, in the words of the room that asks for it: a notice, and its id."""

    kind: str
    id: UUID


def link_for(
    student: Student,
    guardian_id: UUID,
    *,
    by: Actor,
    about: About | None = None,
    way_index: str | None = None,
) -> FamilyLink:
    """A link for one guardian about one student; its `address` goes into the letter, the mail or the text.

    About the same thing it is the same link while that works, so that a notice that is written twice says the same.
    `way_index`: the `index` of the Way that it is sent by: whoever must not be contacted and is reached there shuts
    it. Raises NotForThem for a guardian who may not be told: ask recipients() first.
    """
    why = why_not_told(student, guardian_id, by_way=way_index)
    if why:
        raise NotForThem(why)
    if about is not None:
        made = FamilyLink.working_about(student.id, guardian_id, about.kind, about.id)
        if made is not None and made.way_index == way_index and not why_shut(made):
            return made
    now = clock.now()
    link = FamilyLink(
        id=uuid7(),
        student_id=student.id,
        guardian_id=guardian_id,
        about_kind=about.kind if about else "",
        about_id=about.id if about else None,
        way_index=way_index,
        made_by_id=by.id,
        made_at=now,
        expires_at=now + FamilyOffice.lasting(),
    )
    link.token_hash = token_hash(link.token)
    db.session.add(link)
    db.session.flush()
    return link


def why_shut(link: FamilyLink) -> str:
    """Why a link opens nothing now, in the office's words; "" while it works. Asked at each opening.

    The family reads none of it: to them every link that is shut says the same.
    """
    if link.withdrawn_at is not None:
        return "It was withdrawn."
    if link.has_expired:
        return "It has expired."
    if _order_since(link):
        return "A court order was put on file after it was made. Read the order, then make a new link."
    if _of_age_since(link):
        return "The student has turned 18 since it was made. Decide whether a guardian is told, then make a new link."
    return why_not_told(link.student, link.guardian_id, by_way=link.way_index)


def opened(link: FamilyLink) -> None:
    """Somebody, or a program that looks at links in mail, opened it. Nothing else follows from that."""
    if link.opened_at is None:
        link.opened_at = clock.now()


def unsubscribe(link: FamilyLink) -> int:
    """No more email to where it was sent: what a law has them told goes another way. How many contacts it was."""
    return contacts.stop_mail_to(link.way_index, source="email") if link.way_index else 0


def withdraw(link: FamilyLink) -> None:
    """It opens nothing any more. Again is fine."""
    if link.withdrawn_at is None:
        link.withdrawn_at = clock.now()


def _of_age_since(link: FamilyLink) -> bool:
    """True if the student came of age after it was made, as far as the date of birth is known."""
    born = link.student.born
    if born is None:
        return False
    made_on, today = (clock.local(at, _zone(link)).date() for at in (link.made_at, clock.now()))
    return _age(born, made_on) < OF_AGE <= _age(born, today)


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _zone(link: FamilyLink) -> str:
    school = School.find(link.student.school_id) if link.student.school_id else None
    card = district_by_id(link.district_id)
    return school.zone_name if school else card.zone_name if card else "UTC"


def _order_since(link: FamilyLink) -> bool:
    """True if nobody can have read, before the link was sent, a court order that is on file now."""
    held = Guardianship.between(link.student_id, link.guardian_id)
    if held is None:
        return False
    order = GuardianRight.in_force([held.id])[held.id].get(COURT_ORDER)
    return order is not None and order.holds and order.entered_at > link.made_at
