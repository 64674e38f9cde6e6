"""A part of a review that one worker does: students between two ids."""

from collections.abc import Iterable, Sequence
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, Uuid, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.truancy.models.review import WORKING, Review

#: The rules are put to its students; then their cases follow.
LOOKING, FOLLOWING, DONE = "looking", "following", "done"


class ReviewRange(DistrictOwned, Base):
    """Students of a review between two ids, and how far a worker has come with them."""

    __tablename__ = "review_ranges"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: holds counts only")
    __audited__ = False
    __table_args__ = owned(
        points_at("review_id", "reviews"),
        UniqueConstraint("district_id", "review_id", "number"),
        CheckConstraint("state in ('looking','following','done')", name="state"),
    )
    FOUND_BY = ("id",)

    review_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: From 1.
    number: Mapped[int] = mapped_column(info=PUBLIC)
    #: Those after the one, up to the other; None: since the first, up to the last.
    after: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    up_to: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Students whose cases have yet to follow what was written of them. Never read whole: there may be all of them.
    to_follow: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid()), default=list, server_default="{}", deferred=True, info=PUBLIC
    )
    state: Mapped[str] = mapped_column(default=LOOKING, info=PUBLIC)
    students: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    #: Firings: new ones, and what became of those that were known.
    found: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    retracted: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    reinstated: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    rest_elsewhere: Mapped[int] = mapped_column(default=0, info=PUBLIC)

    @classmethod
    def of_review(cls, review_id: UUID) -> Sequence[Self]:
        """In their order."""
        return db.session.scalars(select(cls).where(cls.review_id == review_id).order_by(cls.number)).all()

    @classmethod
    def has_yet_to_come_by(cls, student_id: UUID) -> bool:
        """True if a review of everybody is at work and this student has still to be looked at."""
        asked = (
            select(cls.id)
            .join(Review, Review.id == cls.review_id)
            .where(
                Review.state == WORKING,
                Review.of_everybody(),
                cls.state == LOOKING,
                or_(cls.after.is_(None), cls.after < student_id),
                or_(cls.up_to.is_(None), cls.up_to >= student_id),
            )
        )
        return db.session.scalar(asked) is not None

    @property
    def is_done(self) -> bool:
        """True once nothing more happens to it."""
        return self.state == DONE

    def follow_later(self, students: Iterable[str]) -> None:
        """The cases of these, too, have yet to follow. For whoever holds the range."""
        told = {"id": self.id, "students": "{" + ",".join(students) + "}"}
        db.session.connection().execute(_FOLLOW_LATER, told)

    def next_to_follow(self, many: int) -> list[UUID]:
        """Take so many of them off. For whoever holds the range."""
        asked = {"id": self.id, "many": many}
        taken: list[UUID] = db.session.connection().execute(_NEXT_TO_FOLLOW, asked).scalar_one()
        if taken:
            db.session.connection().execute(_FOLLOWED, asked)
        return taken

    @classmethod
    def locked(cls, id: UUID) -> Self | None:
        """The range, held until the transaction ends; None while another worker holds it."""
        asked = select(cls).where(cls.id == id).with_for_update(skip_locked=True)
        return db.session.scalar(asked.execution_options(populate_existing=True))


_FOLLOW_LATER: Final = text(
    "update review_ranges set to_follow = to_follow || cast(:students as uuid[]) where id = :id"
)
_NEXT_TO_FOLLOW: Final = text(
    "select to_follow[1 : cast(:many as integer)] from review_ranges where id = :id"
)
_FOLLOWED: Final = text(
    "update review_ranges set to_follow = to_follow[cast(:many as integer) + 1 :] where id = :id"
)
