"""A version of a template's text in one language. It is never changed: other words are another version.

So an approval is of those very words. An English version stands by itself; every other is the translation of one
English version, and is worth nothing for the next. The database lets the app change nothing of it but whether it is
approved or taken out of use.
"""

from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.notices.models.notice_template import NoticeTemplate
from app.notices.wording import contents, lines, placeholders
from app.notices.wording.contents import Item
from app.roster.models.language import ENGLISH, ONE_OF_THEM, Language, language
from app.roster.models.person import Person

SHIPPED, PERSON, MACHINE = "shipped", "person", "machine"
#: Where the words come from, as the page says it.
ORIGINS: Final = {
    SHIPPED: "Our draft",
    PERSON: "Written here",
    MACHINE: "Machine draft",
}


class NoticeText(OwnedThrough, Base):
    """One version. `passages` say what the law asks for, by item; `required` is what it asked for when written."""

    __tablename__ = "notice_texts"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("template_id", "notice_templates"),
        points_at("translates_id", "notice_texts"),
        points_at("written_by_id", "people"),
        points_at("approved_by_id", "people"),
        UniqueConstraint("district_id", "template_id", "language", "number"),
        CheckConstraint(ONE_OF_THEM, name="language"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(language = 'en') = (translates_id is null)", name="translation_of_something"),
        CheckConstraint("origin in ('shipped','person','machine')", name="origin"),
        CheckConstraint("(origin = 'person') = (written_by_id is not null)", name="written_by_somebody"),
        CheckConstraint("(approved_by_id is null) = (approved_at is null)", name="approved_by_somebody"),
        CheckConstraint("origin <> 'machine' or approved_at is null", name="machine_drafts_never_leave"),
        Index(None, "district_id", "template_id"),
    )
    FOUND_BY = ("id",)

    template_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    language: Mapped[str] = mapped_column(info=PUBLIC)
    #: Counted in its language.
    number: Mapped[int] = mapped_column(info=PUBLIC)
    translates_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    origin: Mapped[str] = mapped_column(info=PUBLIC)
    heading: Mapped[str] = mapped_column(info=PRIVATE)
    body: Mapped[str] = mapped_column(info=PRIVATE)
    #: Of a text message; "" where this is told by none.
    line: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    passages: Mapped[dict[str, str]] = mapped_column(JSONB(), default=dict, info=PRIVATE)
    required: Mapped[list[list[str]]] = mapped_column(JSONB(), default=list, info=PUBLIC)
    required_since: Mapped[date | None] = mapped_column(info=PUBLIC)
    written_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    approved_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    approved_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: From then on nothing is written with it any more.
    retired_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    template: Mapped[NoticeTemplate] = relationship(
        primaryjoin=lambda: foreign(NoticeText.template_id) == NoticeTemplate.id, viewonly=True
    )
    written_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(NoticeText.written_by_id) == Person.id, viewonly=True
    )
    approved_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(NoticeText.approved_by_id) == Person.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The version of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of(cls, template_id: UUID) -> list[Self]:
        """Every version of a template, the newest first."""
        theirs = select(cls).where(cls.template_id == template_id)
        return list(db.session.scalars(theirs.order_by(cls.made_at.desc(), cls.id.desc())))

    @classmethod
    def newest(cls, template_id: UUID, tag: str) -> Self | None:
        """The newest version in a language, approved or not."""
        theirs = select(cls).where(cls.template_id == template_id, cls.language == tag)
        return db.session.scalar(theirs.order_by(cls.number.desc()).limit(1))

    @classmethod
    def in_use(cls, template_id: UUID) -> Self | None:
        """The English version with which letters are written: the newest that is approved."""
        approved = select(cls).where(
            cls.template_id == template_id, cls.language == ENGLISH, *cls._approved()
        )
        return db.session.scalar(approved.order_by(cls.number.desc()).limit(1))

    @classmethod
    def next_number(cls, template_id: UUID, tag: str) -> int:
        """The number of a new version in a language."""
        highest = select(func.max(cls.number)).where(cls.template_id == template_id, cls.language == tag)
        return (db.session.scalar(highest) or 0) + 1

    @classmethod
    def _approved(cls) -> tuple[Any, ...]:
        return cls.approved_at.is_not(None), cls.retired_at.is_(None)

    def in_language(self, tag: str) -> Self | None:
        """The approved translation of this very version, or itself; None where there is none."""
        if tag == self.language:
            return self
        cls = type(self)
        theirs = select(cls).where(cls.translates_id == self.id, cls.language == tag, *cls._approved())
        return db.session.scalar(theirs.order_by(cls.number.desc()).limit(1))

    def outdated_in(self, tag: str) -> Self | None:
        """The newest approved translation of another version of this template; None where there is none."""
        cls = type(self)
        theirs = select(cls).where(
            cls.template_id == self.template_id,
            cls.language == tag,
            cls.translates_id != self.id,
            *cls._approved(),
        )
        return db.session.scalar(theirs.order_by(cls.number.desc()).limit(1))

    @property
    def speaks(self) -> Language:
        """Its language."""
        return language(self.language)

    @property
    def called(self) -> str:
        """As it is spoken of: "Spanish, version 2"."""
        return f"{self.speaks.english}, version {self.number}"

    @property
    def comes_from(self) -> str:
        """Whose words they are."""
        return ORIGINS[self.origin]

    @property
    def is_approved(self) -> bool:
        """Whether letters may say it."""
        return self.approved_at is not None and self.retired_at is None

    @property
    def items(self) -> list[Item]:
        """What the law asked for when it was written."""
        return [Item(key, says) for key, says in self.required]

    @property
    def said(self) -> list[str]:
        """Its passages, in the order in which the law names what they say."""
        order = dict.fromkeys(key for key, _ in self.required if key in self.passages)
        return [self.passages[key] for key in order | dict.fromkeys(self.passages)]

    @property
    def placeholders(self) -> list[str]:
        """The values it asks for, in the order in which they are read."""
        return placeholders.names_in("\n".join([self.heading, self.body, *self.said]))

    def why_not(self) -> list[str]:
        """Why it may not be approved, a sentence a reason."""
        reasons = contents.why_not(self.heading, self.body, self.passages, self.items, self.language)
        return reasons + lines.why_not(self.line, self.language)

    def approve(self, person_id: UUID) -> None:
        """A named person says that families may be told this."""
        self.approved_by_id, self.approved_at, self.retired_at = person_id, clock.now(), None

    def retire(self) -> None:
        """Nothing is written with it any more."""
        self.retired_at = clock.now()
