"""A photo or a PDF that came with a family's note. Photos are drawn anew; what the camera wrote into them is gone."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.family.models.family_answer import FamilyAnswer


class FamilyFile(HoldsAFile, DistrictOwned, Base):
    """Where it lies, and what it is by its own first bytes."""

    __tablename__ = "family_files"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("answer_id", "family_answers"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("thumbnail_size >= 0", name="thumbnail_size"),
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("content_type in ('image/jpeg','image/png','application/pdf')", name="content_type"),
        Index(None, "district_id", "answer_id"),
    )
    FOUND_BY = ("id",)
    SIZES = ("size", "thumbnail_size")

    answer_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    content_type: Mapped[str] = mapped_column(info=PUBLIC)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    storage_key: Mapped[str] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    thumbnail_key: Mapped[str | None] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    #: Octets; nought without a thumbnail.
    thumbnail_size: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    answer: Mapped[FamilyAnswer] = relationship(
        primaryjoin=lambda: foreign(FamilyFile.answer_id) == FamilyAnswer.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The file of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_answer(cls, answer_id: UUID) -> list[Self]:
        """What came with it."""
        return list(db.session.scalars(select(cls).where(cls.answer_id == answer_id).order_by(cls.id)))
