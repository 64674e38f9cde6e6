"""Something that a family sent by its link, and what became of it. It excuses nothing by itself."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, func, or_, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.family.models.family_link import FamilyLink
from app.roster.models.guardian import Guardian
from app.roster.models.language import LANGUAGES
from app.roster.models.person import Person
from app.roster.models.student import Student

RECEIPT, NOTE, MEETING, INTERPRETER, REACH, STOP = (
    "receipt",
    "note",
    "meeting",
    "interpreter",
    "reach",
    "stop",
)
#: Each as the office reads it.
KINDS: Final = {
    RECEIPT: "Read it",
    NOTE: "Wrote a note",
    MEETING: "Asks for a meeting",
    INTERPRETER: "Asks for an interpreter",
    REACH: "Asks to be reached otherwise",
    STOP: "Stopped text messages",
}
#: Nobody has to do anything about these.
NEEDS_NOBODY: Final = frozenset({RECEIPT, STOP})
#: How they want to be reached, as the office reads it; the page says it in their language.
WAYS: Final = {"letter": "letter", "email": "email", "text": "text message", "phone": "phone call"}
LONGEST_TEXT: Final = 2000
LONGEST_REMARK: Final = 1000
ON_A_PAGE: Final = 50


class FamilyAnswer(DistrictOwned, Base):
    """One. `id` is the key that was made when the form was shown, so that sent twice it is here once."""

    __tablename__ = "family_answers"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("link_id", "family_links"),
        points_at("student_id", "students"),
        points_at("guardian_id", "guardians"),
        CheckConstraint("kind in ('receipt','note','meeting','interpreter','reach','stop')", name="kind"),
        CheckConstraint("settled_by_id is null or settled_at is not null", name="settled_by_somebody"),
        CheckConstraint("remark_sealed is null or settled_at is not null", name="remark_of_the_settled"),
        Index(None, "district_id", "link_id"),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "guardian_id"),
        Index("ix_family_answers_waiting", "district_id", "sent_at", postgresql_where="settled_at is null"),
    )
    FOUND_BY = ("id",)

    link_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    #: As they wrote it.
    text_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: The language that they chose: of an interpreter, or to be written to in.
    language: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    #: One of WAYS, where they asked for another.
    way: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    #: In which language they had the page before them.
    read_in: Mapped[str] = mapped_column(default="en", server_default="en", info=PUBLIC)
    sent_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    settled_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    settled_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The name as it was then.
    settled_by: Mapped[str | None] = mapped_column(info=PERSONAL)
    #: What was said on the phone, or done.
    remark_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)

    text = Sealed("text_sealed")
    remark = Sealed("remark_sealed")

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(FamilyAnswer.student_id) == Student.id, viewonly=True
    )
    guardian: Mapped[Guardian] = relationship(
        primaryjoin=lambda: foreign(FamilyAnswer.guardian_id) == Guardian.id, viewonly=True
    )
    link: Mapped[FamilyLink] = relationship(
        primaryjoin=lambda: foreign(FamilyAnswer.link_id) == FamilyLink.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The answer of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def students_with_a_note(cls, settled_since: datetime) -> Sequence[UUID]:
        """Of whom a note waits to be read, or was read since then."""
        waits = or_(cls.settled_at.is_(None), cls.settled_at >= settled_since)
        return db.session.scalars(select(cls.student_id).where(cls.kind == NOTE, waits).distinct()).all()

    @classmethod
    def sent_since(cls, link_id: UUID, since: datetime) -> int:
        """How many came by a link since then."""
        asked = select(func.count()).where(cls.link_id == link_id, cls.sent_at > since)
        return db.session.scalar(asked) or 0

    @classmethod
    def receipt_of(cls, link_id: UUID) -> Self | None:
        """That what the link is about was read, if they said so."""
        asked = select(cls).where(cls.link_id == link_id, cls.kind == RECEIPT).order_by(cls.sent_at).limit(1)
        return db.session.scalar(asked)

    @classmethod
    def of_student(cls, student_id: UUID) -> Sequence[Self]:
        """The last fifty of a student, the newest first."""
        theirs = select(cls).where(cls.student_id == student_id)
        return db.session.scalars(theirs.order_by(cls.sent_at.desc(), cls.id.desc()).limit(ON_A_PAGE)).all()

    @classmethod
    def waiting(cls, schools: Collection[UUID] | None) -> list[Self]:
        """Of students of those schools (None: of all) what nobody has settled, the oldest first; one page."""
        asked = cls._at(schools).where(cls.settled_at.is_(None)).order_by(cls.sent_at, cls.id)
        return list(db.session.scalars(asked.limit(ON_A_PAGE)))

    @classmethod
    def settled(cls, schools: Collection[UUID] | None) -> list[Self]:
        """The same of what is settled, the newest first."""
        asked = cls._at(schools).where(cls.settled_at.is_not(None))
        return list(db.session.scalars(asked.order_by(cls.settled_at.desc(), cls.id.desc()).limit(ON_A_PAGE)))

    @classmethod
    def count_waiting(cls, schools: Collection[UUID] | None) -> int:
        """How many wait in all."""
        asked = cls._at(schools).where(cls.settled_at.is_(None)).with_only_columns(func.count())
        return db.session.scalar(asked) or 0

    @classmethod
    def _at(cls, schools: Collection[UUID] | None) -> Select[Any]:
        asked: Select[Any] = select(cls).join(Person, Person.id == cls.student_id)
        return asked if schools is None else asked.where(Person.school_id.in_(schools))

    @property
    def what(self) -> str:
        """In the office's words."""
        return KINDS[self.kind]

    @property
    def asked_for(self) -> str:
        """What they chose: "Español (Spanish), by letter"."""
        spoken = LANGUAGES[self.language].choice if self.language in LANGUAGES else ""
        by = f"by {WAYS[self.way]}" if self.way in WAYS else ""
        return ", ".join(filter(None, (spoken, by)))

    @property
    def is_settled(self) -> bool:
        """True once nobody has to do anything about it."""
        return self.settled_at is not None

    def settle(self, *, by_id: UUID | None, by: str | None, remark: str = "") -> None:
        """It is done. `remark`: what was said or done."""
        self.settled_at, self.settled_by_id, self.settled_by = clock.now(), by_id, by
        self.remark = remark or None

    def open_again(self) -> None:
        """It was not done after all. What had been remarked is forgotten."""
        self.settled_at = self.settled_by_id = self.settled_by = None
        self.remark = None
