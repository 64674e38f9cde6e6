"""Ways to reach a guardian are written down, agreed to or refused, and taken away."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.core import audit, clock
from app.core.db import db
from app.roster.actions import households
from app.roster.actions.refused import Refused
from app.roster.models.contact import EMAIL, GIVEN, MOBILE, NOT_ASKED, POST, REFUSED, Contact, index_of
from app.roster.models.guardian import Guardian
from app.roster.models.reaching import PostalAddress
from app.roster.models.stopped_number import BY_PAGE, StoppedNumber


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What they said of being reached this way, where we know it from, when, and to which words of ours."""

    state: str = NOT_ASKED
    source: str = ""
    at: datetime | None = None
    wording: str = ""


def add(
    guardian: Guardian,
    kind: str,
    value: str | PostalAddress,
    consent: Consent,
    *,
    once: UUID,
    is_substitute: bool = False,
) -> Contact:
    """A new way. The same `once` again answers with the contact that it made. Raises Refused."""
    made = Contact.find(once)
    if made is not None:
        return made
    _refuse_twice(guardian.id, kind, value, None)
    contact = Contact(
        id=once, guardian_id=guardian.id, kind=kind, is_substitute=is_substitute and kind == POST
    )
    contact.write(value)
    _agree(contact, consent)
    db.session.add(contact)
    _moved(contact)
    return contact


def change(
    contact: Contact, value: str | PostalAddress, consent: Consent, *, is_substitute: bool = False
) -> None:
    """Another value or another answer. Consent goes with the value: a new number is asked anew. Raises Refused."""
    _refuse_twice(contact.guardian_id, contact.kind, value, contact.id)
    contact.write(value)
    contact.is_substitute = is_substitute and contact.kind == POST
    _agree(contact, consent)
    _moved(contact)


def remove(contact: Contact) -> None:
    """They are no longer reached there. The guardian's history tells of it: the contact has none any more."""
    audit.noted("removed a contact", "guardians", contact.guardian_id, kind=contact.kind)
    db.session.delete(contact)
    _moved(contact)


def stop_texts(guardian_id: UUID, *, source: str) -> int:
    """They want no more texts: their mobile numbers are refused at once, whoever else they are written down for.

    The numbers are stopped too, as an answer of STOP stops them: an agreement that the roster brings along later does
    not undo it. `source`: one of SOURCES. How many were in use.
    """
    theirs = select(Contact.value_index).where(Contact.guardian_id == guardian_id, Contact.kind == MOBILE)
    same = select(Contact).where(
        Contact.kind == MOBILE, Contact.value_index.in_(theirs), Contact.consent != REFUSED
    )
    numbers = db.session.scalars(same).all()
    for contact in numbers:
        _agree(contact, Consent(state=REFUSED, source=source))
    for index in db.session.scalars(theirs.distinct()).all():
        StoppedNumber.stop(index, BY_PAGE)
    db.session.flush()
    return len(numbers)


def stop_mail_to(value_index: str, *, source: str) -> int:
    """Whoever reads at this address wants no more email from the school, of whomever it is written down. How many."""
    same = select(Contact).where(
        Contact.kind == EMAIL, Contact.value_index == value_index, Contact.consent != REFUSED
    )
    found = db.session.scalars(same).all()
    for contact in found:
        _agree(contact, Consent(state=REFUSED, source=source))
    db.session.flush()
    return len(found)


def _moved(contact: Contact) -> None:
    db.session.flush()
    if contact.kind == POST:
        households.derive_for([contact.guardian_id])


def _agree(contact: Contact, consent: Consent) -> None:
    if consent.state == NOT_ASKED:
        consent = Consent()
    elif not consent.source:
        raise Refused("Say where this answer comes from, such as a paper form.")
    elif consent.state == GIVEN and not consent.wording.strip():
        raise Refused("Say which version of the wording they agreed to, such as 2026-08.")
    elif consent.at is not None and consent.at > clock.now():
        raise Refused("They cannot have answered in the future. Look at the date again.")
    contact.consent, contact.consent_source = consent.state, consent.source
    contact.consent_at = consent.at or (clock.now() if consent.state != NOT_ASKED else None)
    contact.consent_wording = consent.wording.strip()


def _refuse_twice(guardian_id: UUID, kind: str, value: str | PostalAddress, but: UUID | None) -> None:
    same = select(Contact.id).where(
        Contact.guardian_id == guardian_id, Contact.kind == kind, Contact.value_index == index_of(kind, value)
    )
    with db.session.no_autoflush:
        other = db.session.scalar(same)
    if other not in (None, but):
        raise Refused("This is written down for them already.")
