"""A new district: its row and key, the address of its desk, its first categories and its first admin."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actions import inviting
from app.auth.models.one_time_link import OneTimeLink
from app.core import clock, crypto
from app.core.actor import Actor, Role
from app.core.db import db, uuid7
from app.core.directory import District, DistrictDomain, InboundAddress
from app.helpdesk.models.category import Category
from app.notices.models.mail_setting import bounces_of
from app.roster.models.person import Person

#: What a request can be about, until the district says it in its own words.
FIRST_CATEGORIES: Final = (
    "Chromebook or laptop",
    "Projector or board",
    "Printer",
    "Password or account",
    "Network",
    "Phone",
    "Software",
    "Something else",
)


class CannotOpen(Exception):
    """The district was not opened; the sentence says why."""


def open_district(
    across: Session,
    *,
    slug: str,
    name: str,
    domain: str,
    mailbox: str,
    zone: str,
    region: str,
    state: str = "preparing",
) -> UUID:
    """The district itself, with a fresh data key. Raises CannotOpen. The caller has checked the slug."""
    try:
        clock.zone(zone)
    except clock.UnknownZone as error:
        raise CannotOpen(str(error)) from error
    _refuse_what_is_taken(across, slug, domain, mailbox)
    district = District(
        id=uuid7(), slug=slug, name=name.strip() or slug, zone=zone, region=region, state=state
    )
    district.data_key = crypto.new_data_key(district.id)
    across.add(district)
    across.flush()
    across.add(DistrictDomain(domain=domain, district_id=district.id))
    for address in dict.fromkeys((mailbox, bounces_of(mailbox))):
        across.add(InboundAddress(address=address, district_id=district.id))
    across.flush()
    return district.id


def add_first_things() -> None:
    """What the district that is open needs before its first request."""
    db.session.add_all(Category(name=name, position=nth) for nth, name in enumerate(FIRST_CATEGORIES))
    db.session.flush()


def invite_first_admin(*, email: str, name: str, by: Actor) -> OneTimeLink:
    """The link that opens the first admin's account. It works once, for 60 minutes."""
    given, _, family = name.strip().rpartition(" ")
    person = Person(given_name=given, family_name=family, email=email)
    db.session.add(person)
    db.session.flush()
    roles = [(Role.ADMIN, None)]
    return inviting.invite(email=email, name=name, roles=roles, by=by, person_id=person.id, send=False)


def _refuse_what_is_taken(across: Session, slug: str, domain: str, mailbox: str) -> None:
    if across.scalar(select(District.id).where(District.slug == slug)):
        raise CannotOpen(f"There is a district called “{slug}” already. Choose another short name.")
    if across.get(DistrictDomain, domain):
        raise CannotOpen(f"{domain} belongs to another district already. Give another one with --domain.")
    if mailbox == bounces_of(mailbox):
        raise CannotOpen(
            f"Mail that cannot be delivered comes back to {mailbox}. Give the desk another address."
        )
    if across.get(InboundAddress, mailbox) or across.get(InboundAddress, bounces_of(mailbox)):
        raise CannotOpen(f"{mailbox} is another district's desk already. Give another one with --mailbox.")
