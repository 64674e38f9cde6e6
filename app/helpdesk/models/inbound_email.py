"""A mail as it came in: its raw bytes are safe before anybody says "received"."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, bindparam, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.actor import Actor
from app.core.db import Base, db
from app.core.quotas import MAILS_IN, HoldsAFile
from app.core.records import NAMES_A_FILE, PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.helpdesk.models.ticket import Ticket


class MailState(StrEnum):
    """What became of it."""

    STORED = "stored"
    FILED = "filed"
    #: Waits for a person's decision.
    HELD = "held"
    DISCARDED = "discarded"
    #: Could not be read; waits for a person too.
    FAILED = "failed"


NOT_OPEN: Final = "not_open"

#: Why a mail was not filed → the sentence a lead reads.
REASONS = {
    "unknown_sender": "We do not know this address: it belongs to no active member of staff.",
    "no_sender": "The mail does not say who sent it.",
    "failed_authentication": "The mail says it is from a member of staff, but it failed the check of its sender.",
    "automatic": "A machine sent this (an out-of-office note or a receipt), and it belongs to no ticket.",
    "loop": "This is a mail of our own that came back to us.",
    "report": "A mail server reports what became of a mail of ours. The mail log shows it.",
    "report_of_nothing": "A mail server reports on a mail, but names none that we sent.",
    "to_bounces": "This was sent to the address for mail that cannot be delivered, and it is no such report.",
    "again": "The same mail came again, by another way. The first copy was filed.",
    "through_a_group": (
        "A mail group put its own address in the place of the sender's, and no mail server that you trust vouches "
        "for it. Give the name of your mail server in the mail settings, so that we can believe who wrote it."
    ),
    NOT_OPEN: "This came before the district opened. It is filed by itself on opening day; you can also do it now.",
    "no_school": "The sender has no school yet. Give them one under People, then file this mail.",
    "too_many": "This sender wrote many mails within an hour, so we stopped opening tickets from them.",
    "unreadable": "We could not read this mail. The original is kept here.",
    "overdue": "We have not come to this mail yet. It is tried again by itself; you can also file it by hand.",
    "fault": "Something went wrong while we filed this mail. The original is kept here; you can file it by hand.",
}

WAITING = (MailState.HELD, MailState.FAILED)
#: Copies of one mail come by several ways within days, or never.
COPIES_COME_WITHIN = timedelta(days=7)
MOST_COPIES = 20
#: Filing takes seconds; a mail that waits longer is shown to a person.
OVERDUE = timedelta(minutes=15)


class InboundEmail(HoldsAFile, DistrictOwned, Base):
    """Envelope, where the raw bytes lie, and what became of it."""

    __tablename__ = "inbound_emails"
    __keeping__ = Keeping("requester", "mail that came in", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("ticket_id", "tickets"),
        points_at("decided_by_id", "accounts"),
        UniqueConstraint("district_id", "mailbox", "provider_id"),
        # A Message-ID alone is reused by senders; a mail without one has the empty one.
        UniqueConstraint("district_id", "mailbox", "message_id", "sha256"),
        CheckConstraint("state in ('stored','filed','held','discarded','failed')", name="state"),
        CheckConstraint("(state = 'filed') = (ticket_id is not null)", name="filed_somewhere"),
        Index("ix_inbound_emails_by_state", "district_id", "state", "id"),
        Index("ix_inbound_emails_same", "district_id", "message_id", "sha256"),
        Index("ix_inbound_emails_due", "received_at", postgresql_where=text("state = 'stored'")),
        Index(None, "district_id", "ticket_id"),
    )
    FOUND_BY = ("id",)
    COUNTED_AS = (MAILS_IN,)

    mailbox: Mapped[str] = mapped_column(info=PUBLIC)
    provider_id: Mapped[str | None] = mapped_column(info=PRIVATE)
    message_id: Mapped[str] = mapped_column(default="", info=PRIVATE)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    envelope_from: Mapped[str] = mapped_column(default="", info=PERSONAL)
    envelope_to: Mapped[str] = mapped_column(default="", info=PERSONAL)
    received_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    storage_key: Mapped[str] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    state: Mapped[str] = mapped_column(default=MailState.STORED, info=PUBLIC)
    #: A key of REASONS, kept when a person decides, so that the decision can be undone.
    reason: Mapped[str] = mapped_column(default="", info=PUBLIC)
    from_address: Mapped[str] = mapped_column(default="", info=PERSONAL)
    subject: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: None until it is read; False if nobody vouched for the sender.
    verified: Mapped[bool | None] = mapped_column(info=PUBLIC)
    ticket_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The reply it became; None if it became the ticket itself. No foreign key: Reply points here already.
    reply_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The copy of the same mail that was filed. No foreign key: either may be erased before the other.
    same_as_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The lead who decided; None while the house decided alone.
    decided_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    decided_by_name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    decided_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    #: Of two new rows the ticket's is written first. Nobody reads it here.
    ticket: Mapped[Ticket | None] = relationship(
        "Ticket", primaryjoin="foreign(InboundEmail.ticket_id) == Ticket.id", lazy="raise"
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The mail of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def not_filed(cls) -> Select[Self]:
        """Mail that waits for a person, or that the house should have filed by now; the newest first."""
        overdue = (cls.state == MailState.STORED) & (cls.received_at < clock.now() - OVERDUE)
        return select(cls).where(cls.state.in_(WAITING) | overdue).order_by(cls.id.desc())

    @classmethod
    def dealt_with(cls) -> Select[Self]:
        """Mail that a person filed or discarded, or that the house discarded, the newest first."""
        by_a_person = cls.decided_at.is_not(None) | (cls.state == MailState.DISCARDED)
        return select(cls).where(by_a_person, cls.state.not_in(WAITING)).order_by(cls.id.desc())

    @classmethod
    def waiting_for_opening_day(cls) -> Select[Self]:
        """Mail that came while the district was being prepared and that nobody has decided on, the oldest first."""
        return select(cls).where(cls.state == MailState.HELD, cls.reason == NOT_OPEN).order_by(cls.id)

    @property
    def waits_for_opening_day(self) -> bool:
        """True if it is to be filed by itself once the district opens."""
        return self.state == MailState.HELD and self.reason == NOT_OPEN

    @property
    def reason_words(self) -> str:
        """Why it was not filed, as a sentence."""
        return REASONS.get("overdue" if self.state == MailState.STORED else self.reason, "")

    @property
    def is_waiting(self) -> bool:
        """True while a person may decide."""
        return self.state in (*WAITING, MailState.STORED)

    @property
    def can_be_undone(self) -> bool:
        """True for what a person decided, and for what the house discarded."""
        return self.state == MailState.DISCARDED or (
            self.state == MailState.FILED and self.decided_at is not None
        )

    @property
    def recipients(self) -> list[str]:
        """The addresses of the envelope."""
        return [address.strip() for address in self.envelope_to.split(",") if address.strip()]

    @classmethod
    def to_file(cls, ids: Iterable[UUID]) -> "list[InboundEmail]":
        """Those of them that wait to be filed and that nobody else holds, locked, in the order they came."""
        return list(db.session.scalars(_TO_FILE, {"ids": list(ids)}))

    @classmethod
    def that_came_before(cls, emails: "Sequence[InboundEmail]") -> set[str]:
        """The Message-IDs of these that other mails have as well."""
        asked = {"names": [one.message_id for one in emails], "own": [one.id for one in emails]}
        return set(db.session.scalars(_NAMED_THE_SAME, asked))

    def lock(self) -> None:
        """Hold the row until the commit and read it anew."""
        db.session.refresh(self, with_for_update=True)

    def copies(self) -> "list[InboundEmail]":
        """Other mails with the same Message-ID, or without one and with the same bytes; the newest first.

        Earlier ones that are being filed or decided on at this moment are waited for, so that one is the first.
        """
        asked = {"own": self.id, "name": self.message_id, **self._around()}
        if self.message_id:
            copies = list(db.session.scalars(_SAME_NAME, asked))
        else:
            copies = list(db.session.scalars(_SAME_BYTES, {**asked, "sha256": self.sha256}))
        for copy in copies:
            # Everybody holds their own mail and goes from newer to older ones: nobody waits in a circle.
            if copy.state in (MailState.STORED, MailState.HELD) and copy.id < self.id:
                copy.lock()
        return copies

    def _around(self) -> dict[str, datetime]:
        return {
            "since": self.received_at - COPIES_COME_WITHIN,
            "until": self.received_at + COPIES_COME_WITHIN,
        }

    def note_head(self, from_address: str, subject: str, *, verified: bool) -> None:
        """Whom it is from and about what, and whether somebody vouches for that."""
        self.from_address, self.subject, self.verified = from_address, subject, verified

    def hold(self, reason: str) -> None:
        """Leave it to a person."""
        self.state, self.reason = MailState.HELD, reason

    def fail(self, reason: str) -> None:
        """It could not be read or filed; a person sees it with this reason."""
        self.state, self.reason = MailState.FAILED, reason

    def discard(self, reason: str | None = None, by: Actor | None = None) -> None:
        """Put it aside. It stays in the list of what was dealt with until it is erased."""
        self.state = MailState.DISCARDED
        self.reason = reason or self.reason
        self._decide(by)

    def file(self, ticket_id: UUID, reply_id: UUID | None = None, by: Actor | None = None) -> None:
        """It became that ticket, or that reply of it."""
        self.state, self.ticket_id, self.reply_id = MailState.FILED, ticket_id, reply_id
        self._decide(by)

    def is_copy_of(self, first: "InboundEmail") -> None:
        """The same mail was filed already: this copy is put aside, and says so."""
        self.discard("again")
        self.same_as_id = first.id

    def back_to_the_list(self) -> None:
        """Undo a decision: it waits again."""
        self.state, self.ticket_id, self.reply_id = MailState.HELD, None, None
        self.same_as_id = None
        self.decided_by_id, self.decided_by_name, self.decided_at = None, "", None

    def _decide(self, by: Actor | None) -> None:
        if by is not None:
            self.decided_by_id, self.decided_by_name, self.decided_at = by.id, by.name, clock.now()


_SAME_NAME: Final = (
    select(InboundEmail)
    .where(
        InboundEmail.message_id == bindparam("name"),
        InboundEmail.received_at.between(bindparam("since"), bindparam("until")),
        InboundEmail.id != bindparam("own"),
    )
    .order_by(InboundEmail.id.desc())
    .limit(MOST_COPIES)
    .execution_options(populate_existing=True)
)
_SAME_BYTES: Final = _SAME_NAME.where(InboundEmail.sha256 == bindparam("sha256"))
_TO_FILE: Final = (
    select(InboundEmail)
    .where(InboundEmail.id.in_(bindparam("ids", expanding=True)), InboundEmail.state == MailState.STORED)
    .order_by(InboundEmail.id)
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
_NAMED_THE_SAME: Final = select(InboundEmail.message_id).where(
    InboundEmail.message_id.in_(bindparam("names", expanding=True)),
    InboundEmail.id.not_in(bindparam("own", expanding=True)),
)
