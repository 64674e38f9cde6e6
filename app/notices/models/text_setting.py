"""How a district's texts leave: its Twilio account, the hours in which phones may ring, and practice or not."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, Self

from sqlalchemy import CheckConstraint, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.directory import district_by_id
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned

#: Hours of the day between which texts arrive, unless the district says otherwise.
FIRST_HOUR, LAST_HOUR = 8, 20
MOST_STAFF_NUMBERS: Final = 20


class TextSetting(DistrictOwned, Base):
    """A district's own choice. Without a row no text leaves."""

    __tablename__ = "text_settings"
    __keeping__ = Keeping(
        "staff", "the contract", exported=True, erased="keep: no names, numbers of work phones"
    )
    __table_args__ = owned(
        UniqueConstraint("district_id"),
        CheckConstraint("first_hour >= 0 and first_hour < last_hour and last_hour <= 24", name="hours"),
    )

    account_sid: Mapped[str] = mapped_column(info=PRIVATE)
    key_sid: Mapped[str] = mapped_column(info=PRIVATE)
    key_secret_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    key_secret = Sealed("key_secret_sealed")
    #: Twilio signs with it what it tells us. It is sent nowhere.
    auth_token_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    auth_token = Sealed("auth_token_sealed")
    #: A messaging service (MG…) or a number (+1…).
    sender: Mapped[str] = mapped_column(info=PUBLIC)
    #: False: practice. Texts reach the numbers of staff below, and stop short of everybody else.
    is_live: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: Numbers in E.164, a line each.
    staff_numbers_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    _staff_numbers = Sealed("staff_numbers_sealed")
    #: In the district's zone: a text arrives from the first hour on, and none from the last.
    first_hour: Mapped[int] = mapped_column(default=FIRST_HOUR, info=PUBLIC)
    last_hour: Mapped[int] = mapped_column(default=LAST_HOUR, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of_this_district(cls) -> Self | None:
        """The district's row, if it has chosen."""
        return db.session.scalars(select(cls)).one_or_none()

    @property
    def staff_numbers(self) -> tuple[str, ...]:
        """Whom a practice text and a trial may reach."""
        return tuple((self._staff_numbers or "").split())

    @staff_numbers.setter
    def staff_numbers(self, numbers: tuple[str, ...]) -> None:
        self._staff_numbers = "\n".join(numbers)

    def missing(self) -> str:
        """What must be filled in before it can be turned on, or ""."""
        if not self.key_secret_sealed:
            return "the secret of the API key"
        return "" if self.auth_token_sealed else "the auth token"

    def quiet_until(self, now: datetime) -> datetime | None:
        """When phones may ring again; None if they may now. Hours are those of the district's clocks."""
        card = district_by_id(current_district_id())
        here = clock.zone(card.zone if card else "UTC")
        local = now.astimezone(here)
        if self.first_hour <= local.hour < self.last_hour:
            return None
        day = local.date() + timedelta(days=local.hour >= self.last_hour)
        return datetime.combine(day, time(self.first_hour), here)


@dataclass(frozen=True, kw_only=True)
class TextChoice:
    """What the paper says. An empty secret leaves the one that is kept."""

    account_sid: str
    key_sid: str
    sender: str
    key_secret: str = field(default="", repr=False)
    auth_token: str = field(default="", repr=False)
    staff_numbers: tuple[str, ...] = ()
    is_live: bool = False
    first_hour: int = FIRST_HOUR
    last_hour: int = LAST_HOUR
