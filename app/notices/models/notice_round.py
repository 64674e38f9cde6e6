"""How far the look at all notices has come: a district of half a million is not asked about at once."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

#: A round that took a minute is followed by four without one: it is a net, and must not fill the house.
REST: float = 4.0


class NoticeRound(DistrictOwned, Base):
    """The last reference that was looked at, of a round that began at some time."""

    __tablename__ = "notice_rounds"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(
        UniqueConstraint("district_id"),
        CheckConstraint("(after_kind = '') = (after_id is null)", name="place"),
    )

    after_kind: Mapped[str] = mapped_column(default="", info=PUBLIC)
    after_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    began_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    came_round_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def of_this_district(cls) -> Self:
        """The district's row, held until the transaction ends."""
        found = db.session.scalar(select(cls).with_for_update())
        if found is None:
            found = cls(after_kind="", began_at=clock.now())
            db.session.add(found)
            db.session.flush()
        return found

    def begins(self, now: datetime) -> bool:
        """Whether there is something to look at now: a round goes on, or the next one is due."""
        if self.after_id is None and self.came_round_at is not None:
            if now < self.came_round_at + REST * (self.came_round_at - self.began_at):
                return False
            self.began_at, self.came_round_at = now, None
        return True

    def has_come_to(self, kind: str, id: UUID) -> None:
        """Everything up to this one has been asked."""
        self.after_kind, self.after_id = kind, id

    def comes_round(self, now: datetime) -> None:
        """Everything has been asked once."""
        self.after_kind, self.after_id, self.came_round_at = "", None, now
