"""The timeline of a ticket, in people's words. The auditor's log is another thing (core/audit.py)."""

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Table, event, insert
from sqlalchemy.orm import Mapped, Session, SessionTransaction, attributes, mapped_column

from app.core import clock
from app.core.db import Base, db, uuid7
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned, points_at

#: What happened → how it is told. `by` is who did it; the rest comes from the event's detail.
TOLD = {
    "opened": "{by} asked for help",
    "opened_by_mail": "{by} asked for help by email",
    "filed": "{by} filed a mail from {sender} as this ticket",
    "mail_added": "{by} added a mail from {sender}",
    "mail_taken_out": "{by} took a mail out again",
    "taken": "{by} is looking after this",
    "assigned": "{by} asked {to} to look after this",
    "put_back": "{by} put this back for anyone to take",
    "waiting": "{by} is waiting for an answer",
    "closed": "{by} closed this",
    "works_now": "{by} says it works now, and closed this",
    "reopened": "{by} opened this again",
    "reopened_by_answer": "{by} answered, so this is open again",
    "changed": "{by} changed the {field} from {before} to {after}",
    "follows": "This goes on from #{number}",
    "went_on": "This went on in #{number}",
    "passed_on": "{by} passed on a mail from {sender}",
    "came_back": "A mail from us did not reach {to}: {because}",
    "mail_read": "About the mail: {remarks}",
    "perhaps": "#{number} may belong here: a mail from {sender} answers this, but they take no part in it",
}

#: Told to technicians alone.
FOR_THE_DESK = ("came_back", "mail_read", "perhaps")

#: What a sentence needs and a detail may lack.
UNSAID = {
    "to": "a colleague",
    "field": "details",
    "before": "nothing",
    "after": "nothing",
    "number": "another",
    "sender": "an unknown address",
    "remarks": "it was not easy to read.",
    "because": "its mail server could not deliver it",
}


class TicketEvent(DistrictOwned, Base):
    """One thing that happened to a ticket, other than a reply."""

    __tablename__ = "ticket_events"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="anonymise")
    # The same moment is in the audit log already, with the row that changed.
    __audited__ = False
    __table_args__ = owned(
        points_at("ticket_id", "tickets"),
        CheckConstraint("what <> ''", name="what"),
        Index(None, "district_id", "ticket_id", "id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: A key of TOLD.
    what: Mapped[str] = mapped_column(info=PUBLIC)
    by_name: Mapped[str] = mapped_column(info=PERSONAL)
    by_account_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, info=PERSONAL)
    #: The ticket's version that this made: who saw an older one has not seen this.
    version: Mapped[int] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @property
    def words(self) -> str:
        """The event as it is told to people."""
        return told(self.what, self.by_name, self.detail)


def happened(ticket: DistrictOwned, what: str, **told_of: Any) -> None:
    """Write an event of that ticket with the next flush, after the ticket itself.

    Plain values until then: there is one with each request, and as objects they cost a flush half as much again.
    """
    attributes.flag_dirty(ticket)
    row = {
        "id": uuid7(),
        "district_id": current_district_id(),
        "ticket_id": ticket.id,
        "what": what,
        **told_of,
    }
    _waiting(db.session()).append(row)


def told(what: str, by_name: str, detail: dict[str, Any]) -> str:
    """An event as a sentence."""
    return TOLD[what].format(**{**UNSAID, **detail, "by": by_name})


_WRITE: Final = insert(cast(Table, TicketEvent.__table__))


def _waiting(session: Session) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.info.setdefault("ticket_events", [])
    return rows


@event.listens_for(Session, "after_flush")
def _write_what_happened(session: Session, *_: object) -> None:
    rows = _waiting(session)
    if rows:
        session.connection().execute(_WRITE, list(rows))
        rows.clear()


# A savepoint begins with a flush, so whatever waits when one is rolled back came since it began.
@event.listens_for(Session, "after_soft_rollback")
def _forget_what_did_not_happen(session: Session, _: SessionTransaction) -> None:
    _waiting(session).clear()
