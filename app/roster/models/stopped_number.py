"""A number whose owner said stop. It holds for every student and every purpose, until the owner answers START."""

from datetime import datetime
from typing import Final, Self

from sqlalchemy import CheckConstraint, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

#: From whom we know it: their own text, Twilio, which had blocked the number before we knew, or the family page.
BY_TEXT, BY_TWILIO, BY_PAGE = "text", "twilio", "page"
HOWS: Final = (BY_TEXT, BY_TWILIO, BY_PAGE)


class StoppedNumber(DistrictOwned, Base):
    """The number itself is not kept: its blind index knows it again, whoever has it in the roster."""

    __tablename__ = "stopped_numbers"
    __keeping__ = Keeping(
        "guardians", "the contract", exported=True, erased="keep: whoever said stop is not texted again"
    )
    __table_args__ = owned(
        UniqueConstraint("district_id", "number_index"),
        CheckConstraint("how in ('text','twilio','page')", name="how"),
    )

    number_index: Mapped[str] = mapped_column(info=PRIVATE)
    how: Mapped[str] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def holding(cls, number_index: str) -> Self | None:
        """The row of that number, if it is stopped."""
        return db.session.scalar(select(cls).where(cls.number_index == number_index))

    @classmethod
    def count(cls) -> int:
        """How many are stopped."""
        return db.session.scalar(select(func.count()).select_from(cls)) or 0

    @classmethod
    def stop(cls, number_index: str, how: str) -> Self:
        """From now on. Stopped already, it stays so as it was."""
        known = cls.holding(number_index)
        if known is None:
            known = cls(number_index=number_index, how=how)
            db.session.add(known)
        return known

    @classmethod
    def start(cls, number_index: str) -> None:
        """The owner wants texts again."""
        known = cls.holding(number_index)
        if known is not None:
            db.session.delete(known)
