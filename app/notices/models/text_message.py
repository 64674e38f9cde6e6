"""A text that leaves the house. The row is the job: whatever becomes of it stands here.

queued → sending → sent → delivered | failed, or stopped before it left. Unsure is what may have been sent: Twilio is
asked before anything is sent again. Delivered, failed and stopped are final, and of those that did not arrive whoever
had it written sees that another way is needed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Select, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, presence
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.queue import Work, later
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

#: How long one attempt may hold a text. Shorter than the lease of the job that makes it.
HOLDS_FOR: Final = timedelta(minutes=1, seconds=30)
#: Twilio's list is a moment behind: what was just handed over is not looked for before this.
LISTED_AFTER: Final = timedelta(minutes=2)
DELIVER: Final = "jobs.notices.deliver_text"
LOOK_UP: Final = "jobs.notices.look_up_text"

TRIAL: Final = "trial"
#: Why it is sent, as the law asks (FCC 16-88): of an unexcused absence, or whatever else a school says.
PURPOSES: Final = {TRIAL: "Trial", "absence": "An absence", "school": "School"}


class TextState(StrEnum):
    """Where a text stands."""

    QUEUED = "queued"
    SENDING = "sending"
    UNSURE = "unsure"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    STOPPED = "stopped"


#: From these something may still become of it.
OPEN: Final = frozenset({TextState.QUEUED, TextState.SENDING, TextState.UNSURE, TextState.SENT})


class TextMessage(DistrictOwned, Base):
    """One text to one number."""

    __tablename__ = "text_messages"
    __keeping__ = Keeping("guardians", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        UniqueConstraint("district_id", "key"),
        CheckConstraint(
            "state in ('queued','sending','unsure','sent','delivered','failed','stopped')", name="state"
        ),
        CheckConstraint("purpose in ('trial','absence','school')", name="purpose"),
        CheckConstraint("(purpose = 'trial') = (contact_id is null)", name="to_a_contact"),
        CheckConstraint("encoding in ('GSM-7','UCS-2') and segments between 1 and 10", name="segments"),
        CheckConstraint("text <> ''", name="says_something"),
        CheckConstraint("state <> 'sending' or claimed_until is not null", name="claimed_while_sending"),
        CheckConstraint(
            "claimed_until is null or state in ('sending','unsure')", name="claimed_by_an_attempt"
        ),
        CheckConstraint("holder is null or claimed_until is not null", name="held_while_claimed"),
        CheckConstraint("state not in ('sent','delivered') or sid is not null", name="sent_has_a_number"),
        Index(
            "uq_text_messages_sid",
            "district_id",
            "sid",
            unique=True,
            postgresql_where=text("sid is not null"),
        ),
        Index("ix_text_messages_about", "district_id", "about_table", "about_id"),
        Index(
            "ix_text_messages_on_their_way",
            "district_id",
            "next_try_at",
            postgresql_where=text("state in ('queued','sending','unsure','sent')"),
        ),
    )

    #: Of what it is the text, once: whoever writes it again under this key gets this row.
    key: Mapped[str] = mapped_column(info=PUBLIC)
    purpose: Mapped[str] = mapped_column(info=PUBLIC)
    #: The contact and the student as the roster had them. Both may be gone by the time that it leaves.
    contact_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    number_sealed: Mapped[str] = mapped_column(info=PRIVATE)
    number = Sealed("number_sealed")
    number_index: Mapped[str] = mapped_column(info=PRIVATE)
    text: Mapped[str] = mapped_column(info=PRIVATE)
    encoding: Mapped[str] = mapped_column(info=PUBLIC)
    segments: Mapped[int] = mapped_column(info=PUBLIC)
    #: What it is about, without a foreign key: the mail room has never heard of absences.
    about_table: Mapped[str | None] = mapped_column(info=PUBLIC)
    about_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=TextState.QUEUED, info=PUBLIC)
    #: Why it stands there, in a sentence.
    reason: Mapped[str] = mapped_column(default="", info=PUBLIC)
    attempts: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    next_try_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    claimed_until: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The mark of the process that has it; None where it has none.
    holder: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    #: When the last attempt began. From then on Twilio may have it: a text has no dot that ends it.
    handed_over_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Twilio's number of it, and the last that Twilio said.
    sid: Mapped[str | None] = mapped_column(info=PUBLIC)
    status: Mapped[str] = mapped_column(default="", info=PUBLIC)
    sent_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    settled_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The text of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """The text that was written under that key."""
        return db.session.scalar(select(cls).where(cls.key == key))

    @classmethod
    def about(cls, table: str, id: UUID) -> Sequence[Self]:
        """The texts about one thing, in the order they were written."""
        theirs = select(cls).where(cls.about_table == table, cls.about_id == id).order_by(cls.id)
        return db.session.scalars(theirs).all()

    @classmethod
    def lately(cls, most: int) -> Sequence[Self]:
        """The newest first."""
        return db.session.scalars(select(cls).order_by(cls.id.desc()).limit(most)).all()

    @classmethod
    def unheard(cls, now: datetime) -> Select[Self]:
        """Texts whose time has come and whom no bell will call: to be sent, or looked for at Twilio."""
        ready = or_(cls.next_try_at.is_(None), cls.next_try_at <= now)
        bell = select(Work.id).where(Work.job == DELIVER, Work.subject_id == cls.id, Work.failed_at.is_(None))
        waits = cls.state.in_([TextState.QUEUED, TextState.UNSURE]) & cls.claimed_until.is_(None)
        return select(cls).where(waits, ready, ~bell.exists()).order_by(cls.id)

    @classmethod
    def forsaken(cls, now: datetime) -> Select[Self]:
        """Texts whose sender died at work, or has had its time."""
        over = or_(cls.claimed_until < now, presence.gone(cls.holder))
        return select(cls).where(cls.claimed_until.is_not(None), over)

    @classmethod
    def without_news(cls, now: datetime) -> Select[Self]:
        """Sent texts of which nobody told any more, and after which nobody asked lately."""
        return (
            select(cls)
            .where(cls.state == TextState.SENT, cls.next_try_at <= now)
            .order_by(cls.next_try_at, cls.id)
        )

    def is_forsaken(self, now: datetime) -> bool:
        """True if this one is among them."""
        return db.session.scalar(self.forsaken(now).where(TextMessage.id == self.id)) is not None

    @property
    def called(self) -> str:
        """Why it is sent, for whoever looks after the texts."""
        return PURPOSES[self.purpose]

    @property
    def needs_another_way(self) -> bool:
        """True if it did not and will not arrive: what must be told is told by the next channel."""
        return self.state in {TextState.FAILED, TextState.STOPPED}

    def ring(self, due: datetime | None = None) -> None:
        """Have it sent, or looked for, after this transaction or at a later time."""
        later(DELIVER, self.id, queue="notifications", due=due)

    def claim(self, now: datetime) -> None:
        """One attempt begins: to send it, or to find what became of it."""
        if self.state == TextState.QUEUED:
            self.state, self.handed_over_at = TextState.SENDING, now
        self.claimed_until, self.holder = now + HOLDS_FOR, presence.my_mark()
        self.attempts += 1
        self.next_try_at = None

    def begin_anew(self, reason: str = "", until: datetime | None = None) -> None:
        """Nobody has it: queued again, now or at that time."""
        self._let_go(TextState.QUEUED, reason)
        self.handed_over_at, self.next_try_at = None, until
        self.ring(due=until)

    def doubt(self, reason: str, until: datetime) -> None:
        """It may have been sent: Twilio is asked at that time."""
        self._let_go(TextState.UNSURE, reason)
        self.next_try_at = until
        self.ring(due=until)

    def was_taken(self, sid: str, status: str, ask_at: datetime) -> None:
        """Twilio has it. If no news comes until then, Twilio is asked."""
        self._let_go(TextState.SENT)
        self.sid, self.status, self.sent_at = sid, status, self.sent_at or clock.now()
        self.next_try_at = ask_at

    def arrive(self) -> None:
        """The phone has it."""
        self._settle(TextState.DELIVERED)

    def fail(self, reason: str) -> None:
        """It did not arrive, and will not."""
        self._settle(TextState.FAILED, reason)

    def stop(self, reason: str) -> None:
        """It must not be sent."""
        self._settle(TextState.STOPPED, reason)

    def _settle(self, state: TextState, reason: str = "") -> None:
        self._let_go(state, reason)
        self.settled_at = clock.now()

    def _let_go(self, state: TextState, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.claimed_until = self.holder = self.next_try_at = None
