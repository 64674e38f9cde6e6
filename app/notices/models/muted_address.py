"""An address from which mail came back for good: nothing is written to it by itself for a while."""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

MUTED_FOR: Final = timedelta(days=60)


class MutedAddress(DistrictOwned, Base):
    """What a technician writes still goes there. The row goes when an admin or a lead lifts it, or its time is over."""

    __tablename__ = "muted_addresses"
    __keeping__ = Keeping("requester", "60 days after mail came back", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("message_id", "messages"),
        UniqueConstraint("district_id", "address"),
        CheckConstraint("address = lower(address) and address <> ''", name="address_is_lower"),
    )
    FOUND_BY = ("id",)

    address: Mapped[str] = mapped_column(info=PERSONAL)
    #: Why mail came back, in words that end a sentence: "the mailbox does not exist (5.1.1)".
    because: Mapped[str] = mapped_column(info=PUBLIC)
    #: The mail that came back.
    message_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    until: Mapped[datetime] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The row of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def now_muted(cls) -> Select[Self]:
        """Those that hold now, the newest first."""
        return select(cls).where(cls.until > clock.now()).order_by(cls.id.desc())

    @classmethod
    def count(cls) -> int:
        """How many hold now."""
        return db.session.scalar(select(func.count()).select_from(cls.now_muted().subquery())) or 0

    @classmethod
    def over(cls) -> Select[Self]:
        """Those whose time is over."""
        return select(cls).where(cls.until <= clock.now()).order_by(cls.id)

    @classmethod
    def holding(cls, address: str) -> Self | None:
        """Why nothing is written to this address by itself, if so."""
        return db.session.scalar(cls.now_muted().where(cls.address == address.strip().lower()))

    @classmethod
    def mute(cls, address: str, because: str, message_id: UUID) -> Self:
        """From now on, for MUTED_FOR; anew if it is muted already."""
        row = db.session.scalar(select(cls).where(cls.address == address)) or cls(address=address)
        row.because, row.message_id, row.until = because, message_id, clock.now() + MUTED_FOR
        db.session.add(row)
        return row
