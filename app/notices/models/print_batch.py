"""The letters of a day, collated to be printed and posted: a batch, and its files of at most a hundred letters."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, OwnedThrough, owned, points_at
from app.roster.models.person import Person


class PrintBatch(DistrictOwned, Base):
    """One day's letters, of the whole district; those of practice apart, and never posted."""

    __tablename__ = "print_batches"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("posted_by_id", "people"),
        UniqueConstraint("district_id", "day", "practice"),
        CheckConstraint("(posted_by_id is null) = (posted_at is null)", name="posted_by_somebody"),
        CheckConstraint("not (practice and posted_at is not null)", name="practice_is_never_posted"),
    )
    FOUND_BY = ("id",)

    day: Mapped[date] = mapped_column(info=PUBLIC)
    practice: Mapped[bool] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    posted_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    posted_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    posted_by: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(PrintBatch.posted_by_id) == Person.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The batch of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def newest_first(cls, most: int) -> Sequence[tuple[Self, int, int]]:
        """So many of them, each with its letters and its files counted."""
        counted = (
            select(cls, func.coalesce(func.sum(PrintFile.letters), 0), func.count(PrintFile.id))
            .outerjoin(PrintFile, PrintFile.batch_id == cls.id)
            .group_by(cls.id)
            .order_by(cls.day.desc(), cls.practice)
        )
        rows = db.session.execute(counted.limit(most))
        return [(batch, int(letters), files) for batch, letters, files in rows]

    @classmethod
    def of(cls, day: date, practice: bool) -> Self:
        """The batch of a day, made if there is none. Whoever else would add to it or post it waits."""
        found = db.session.scalar(
            select(cls).where(cls.day == day, cls.practice == practice).with_for_update()
        )
        if found is None:
            found = cls(day=day, practice=practice)
            db.session.add(found)
            db.session.flush()
        return found

    @classmethod
    def was_posted(cls, day: date) -> bool:
        """True if the letters of that day are on their way, so that no more can be laid beside them."""
        posted = select(cls.id).where(cls.day == day, cls.posted_at.is_not(None))
        return db.session.scalar(posted) is not None

    @property
    def files(self) -> list["PrintFile"]:
        """Its files, in the order of their envelopes."""
        theirs = select(PrintFile).where(PrintFile.batch_id == self.id)
        return list(db.session.scalars(theirs.order_by(PrintFile.first_envelope)))

    @property
    def letters(self) -> int:
        """How many letters it has until now, those included that were taken out of it."""
        count = select(func.sum(PrintFile.letters)).where(PrintFile.batch_id == self.id)
        return int(db.session.scalar(count) or 0)

    @property
    def last_envelope(self) -> int:
        """How many envelopes it has until now."""
        highest = select(func.max(PrintFile.last_envelope)).where(PrintFile.batch_id == self.id)
        return db.session.scalar(highest) or 0

    def post(self, person_id: UUID) -> None:
        """A named person took it to the post."""
        self.posted_by_id, self.posted_at = person_id, clock.now()


class PrintFile(HoldsAFile, OwnedThrough, Base):
    """One PDF of a batch."""

    __tablename__ = "print_files"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("batch_id", "print_batches"),
        UniqueConstraint("district_id", "batch_id", "first_envelope"),
        CheckConstraint("first_envelope > 0 and last_envelope >= first_envelope", name="envelopes"),
        Index(None, "district_id", "batch_id"),
    )
    FOUND_BY = ("id",)

    batch_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    first_envelope: Mapped[int] = mapped_column(info=PUBLIC)
    last_envelope: Mapped[int] = mapped_column(info=PUBLIC)
    letters: Mapped[int] = mapped_column(info=PUBLIC)
    storage_key: Mapped[str] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    batch: Mapped[PrintBatch] = relationship(
        primaryjoin=lambda: foreign(PrintFile.batch_id) == PrintBatch.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The file of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def with_envelope(cls, batch_id: UUID, envelope: int) -> Self | None:
        """The file in which that envelope's letters are, while it is kept."""
        theirs = select(cls).where(
            cls.batch_id == batch_id, cls.first_envelope <= envelope, envelope <= cls.last_envelope
        )
        return db.session.scalar(theirs.limit(1))
