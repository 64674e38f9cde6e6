"""Ticket numbers: one row a district, from 1001 upwards, gaps allowed."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, UniqueConstraint, bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db, uuid7
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, of_this_district, owned

FIRST: Final = 1001


class TicketCounter(DistrictOwned, Base):
    """The next number of a district."""

    __tablename__ = "ticket_counters"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(UniqueConstraint("district_id"))

    next: Mapped[int] = mapped_column(default=FIRST, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def take(cls, count: int = 1) -> range:
        """So many numbers that nobody else gets. Its row stays locked until the commit, so take them last."""
        after = cls._advance(count)
        if after is None:
            db.session.execute(_BEGIN, {"id": uuid7(), "district_id": current_district_id()})
            after = cls._advance(count)
        assert after is not None
        return range(after - count, after)

    @classmethod
    def _advance(cls, count: int) -> int | None:
        after: int | None = db.session.connection().scalar(_ADVANCE, {"count": count})
        return after


_ROWS: Final = cast(Table, TicketCounter.__table__)
_ADVANCE: Final = of_this_district(update(_ROWS).values(next=_ROWS.c.next + bindparam("count"))).returning(
    _ROWS.c.next
)
#: Another first ticket of the district may get here before us; its row will do.
_BEGIN: Final = insert(TicketCounter).on_conflict_do_nothing()
