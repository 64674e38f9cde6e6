"""What somebody had written when their session ended: kept a day, for them alone."""

from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Index, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, changed_rows, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

KEPT: Final = timedelta(hours=24)


class Draft(DistrictOwned, Base):
    """The fields of one paper as one account left them."""

    __tablename__ = "drafts"
    __keeping__ = Keeping("staff", "24 hours", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = owned(points_at("account_id", "accounts"), Index(None, "district_id", "account_id"))

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    paper: Mapped[str] = mapped_column(info=PUBLIC)
    written: Mapped[dict[str, Any]] = mapped_column(info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of(cls, account_id: UUID, id: UUID, paper: str) -> Self | None:
        """That account's own draft of that paper, while it is kept."""
        mine = select(cls).where(cls.id == id, cls.account_id == account_id, cls.paper == paper)
        return db.session.scalar(mine.where(cls.made_at > clock.now() - KEPT))


def keep(account_id: UUID, paper: str, written: dict[str, list[str]]) -> Draft:
    """Keep what they wrote, and let go of what has been kept long enough."""
    forget_old_drafts()
    draft = Draft(account_id=account_id, paper=paper, written=written)
    db.session.add(draft)
    db.session.flush()
    return draft


def forget_old_drafts() -> int:
    """Delete drafts of this district past their day; how many."""
    return changed_rows(db.session.execute(delete(Draft).where(Draft.made_at <= clock.now() - KEPT)))
