"""A message that leaves the house. The row is the job: whatever becomes of it stands here.

queued → sending → sent | failed | unsure. While it is sent, `handed_over_at` says whether a server may have it:
set and committed before the dot that ends the mail. An unsure message may have arrived, so only a person sends it
again.
Whatever was handed over may come back: bounced.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Select, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, presence
from app.core.db import Base, db
from app.core.queue import Work, later
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

#: How long one attempt may hold a message. Shorter than the lease of the job that makes it.
HOLDS_FOR: Final = timedelta(minutes=2, seconds=30)
#: Kinds that a machine decides to send: they have limits, and wait where mail came back.
AUTOMATIC: Final = frozenset({"ticket_received", "ticket_assigned", "ticket_answered"})
#: Kinds whose text opens an account: it is not kept once it has left.
CARRIES_A_LINK: Final = frozenset({"account_invited", "password_reset"})
LINK_LASTS: Final = timedelta(minutes=60)
DELIVER: Final = "jobs.notices.deliver"

#: What each kind is called by the people who look after the mail.
CALLED: Final = {
    "ticket_received": "Receipt",
    "ticket_reply": "Answer",
    "ticket_closed": "Closing note",
    "ticket_assigned": "Note to a technician: given a request",
    "ticket_answered": "Note to a technician: the requester answered",
    "account_invited": "Invitation",
    "password_reset": "Link for a new password",
    "factors_taken_away": "Note: the second factor was taken away",
    "factors_changed": "Note: a way to sign in was changed",
    "sealed_account": "Note to admins: the sealed account",
    "roster_connection": "Note to admins: a system that is asked for the roster",
    "register_connection": "Note to admins: a system that is asked for attendance",
    "secret_ends": "Note to admins: a secret ends",
    "operator_visit": "Note to admins: a visit of the operator",
    "incident_recorded": "Note to admins: a notice reached the wrong person",
    "mail_test": "Test",
    "family_notice": "Notice to a family",
}

STOPPED_WHILE_SENDING: Final = (
    "The program stopped while this was being sent, so nobody knows whether it arrived."
)


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    #: A mail server could not deliver it, and said so.
    BOUNCED = "bounced"


class Message(DistrictOwned, Base):
    """One email to one address."""

    __tablename__ = "messages"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="anonymise")
    __table_args__ = owned(
        points_at("to_person_id", "people"),
        UniqueConstraint("district_id", "message_id"),
        CheckConstraint("state in ('queued','sending','sent','failed','unsure','bounced')", name="state"),
        CheckConstraint("(state = 'bounced') = (bounced_at is not null)", name="bounced_at_agrees"),
        CheckConstraint("channel in ('email')", name="channel"),
        CheckConstraint("kind <> ''", name="kind"),
        CheckConstraint("(state = 'sending') = (claimed_until is not null)", name="claimed_while_sending"),
        CheckConstraint("holder is null or claimed_until is not null", name="held_while_sending"),
        CheckConstraint("handed_over_at is null or state <> 'queued'", name="handed_over_by_an_attempt"),
        Index("ix_messages_log_in_state", "district_id", "state", "id"),
        Index("ix_messages_to_address", "district_id", "to_address", "made_at"),
        Index("ix_messages_about", "district_id", "about_table", "about_id"),
        # A ticket is acknowledged once.
        Index(
            "uq_messages_receipt",
            "district_id",
            "about_id",
            unique=True,
            postgresql_where=text("kind = 'ticket_received'"),
        ),
        Index(
            "ix_messages_on_their_way",
            "district_id",
            "next_try_at",
            postgresql_where=text("state in ('queued','sending')"),
        ),
    )
    FOUND_BY = ("id",)

    #: What it says, by the name of its template: "ticket_received".
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    channel: Mapped[str] = mapped_column(default="email", info=PUBLIC)
    to_address: Mapped[str] = mapped_column(info=PERSONAL)
    to_person_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    from_name: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: Empty while the desk has no address; then it cannot leave.
    from_address: Mapped[str] = mapped_column(default="", info=PUBLIC)
    subject: Mapped[str] = mapped_column(info=PRIVATE)
    text: Mapped[str] = mapped_column(info=PRIVATE)
    html: Mapped[str] = mapped_column(default="", info=PRIVATE)
    message_id: Mapped[str | None] = mapped_column(info=PRIVATE)
    in_reply_to: Mapped[str | None] = mapped_column(info=PRIVATE)
    reference_ids: Mapped[list[str]] = mapped_column(default=list, info=PRIVATE)
    reply_to: Mapped[str] = mapped_column(default="", info=PRIVATE)
    envelope_from: Mapped[str] = mapped_column(default="", info=PRIVATE)
    #: What it is about, without a foreign key: the mail room has never heard of tickets.
    about_table: Mapped[str | None] = mapped_column(info=PUBLIC)
    about_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    about_number: Mapped[int | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=State.QUEUED, info=PUBLIC)
    attempts: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    next_try_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    sent_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    bounced_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Why it has not left, in a sentence.
    reason: Mapped[str] = mapped_column(default="", info=PUBLIC)
    claimed_until: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The mark of the process that sends it; None where it has none.
    holder: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    #: When the last attempt was about to end the mail. From then on a server may have it.
    handed_over_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: How often it was sent once more by itself, though a server may have had it.
    repeats: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The message of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def newest_first(cls, states: Collection[str] = (), before: UUID | None = None) -> Select[Self]:
        """The mail log, from the newest or from a message on. Ids are ordered by time."""
        found = select(cls).order_by(cls.id.desc())
        if states:
            found = found.where(cls.state.in_(states))
        return found.where(cls.id < before) if before else found

    @classmethod
    def unheard(cls, now: datetime) -> Select[Self]:
        """Queued messages whose time has come and whom no bell will call."""
        ready = or_(cls.next_try_at.is_(None), cls.next_try_at <= now)
        bell = select(Work.id).where(Work.job == DELIVER, Work.subject_id == cls.id, Work.failed_at.is_(None))
        return select(cls).where(cls.state == State.QUEUED, ready, ~bell.exists()).order_by(cls.id)

    @classmethod
    def forsaken(cls, now: datetime) -> Select[Self]:
        """Messages whose sender died at work, or has had its time."""
        return select(cls).where(
            cls.state == State.SENDING, or_(cls.claimed_until < now, presence.gone(cls.holder))
        )

    def is_forsaken(self, now: datetime) -> bool:
        """True if this one is among them."""
        return db.session.scalar(self.forsaken(now).where(Message.id == self.id)) is not None

    @property
    def called(self) -> str:
        """What it is, without a word of what it says."""
        return CALLED.get(self.kind, self.kind.replace("_", " ").capitalize())

    @property
    def may_be_sent_again(self) -> bool:
        """True for what a person may try once more."""
        return self.state in {State.FAILED, State.UNSURE, State.BOUNCED} and not self.link_ran_out

    @property
    def link_ran_out(self) -> bool:
        """True for an invitation that could no longer be accepted."""
        return self.kind in CARRIES_A_LINK and (not self.text or clock.ago(minutes=60) > self.made_at)

    def ring(self, due: datetime | None = None) -> None:
        """Have it delivered after this transaction, or at a later time."""
        later(DELIVER, self.id, queue="notifications", due=due)

    def claim(self, now: datetime) -> None:
        """One attempt begins."""
        self.state, self.claimed_until = State.SENDING, now + HOLDS_FOR
        self.holder, self.handed_over_at = presence.my_mark(), None
        self.attempts += 1
        self.next_try_at, self.reason = None, ""

    def has_left(self) -> None:
        """A server took it."""
        self._settle(State.SENT)
        self.sent_at = clock.now()

    def begin_anew(self) -> None:
        """The attempt came to nothing that counts: queued again at once."""
        self._back_to_the_queue()
        self.ring()

    def repeat(self) -> None:
        """Once more, as the same mail, though somebody may have it."""
        self.repeats += 1
        self.begin_anew()

    def wait(self, until: datetime, reason: str) -> None:
        """Not now: queued again, with the reason shown."""
        self._back_to_the_queue(reason)
        self.next_try_at = until
        self.ring(due=until)

    def fail(self, reason: str) -> None:
        """It will not leave as it stands."""
        self._settle(State.FAILED, reason)

    def doubt(self, reason: str) -> None:
        """It may have arrived. Never sent again without a person's word."""
        self._settle(State.UNSURE, reason)

    def come_back(self, reason: str) -> None:
        """A mail server could not deliver it."""
        self._settle(State.BOUNCED, reason)
        self.bounced_at = clock.now()

    def hear(self, reason: str) -> None:
        """Something is reported of it that decides nothing: the mail log shows it."""
        if self.state in {State.SENT, State.UNSURE}:
            self.reason = reason

    def forget_text(self) -> None:
        """Keep that it was sent, and not what it said."""
        self.text = self.html = ""

    def queue_anew(self) -> None:
        """From the beginning, with the same Message-ID: who already has it sees one mail."""
        self._back_to_the_queue()
        self.attempts = 0
        self.ring()

    def _back_to_the_queue(self, reason: str = "") -> None:
        self._settle(State.QUEUED, reason)
        self.handed_over_at = None

    def _settle(self, state: State, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.claimed_until = self.holder = self.next_try_at = self.bounced_at = None
