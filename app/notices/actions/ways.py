"""By which of somebody's ways a channel reaches them at this moment; and if by none, why."""

from typing import Final

from app.core.db import db
from app.notices.actions import texts
from app.notices.models.muted_address import MutedAddress
from app.notices.models.notice import EMAIL, LETTER, SMS
from app.roster.models import contact
from app.roster.models.contact import Contact
from app.roster.models.recipients import Recipient, Way
from app.roster.models.stopped_number import StoppedNumber

KIND: Final = {LETTER: contact.POST, EMAIL: contact.EMAIL, SMS: contact.MOBILE}
NO_WAY: Final = {
    LETTER: "There is no address to which a letter may go.",
    EMAIL: "There is no email address that they agreed to.",
    SMS: "There is no mobile number that may be texted.",
}
MUTED: Final = "Mail to this address came back, so nothing is written to it by itself."


def by(channel: str, one: Recipient, *, practice: bool) -> tuple[Way | None, str]:
    """The way, or None and why. `practice`: nothing reaches the family, so it is enough that texts could be sent."""
    theirs = [way for way in one.ways if way.kind == KIND[channel]]
    if not theirs:
        return None, NO_WAY[channel]
    if channel == SMS:
        return _by_text(theirs, practice)
    if channel == EMAIL:
        free = next((way for way in theirs if MutedAddress.holding(address_of(way)) is None), None)
        return free, "" if free else MUTED
    return theirs[0], ""


def address_of(way: Way) -> str:
    """The number, or the email address."""
    return db.session.get_one(Contact, way.contact_id).value or ""


def _by_text(theirs: list[Way], practice: bool) -> tuple[Way | None, str]:
    if why := texts.why_nobody(practice=practice):
        return None, why
    stopped = None
    for way in theirs:
        stopped = StoppedNumber.holding(way.index)
        if stopped is None:
            return way, ""
    return None, texts.WHO_STOPPED[stopped.how] if stopped else NO_WAY[SMS]
