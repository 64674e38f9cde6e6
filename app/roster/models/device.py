"""A device of a school. It lives in the roster so that every room may point at it."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.room import Room
from app.roster.models.school import School

STATES = ("in use", "spare", "in repair", "retired")


class Device(DistrictOwned, Base):
    """A thing with a tag on it."""

    __tablename__ = "devices"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("school_id", "schools"),
        points_at("room_id", "rooms"),
        UniqueConstraint("district_id", "tag"),
        Index(None, "district_id", "school_id"),
        Index(None, "district_id", "room_id"),
        CheckConstraint("tag = upper(tag) and tag <> ''", name="tag_is_upper"),
        CheckConstraint("state in ('in use','spare','in repair','retired')", name="state"),
    )
    FOUND_BY = ("id",)

    #: What the sticker says, in capitals.
    tag: Mapped[str] = mapped_column(info=PUBLIC)
    serial: Mapped[str] = mapped_column(default="", info=PUBLIC)
    model: Mapped[str] = mapped_column(default="", info=PUBLIC)
    kind: Mapped[str] = mapped_column(default="", info=PUBLIC)
    school_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    room_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default="in use", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    school: Mapped[School] = relationship(primaryjoin=lambda: foreign(Device.school_id) == School.id)
    room: Mapped[Room | None] = relationship(primaryjoin=lambda: foreign(Device.room_id) == Room.id)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The device of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def with_tag(cls, tag: str) -> Self | None:
        """The device with this sticker, however it was typed."""
        return db.session.scalar(select(cls).where(cls.tag == tag.strip().upper()))
