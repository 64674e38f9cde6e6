"""A template: what families are told for one reason, in all its languages and versions (notice_text.py)."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class NoticeTemplate(DistrictOwned, Base):
    """One reason to write: a rule of the law, or one of the district's own."""

    __tablename__ = "notice_templates"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "wanted"),
        CheckConstraint("wanted <> '' and title <> ''", name="named"),
    )
    FOUND_BY = ("id",)

    #: The key by which a room asks for it (core/grounds.py): "us-ca.truant.1".
    wanted: Mapped[str] = mapped_column(info=PUBLIC)
    title: Mapped[str] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The template of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def for_(cls, wanted: str) -> Self | None:
        """The template made for that key."""
        return db.session.scalar(select(cls).where(cls.wanted == wanted))

    @classmethod
    def by_title(cls) -> Select[Self]:
        """All of them, in the order of a list."""
        return select(cls).order_by(cls.title, cls.id)
