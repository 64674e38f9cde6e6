"""Who may do what at the help desk. A requester sees their own, the desk sees its schools, an admin sees no words."""

from enum import StrEnum
from typing import Final

from app.core.actor import Actor, Role
from app.core.permissions import Rules
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.ticket import Ticket


class May(StrEnum):
    """What can be done here."""

    ASK_FOR_HELP = "ask for help"
    SEE_REQUEST = "see a request of one's own"
    ANSWER_REQUEST = "answer in a request of one's own"
    CLOSE_REQUEST = "close a request of one's own"
    SEE_QUEUE = "see the queue"
    SEE_TICKET = "see a ticket"
    ANSWER = "answer a ticket"
    ASSIGN = "take or assign a ticket"
    CLOSE = "close or reopen a ticket"
    CHANGE = "change a ticket's details"
    LIFT_MUTE = "write again to a requester whose mail came back"
    SEE_FILE = "see a file"
    SEE_MAIL_NOT_FILED = "see mail not filed"
    DECIDE_ON_MAIL = "file, merge or discard mail"


def is_a_person_of_the_district(actor: Actor, _: object) -> bool:
    """An account that stands for somebody on the roster: their requests need a name."""
    return actor.person_id is not None and actor.has(Role.REQUESTER)


def asked(actor: Actor, ticket: Ticket) -> bool:
    """It is their own request."""
    return actor.person_id is not None and ticket.requester_id == actor.person_id


def works_at_the_desk(actor: Actor, _: object) -> bool:
    """A technician of any school."""
    return actor.has(Role.TECHNICIAN)


def works_at_its_school(actor: Actor, ticket: Ticket) -> bool:
    """A technician of the ticket's school."""
    return actor.has(Role.TECHNICIAN, ticket.school_id)


def leads_its_school(actor: Actor, ticket: Ticket) -> bool:
    """A lead of the ticket's school."""
    return actor.has(Role.LEAD, ticket.school_id)


def asked_for_what_it_is_in(actor: Actor, file: Attachment) -> bool:
    """It came with their own request, and with no note among technicians."""
    return asked(actor, file.ticket) and not file.is_internal


def works_at_the_school_of_it(actor: Actor, file: Attachment) -> bool:
    """A technician of the school of the file's ticket."""
    return works_at_its_school(actor, file.ticket)


def leads_the_whole_desk(actor: Actor, _: object) -> bool:
    """Lead at all schools: a mail that is not filed belongs to none yet."""
    return actor.has(Role.LEAD) and actor.schools_of(Role.LEAD) is None


RULES: Final[Rules] = {
    May.ASK_FOR_HELP: [is_a_person_of_the_district],
    May.SEE_REQUEST: [asked],
    May.ANSWER_REQUEST: [asked],
    May.CLOSE_REQUEST: [asked],
    May.SEE_QUEUE: [works_at_the_desk],
    # Mails lead here whoever reads them; the door sends a requester on to their own page.
    May.SEE_TICKET: [works_at_its_school, asked],
    May.ANSWER: [works_at_its_school],
    May.ASSIGN: [works_at_its_school],
    May.CLOSE: [works_at_its_school],
    May.CHANGE: [works_at_its_school],
    May.LIFT_MUTE: [leads_its_school],
    May.SEE_FILE: [asked_for_what_it_is_in, works_at_the_school_of_it],
    May.SEE_MAIL_NOT_FILED: [leads_the_whole_desk],
    May.DECIDE_ON_MAIL: [leads_the_whole_desk],
}
