"""Mail that the desk wrote and that came back: it opens nothing, and the ticket tells whom we did not reach."""

from app.core.actor import SYSTEM
from app.core.db import db
from app.helpdesk.models.inbound_email import InboundEmail
from app.helpdesk.models.ticket import Ticket
from app.integrations.mailbox.parse import ParsedMail
from app.integrations.mailbox.reports import report_in, report_in_words
from app.notices.actions import returns
from app.notices.actions.returns import Returned
from app.notices.models.mail_setting import BOUNCE
from app.notices.models.muted_address import MutedAddress
from app.roster.models.person import Person


def take_back(mail: ParsedMail, email: InboundEmail) -> bool:
    """Deal with a report on a mail of ours, and with whatever else came to where they go; False if it is neither."""
    is_there = bool(email.recipients) and all(map(is_for_bounces, email.recipients))
    report = report_in(mail) or (report_in_words(mail) if is_there else None)
    if report is not None:
        returned = returns.take_back(report, [*email.recipients, *(one.address for one in mail.to)])
        email.discard("report" if returned else "report_of_nothing")
        if returned is not None and returned.counts:
            _tell_in_the_ticket(returned)
    elif is_there and mail.is_automatic:
        # Out-of-office notes go to the envelope's sender (RFC 3834), so that is where ours are answered.
        email.discard("automatic")
    elif is_there:
        email.hold("to_bounces")
    return report is not None or is_there


def write_again(ticket: Ticket) -> str:
    """Write to its requester by itself again, though mail to them came back. Their name."""
    requester = db.session.get_one(Person, ticket.requester_id)
    muted = MutedAddress.holding(requester.email) if requester.email else None
    if muted is not None:
        returns.lift(muted)
        db.session.flush()
    return requester.name


def is_for_bounces(address: str) -> bool:
    """It is where mail of ours comes back to."""
    return address.lower().rpartition("@")[0].partition("+")[0] == BOUNCE


def _tell_in_the_ticket(returned: Returned) -> None:
    message = returned.message
    ticket = db.session.get(Ticket, message.about_id) if message.about_table == "tickets" else None
    if ticket is None:
        return
    person = Person.find(message.to_person_id) if message.to_person_id else None
    ticket.lock()
    ticket.note(
        "came_back", SYSTEM, to=person.name if person else message.to_address, because=returned.because
    )
