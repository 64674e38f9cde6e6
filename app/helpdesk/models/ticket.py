"""A ticket: one person's trouble, from the first word to the closing."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, bindparam, event, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.actor import Actor
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.search import folded
from app.core.tenancy import DistrictOwned, owned, points_at
from app.helpdesk.models.counter import TicketCounter
from app.helpdesk.models.event import happened
from app.helpdesk.models.urgency import Urgency, UrgencyRank

#: How long an answer of the requester opens a closed ticket again; later it is a new one.
REOPENS_FOR: Final = timedelta(days=7)
TITLE_AT_MOST: Final = 200
#: What the database says to the second ticket of one form.
ONE_OF_A_FORM: Final = "uq_tickets_district_id_requester_id_once"

_OPEN = text("closed_at is null")
_CLOSED = text("closed_at is not null")


class State(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    OPEN = "open"
    #: For the requester's answer.
    WAITING = "waiting"
    CLOSED = "closed"


class Ticket(DistrictOwned, Base):
    """Who needs what, where, how badly, who looks after it, and how it stands."""

    __tablename__ = "tickets"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="anonymise")
    __table_args__ = owned(
        points_at("category_id", "categories"),
        points_at("school_id", "schools"),
        points_at("room_id", "rooms"),
        points_at("device_id", "devices"),
        points_at("requester_id", "people"),
        points_at("assignee_id", "accounts"),
        points_at("follows_id", "tickets"),
        UniqueConstraint("district_id", "number"),
        UniqueConstraint("district_id", "requester_id", "once"),
        CheckConstraint("title <> '' and length(title) <= 200", name="title"),
        CheckConstraint("state in ('new','open','waiting','closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed_at_agrees"),
        CheckConstraint("urgency between 0 and 3", name="urgency"),
        CheckConstraint("channel in ('web','email')", name="channel"),
        # One index for each way the queue is asked for, over the open tickets alone: they stay small however
        # many are closed. "Is open" is `closed_at is null` and not a compared state, so that a prepared
        # statement, which does not know its parameters, can still use them.
        Index("ix_tickets_queue", "district_id", "urgency", "last_activity_at", "id", postgresql_where=_OPEN),
        Index(
            "ix_tickets_queue_of_school",
            *("district_id", "school_id", "urgency", "last_activity_at", "id"),
            postgresql_where=_OPEN,
        ),
        Index(
            "ix_tickets_queue_of_assignee",
            *("district_id", "assignee_id", "urgency", "last_activity_at", "id"),
            postgresql_where=_OPEN,
        ),
        Index(
            "ix_tickets_queue_in_state",
            *("district_id", "state", "urgency", "last_activity_at", "id"),
            postgresql_where=_OPEN,
        ),
        Index("ix_tickets_open_by_number", "district_id", "number", postgresql_where=_OPEN),
        Index("ix_tickets_closed", "district_id", "closed_at", "id", postgresql_where=_CLOSED),
        Index(
            "ix_tickets_closed_of_school",
            *("district_id", "school_id", "closed_at", "id"),
            postgresql_where=_CLOSED,
        ),
        Index(
            "ix_tickets_closed_of_assignee",
            *("district_id", "assignee_id", "closed_at", "id"),
            postgresql_where=_CLOSED,
        ),
        Index("ix_tickets_of_requester", "district_id", "requester_id", "last_activity_at", "id"),
    )
    FOUND_BY = ("number",)
    # Or each INSERT would bring `folded`, the whole text, back.
    __mapper_args__ = {"eager_defaults": False}

    number: Mapped[int] = mapped_column(info=PUBLIC)
    title: Mapped[str] = mapped_column(info=PRIVATE)
    text: Mapped[str] = mapped_column(default="", info=PRIVATE)
    #: A mail's formatting, sanitised at the writing; shown under a policy that loads nothing from outside.
    text_html: Mapped[str | None] = mapped_column(info=PRIVATE)
    state: Mapped[str] = mapped_column(default=State.NEW, info=PUBLIC)
    urgency: Mapped[str] = mapped_column(UrgencyRank(), default=Urgency.NORMAL, info=PUBLIC)
    category_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    room_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    device_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: As it was typed, whether or not a device of the district has it.
    device_tag: Mapped[str] = mapped_column(default="", info=PUBLIC)
    requester_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    assignee_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    channel: Mapped[str] = mapped_column(default="web", info=PUBLIC)
    #: The form's own key: a double-clicked submit is one ticket.
    once: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The closed ticket that this one goes on from.
    follows_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    last_activity_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    closed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Goes up with everything that happens, so that nobody answers what they have not seen.
    version: Mapped[int] = mapped_column(default=1, info=PUBLIC)
    #: False if it came by a mail that nobody vouched for.
    verified: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    #: How many replies the requester can read.
    reply_count: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: What the code before 0014 searched; nothing reads it any more, and the release after the first drops it.
    folded: Mapped[str] = folded("number::text, title, text, device_tag", info=PRIVATE)

    @classmethod
    def find(cls, number: int) -> "Ticket | None":
        """The ticket of that number in this district."""
        return db.session.scalar(_BY_NUMBER, {"number": number})

    def lock(self) -> None:
        """Hold the row until the commit and read it anew: whatever is decided next is decided on what is true."""
        db.session.refresh(self, with_for_update=True)

    def get_number(self) -> None:
        """Take the district's next number now. Others wait for theirs until the commit.

        A ticket that has none when it is written gets one then.
        """
        (self.number,) = TicketCounter.take()

    @property
    def is_closed(self) -> bool:
        """True once somebody closed it."""
        return self.state == State.CLOSED

    @property
    def reopens(self) -> bool:
        """True if an answer of the requester would open it again."""
        return self.closed_at is not None and clock.now() - self.closed_at <= REOPENS_FOR

    def take(self, by: Actor) -> None:
        """Look after it oneself."""
        self._give(by.id, "taken", by)

    def assign(self, to_id: UUID, to_name: str, by: Actor) -> None:
        """Ask a colleague to look after it."""
        self._give(to_id, "assigned", by, to=to_name)

    def put_back(self, by: Actor) -> None:
        """Leave it for anyone to take."""
        if self.assignee_id is not None:
            self.assignee_id = None
            self.note("put_back", by)

    def wait(self, by: Actor) -> None:
        """It is the requester's turn."""
        self._stand(State.WAITING, "waiting", by)

    def close(self, by: Actor, what: str = "closed") -> None:
        """Done. An answer within REOPENS_FOR opens it again."""
        self._stand(State.CLOSED, what, by)

    def reopen(self, by: Actor, what: str = "reopened") -> None:
        """Not done after all, or no longer waiting."""
        self._stand(State.OPEN, what, by)

    def begin_work(self) -> None:
        """The desk has answered: it is no longer new."""
        if self.state == State.NEW:
            self.state = State.OPEN

    def change(self, column: str, value: Any, *, field: str, before: str, after: str, by: Actor) -> None:
        """Change a detail, and tell it in the timeline with the words people know it by."""
        if getattr(self, column) != value:
            setattr(self, column, value)
            self.note("changed", by, field=field, before=before, after=after)

    def note(self, what: str, by: Actor, **detail: Any) -> None:
        """Something happened: tell it in the timeline."""
        self.touch()
        self.tell(what, by, **detail)

    def tell(self, what: str, by: Actor, **detail: Any) -> None:
        """A line in the timeline of what has just been done."""
        account_id = by.id if by.kind == "account" else None
        happened(self, what, by_name=by.name, by_account_id=account_id, detail=detail, version=self.version)

    def touch(self, *, is_activity: bool = True) -> None:
        """Something happened: a new version, and a new last activity if somebody did it."""
        self.version += 1
        if is_activity:
            self.last_activity_at = clock.now()

    def _give(self, to_id: UUID | None, what: str, by: Actor, **detail: Any) -> None:
        if self.assignee_id != to_id:
            self.assignee_id = to_id
            self.begin_work()
            self.note(what, by, **detail)

    def _stand(self, state: State, what: str, by: Actor) -> None:
        if self.state != state:
            self.state = state
            self.closed_at = clock.now() if state is State.CLOSED else None
            self.note(what, by)


_BY_NUMBER: Final = select(Ticket).where(Ticket.number == bindparam("number"))


@event.listens_for(Session, "before_flush")
def _give_numbers(session: Session, *_: object) -> None:
    """All that are written together take theirs together, and as late as can be."""
    tickets = [row for row in session.new if isinstance(row, Ticket) and row.__dict__.get("number") is None]
    if tickets:
        for ticket, number in zip(tickets, TicketCounter.take(len(tickets)), strict=True):
            ticket.number = number
