"""A notice to a family: to whom, what it says, what it rests on, and what became of it.

blocked → waiting → approved → in print → sent → delivered; at any time before it leaves cancelled, afterwards
withdrawn, returned, or not delivered. Sent says that somebody took it, delivered that it is there. What did not arrive
is followed by another notice under the same key, by the next of `ways`; of those one at most counts for a guardian.

What it rests on is a reference (a kind and an id) that a room stands for (core/grounds.py). What it says is written
down once, sealed, and its hash beside it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from secrets import choice
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, false, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, OwnedThrough, owned, points_at
from app.integrations.twilio.segments import Counted, counted
from app.notices.models.notice_text import NoticeText
from app.notices.models.print_batch import PrintBatch
from app.roster.models.language import ENGLISH, ONE_OF_THEM, Language, language
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.student import Student

LETTER, EMAIL, SMS = "letter", "email", "sms"
#: As the reference of a notice says it that corrects another one.
CORRECTION: Final = "correction"
#: How each channel is called. A text message carries one line and a link to what else a notice says.
CHANNELS: Final = {LETTER: "Letter", EMAIL: "Email", SMS: "Text message"}
#: Without those that are read wrong: no 0, O, 1, I, L, U.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 8


class State(StrEnum):
    """Where a notice stands."""

    #: Something is missing, and the reason says what.
    BLOCKED = "blocked"
    WAITING = "waiting"
    #: Of an email or a text: it waits for its server. Of a letter: for the cut-off.
    APPROVED = "approved"
    #: A letter in a print batch that nobody has posted yet.
    IN_PRINT = "in print"
    #: A mail server, Twilio or the post has it.
    SENT = "sent"
    #: The phone has it, as its network says. Of letters and emails nobody says that.
    DELIVERED = "delivered"
    #: It did not arrive, or nobody can find out whether it did.
    UNDELIVERED = "not delivered"
    CANCELLED = "cancelled"
    #: It had left, or was in print, when what it rests on ceased to stand.
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


#: What may still be stopped before it leaves.
OPEN: Final = (State.BLOCKED, State.WAITING, State.APPROVED)
#: What has gone out, and may be heard of again.
OUT: Final = (State.SENT, State.DELIVERED)
#: What did not arrive.
FAILED: Final = (State.UNDELIVERED, State.RETURNED)
#: What a guardian has been told by, or is to be: one of them at most under one key.
LIVE: Final = (*OPEN, State.IN_PRINT, *OUT)
_ONE_OF_THEM: Final = "state in ({})".format(",".join(f"'{one}'" for one in State))


class Notice(DistrictOwned, Base):
    """One notice by one channel."""

    __tablename__ = "notices"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("school_id", "schools"),
        points_at("text_id", "notice_texts"),
        points_at("home_text_id", "notice_texts"),
        points_at("approved_by_id", "people"),
        points_at("ended_by_id", "people"),
        points_at("in_english_by_id", "people"),
        points_at("message_id", "messages"),
        points_at("text_message_id", "text_messages"),
        points_at("follows_id", "notices"),
        points_at("batch_id", "print_batches"),
        UniqueConstraint("district_id", "code"),
        CheckConstraint(_ONE_OF_THEM, name="state"),
        CheckConstraint("channel in ('letter','email','sms')", name="channel"),
        CheckConstraint(ONE_OF_THEM, name="language"),
        CheckConstraint("grounds_kind <> '' and duty <> ''", name="rests_on_something"),
        CheckConstraint("(approved_by_id is null) = (approved_at is null)", name="approved_by_somebody"),
        CheckConstraint(
            "state not in ('approved','in print','sent','delivered','withdrawn','returned') "
            "or approved_at is not null",
            name="nothing_leaves_unapproved",
        ),
        CheckConstraint(
            "(in_english_by_id is null) = (in_english_at is null)", name="in_english_by_somebody"
        ),
        CheckConstraint(
            "in_english_at is null or (language <> 'en' and home_text_id is null)",
            name="in_english_untranslated",
        ),
        CheckConstraint(
            "state not in ('approved','in print','sent','delivered','withdrawn','returned') "
            "or language = 'en' or home_text_id is not null or in_english_at is not null",
            name="nothing_leaves_in_another_language",
        ),
        CheckConstraint("state <> 'blocked' or reason <> ''", name="blocked_says_why"),
        CheckConstraint(
            "state <> 'in print' or (channel = 'letter' and batch_id is not null)", name="printed"
        ),
        CheckConstraint("state <> 'sent' or left_at is not null", name="sent_at_some_time"),
        CheckConstraint("state <> 'delivered' or arrived_at is not null", name="arrived_at_some_time"),
        Index(None, "district_id", "state", "school_id", "made_at"),
        Index(None, "district_id", "student_id", "made_at"),
        Index(None, "district_id", "grounds_kind", "grounds_id"),
        Index(None, "district_id", "batch_id", "envelope"),
        Index(None, "district_id", "message_id"),
        Index(None, "district_id", "text_message_id"),
        Index(None, "district_id", "follows_id"),
        # What did not arrive and has not gone on yet, which is little.
        Index(
            "ix_notices_to_go_on",
            "district_id",
            "id",
            postgresql_where=literal_column("state in ('not delivered','returned') and went_on_at is null"),
        ),
    )
    FOUND_BY = ("id",)

    #: On the letter, in the window: what is typed or scanned when it comes back.
    code: Mapped[str] = mapped_column(info=PUBLIC)
    grounds_kind: Mapped[str] = mapped_column(info=PUBLIC)
    grounds_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Which of the things that are owed for it this does: "notice".
    duty: Mapped[str] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    channel: Mapped[str] = mapped_column(info=PUBLIC)
    #: The channels by which it may be told, the first one first.
    ways: Mapped[list[str]] = mapped_column(JSONB(), default=list, info=PUBLIC)
    #: The law asks that this family be told.
    is_required: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: Where it goes by post after another way failed, the law asks for certified mail.
    certified: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: The notice that did not arrive, after which this one was written.
    follows_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    language: Mapped[str] = mapped_column(info=PERSONAL)
    #: The English version, and the translation of it; the latter is none for English and where there is none.
    text_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    home_text_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: A person chose that it goes in English, with lines in the family's language that say how to have it explained.
    in_english_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    in_english_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(info=PUBLIC)
    reason: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: To be read by a person first; then it is approved by itself and in no batch.
    caution: Mapped[str] = mapped_column(default="", info=PERSONAL)
    values_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    words_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: What a text message says; the words are then what its link shows.
    line_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: Whose name stands on it, and where it went, once it has left.
    addressee_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    address_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: Of the words, so that it can be shown what was said.
    words_sha256: Mapped[str] = mapped_column(default="", info=PUBLIC)
    practice: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    approved_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    approved_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    left_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    arrived_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    message_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    text_message_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    batch_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    envelope: Mapped[int | None] = mapped_column(info=PUBLIC)
    returned_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: It did not arrive, and since then another notice has been written, or a person has it.
    went_on_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Cancelled or withdrawn: by whom (nobody: what it rests on ceased to stand), and when.
    ended_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    values_text = Sealed("values_sealed")
    words_text = Sealed("words_sealed")
    line = Sealed("line_sealed")
    addressee = Sealed("addressee_sealed")
    address = Sealed("address_sealed")

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(Notice.student_id) == Student.id, viewonly=True
    )
    school: Mapped[School | None] = relationship(
        primaryjoin=lambda: foreign(Notice.school_id) == School.id, viewonly=True
    )
    text: Mapped[NoticeText] = relationship(
        primaryjoin=lambda: foreign(Notice.text_id) == NoticeText.id, viewonly=True
    )
    home_text: Mapped[NoticeText | None] = relationship(
        primaryjoin=lambda: foreign(Notice.home_text_id) == NoticeText.id, viewonly=True
    )
    approved_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Notice.approved_by_id) == Person.id, viewonly=True
    )
    in_english_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Notice.in_english_by_id) == Person.id, viewonly=True
    )
    batch: Mapped[PrintBatch | None] = relationship(
        primaryjoin=lambda: foreign(Notice.batch_id) == PrintBatch.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The notice of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def coded(cls, code: str) -> Self | None:
        """The notice with that code, however it was typed."""
        typed = "".join(letter for letter in code.upper() if letter.isalnum())[: CODE_LENGTH * 2]
        return db.session.scalar(select(cls).where(cls.code == typed))

    @classmethod
    def in_states(cls, states: Collection[str], schools: Collection[UUID] | None) -> Select[Self]:
        """Those of some schools (None: of all), the oldest first."""
        found = select(cls).where(cls.state.in_(list(states)))
        if schools is not None:
            found = found.where(cls.school_id.in_(list(schools)))
        return found.order_by(cls.made_at, cls.id)

    @classmethod
    def resting_on(cls, kind: str, id: UUID) -> Select[Self]:
        """Those that rest on this."""
        return select(cls).where(cls.grounds_kind == kind, cls.grounds_id == id).order_by(cls.id)

    @classmethod
    def taken_out_of(cls, batch_id: UUID) -> Sequence[Self]:
        """Letters of a batch that were withdrawn before it was posted, in the order of their envelopes."""
        out = select(cls).where(cls.batch_id == batch_id, cls.state == State.WITHDRAWN, cls.left_at.is_(None))
        return db.session.scalars(out.order_by(cls.envelope, cls.id)).all()

    @classmethod
    def certified_in(cls, batch_id: UUID) -> Sequence[int]:
        """The envelopes of a batch that are posted as certified mail."""
        theirs = select(cls.envelope).where(
            cls.batch_id == batch_id, cls.certified, cls.follows_id.is_not(None), cls.envelope.is_not(None)
        )
        return [one for one in db.session.scalars(theirs.distinct().order_by(cls.envelope)) if one]

    @classmethod
    def of_student(cls, student_id: UUID) -> Select[Self]:
        """Everything that was written about a student, the newest first."""
        return select(cls).where(cls.student_id == student_id).order_by(cls.made_at.desc(), cls.id.desc())

    @classmethod
    def telling_along(cls, kind: str, ids: Collection[UUID]) -> Select[Self]:
        """Those that tell one of these along with something else, or did for a time."""
        theirs = select(NoticeRecipient.notice_id).where(
            NoticeRecipient.along, NoticeRecipient.grounds_kind == kind, NoticeRecipient.grounds_id.in_(ids)
        )
        return select(cls).where(cls.id.in_(theirs)).order_by(cls.id)

    @classmethod
    def under_one_key(cls, kind: str, id: UUID, duty: str) -> Select[Self]:
        """Everything by which the same was told, whoever to: the oldest first."""
        return (
            select(cls)
            .where(cls.grounds_kind == kind, cls.grounds_id == id, cls.duty == duty)
            .order_by(cls.id)
        )

    @classmethod
    def carried_by(cls, column: Any, id: UUID) -> Self | None:
        """The notice that this mail or text carries, held until the transaction ends."""
        found = select(cls).where(column == id).with_for_update()
        return db.session.scalar(found.execution_options(populate_existing=True))

    @property
    def guardian_ids(self) -> tuple[UUID, ...]:
        """To whom."""
        theirs = select(NoticeRecipient.guardian_id).where(NoticeRecipient.notice_id == self.id)
        return tuple(db.session.scalars(theirs.distinct().order_by(NoticeRecipient.guardian_id)))

    @property
    def along(self) -> tuple[UUID, ...]:
        """What else it tells, besides what it was written for: references of the same kind."""
        theirs = select(NoticeRecipient.grounds_id).where(
            NoticeRecipient.notice_id == self.id, NoticeRecipient.along, NoticeRecipient.ended_at.is_(None)
        )
        return tuple(db.session.scalars(theirs.distinct().order_by(NoticeRecipient.grounds_id)))

    @property
    def once_along(self) -> dict[UUID, datetime | None]:
        """The same, with what it does not tell any more and since when."""
        theirs = select(NoticeRecipient.grounds_id, NoticeRecipient.ended_at).where(
            NoticeRecipient.notice_id == self.id, NoticeRecipient.along
        )
        return dict(db.session.execute(theirs.order_by(NoticeRecipient.id)).all())

    @property
    def speaks(self) -> Language:
        """The family's language."""
        return language(self.language)

    @property
    def said_in(self) -> str:
        """In which language it is: "Vietnamese", or "English, with lines in Vietnamese"."""
        name = self.speaks.english
        return name if self.in_english_at is None else f"English, with lines in {name}"

    @property
    def lacks_a_translation(self) -> bool:
        """Whether it waits for one, and nobody chose that it goes in English."""
        has_one = self.language == ENGLISH or self.home_text_id is not None
        return self.state == State.BLOCKED and not has_one and self.in_english_at is None

    @property
    def values(self) -> dict[str, str]:
        """What is put into the text."""
        return dict(json.loads(self.values_text or "{}"))

    @property
    def words(self) -> list[dict[str, Any]]:
        """What it says, language by language (actions/lettering.py reads it)."""
        return list(json.loads(self.words_text or "[]"))

    @property
    def counted(self) -> Counted | None:
        """What the text message takes; None where it is none."""
        return counted(self.line) if self.line else None

    @property
    def goes_certified(self) -> bool:
        """Whether this letter is posted as certified mail."""
        return self.certified and self.channel == LETTER and self.follows_id is not None

    @property
    def is_open(self) -> bool:
        """Whether it has still to leave."""
        return self.state in OPEN

    def say(self, words: list[Mapping[str, Any]]) -> None:
        """Write down what it says."""
        told = json.dumps(words, ensure_ascii=False, sort_keys=True)
        self.words_text, self.words_sha256 = told, sha256(told.encode()).hexdigest()

    def go_in_english(self, by_id: UUID, at: datetime) -> None:
        """A named person chose that it goes in English, with lines in the family's language."""
        self.in_english_by_id, self.in_english_at = by_id, at

    def go_in_their_language(self) -> None:
        """In the family's language, or not at all."""
        self.in_english_by_id = self.in_english_at = None

    def block(self, reason: str) -> None:
        """It cannot leave as it stands; once that is mended it is approved anew."""
        self.state, self.reason = State.BLOCKED, reason
        self.approved_by_id = self.approved_at = None

    def wait(self) -> None:
        """It is complete, and waits for a person."""
        self.state, self.reason = State.WAITING, ""
        self.approved_by_id = self.approved_at = self.ended_at = self.ended_by_id = None

    def approve(self, person_id: UUID, *, practice: bool) -> None:
        """A named person lets it leave."""
        self.state, self.reason, self.practice = State.APPROVED, "", practice
        self.approved_by_id, self.approved_at = person_id, clock.now()

    def go_to_print(self, batch: PrintBatch, envelope: int, addressee: str, address: str) -> None:
        """It is in a print batch, addressed."""
        self.state, self.batch_id, self.envelope = State.IN_PRINT, batch.id, envelope
        self.addressee, self.address = addressee, address

    def leave(self) -> None:
        """It is on its way."""
        self.state, self.left_at = State.SENT, clock.now()

    def arrive(self) -> None:
        """It is there."""
        self.state, self.arrived_at = State.DELIVERED, clock.now()

    def miss(self, reason: str) -> None:
        """It did not arrive, or nobody can say that it did."""
        self.state, self.reason = State.UNDELIVERED, reason

    def went_on(self) -> None:
        """What follows from that is done."""
        self.went_on_at = clock.now()

    def cancel(self, reason: str, by_id: UUID | None) -> None:
        """It does not leave."""
        self.state, self.reason, self.ended_by_id, self.ended_at = State.CANCELLED, reason, by_id, clock.now()

    def withdraw(self, reason: str, by_id: UUID | None) -> None:
        """It had left, or was in print."""
        self.state, self.reason, self.ended_by_id, self.ended_at = State.WITHDRAWN, reason, by_id, clock.now()

    def come_back(self, reason: str) -> None:
        """The post brought it back."""
        self.state, self.reason, self.returned_at = State.RETURNED, reason, clock.now()


class NoticeRecipient(OwnedThrough, Base):
    """A guardian to whom a notice goes. Under one key one notice at most counts for them: the database says so.

    What a notice tells along with what it was written for has a row of its own under its own key, so that the same
    holds there. Nothing is told along that is owed about another student (migration 0079).
    """

    __tablename__ = "notice_recipients"
    __keeping__ = Keeping("guardians", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("notice_id", "notices"),
        points_at("guardian_id", "guardians"),
        Index(
            "uq_notice_recipients_one_that_counts",
            "district_id",
            "grounds_kind",
            "grounds_id",
            "duty",
            "guardian_id",
            unique=True,
            postgresql_where=literal_column("live"),
        ),
        UniqueConstraint("district_id", "notice_id", "guardian_id", "grounds_id"),
        CheckConstraint("ended_at is null or (along and not live)", name="ended_along"),
        Index(None, "district_id", "notice_id"),
        Index(None, "district_id", "guardian_id"),
        # What somebody was told before is asked under its key, what does not count any more along.
        Index(None, "district_id", "grounds_id", "grounds_kind"),
    )

    notice_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: As of the notice, for the key.
    grounds_kind: Mapped[str] = mapped_column(info=PUBLIC)
    grounds_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    duty: Mapped[str] = mapped_column(info=PUBLIC)
    channel: Mapped[str] = mapped_column(info=PUBLIC)
    #: Whether the notice is in a state that counts. The database follows the notice (migration 0066).
    live: Mapped[bool] = mapped_column(default=True, server_default=true(), info=PUBLIC)
    #: Told along: the notice was written for something else.
    along: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: Of what was told along: from then on it is not, unless somebody tells it anew. The database follows the notice.
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def of(cls, notice: Notice, guardian_id: UUID, *, along: UUID | None = None) -> Self:
        """A new one. `along`: what else it is told by this notice."""
        return cls(
            notice_id=notice.id,
            guardian_id=guardian_id,
            grounds_kind=notice.grounds_kind,
            grounds_id=along or notice.grounds_id,
            duty=notice.duty,
            channel=notice.channel,
            along=along is not None,
        )

    @classmethod
    def of_key(cls, kind: str, id: UUID, duty: str) -> dict[UUID, list[Notice]]:
        """By what each guardian was told this, or was to be: the oldest first."""
        theirs = (
            select(cls.guardian_id, Notice)
            .join(Notice, Notice.id == cls.notice_id)
            .where(cls.grounds_kind == kind, cls.grounds_id == id, cls.duty == duty, cls.ended_at.is_(None))
            .order_by(Notice.id)
        )
        found: dict[UUID, list[Notice]] = {}
        for guardian_id, notice in db.session.execute(theirs):
            found.setdefault(guardian_id, []).append(notice)
        return found


def new_code() -> str:
    """A code that nobody guesses: thirty letters to the eighth."""
    return "".join(choice(_ALPHABET) for _ in range(CODE_LENGTH))
