"""Ticket numbers: one row a district, from 1001 upwards, gaps allowed."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, UniqueConstraint, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, of_this_district, owned

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
    def take(cls) -> int:
        """A number that nobody else gets. Its row stays locked until the commit, so take it last."""
        db.session.flush()
        number = cls._advance()
        if number is None:
            cls._begin()
            number = cls._advance()
        assert number is not None
        return number

    @classmethod
    def _advance(cls) -> int | None:
        after: int | None = db.session.connection().scalar(_ADVANCE)
        return None if after is None else after - 1

    @classmethod
    def _begin(cls) -> None:
        try:
            with db.session.begin_nested():
                db.session.add(cls())
        except IntegrityError:
            # Another first ticket of the district got here before us; its row will do.
            return


_ROWS: Final = cast(Table, TicketCounter.__table__)
_ADVANCE: Final = of_this_district(update(_ROWS).values(next=_ROWS.c.next + 1)).returning(_ROWS.c.next)
