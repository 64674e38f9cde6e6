"""Secrets that outside services let run out: admins are told before, whatever row holds them.

A model that mixes this in beside its sealed secret is reminded of without a line elsewhere.
"""

from abc import abstractmethod
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import db
from app.core.directory import district_by_id
from app.core.records import PUBLIC, every_model
from app.core.tenancy import current_district_id

#: So many days before its last one admins are told; and when it has ended.
REMINDED_BEFORE: Final = (60, 30, 7, 0)


class Expiring:
    """A row of a district that holds one secret with a last day."""

    id: Mapped[UUID]
    #: The last day on which the secret works, if the admin knows it.
    secret_expires_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: Of those days the last of which admins were told, for this secret.
    reminded_days: Mapped[int | None] = mapped_column(info=PUBLIC)

    @property
    @abstractmethod
    def secret_of(self) -> str:
        """What the secret is for, as an admin reads it."""

    @property
    @abstractmethod
    def without_it(self) -> str:
        """What no longer works without it, in a sentence."""

    @property
    @abstractmethod
    def kept_at(self) -> str:
        """The path of the page on which a new one is entered, within the district."""

    def expires_on(self, day: date | None, *, anew: bool) -> None:
        """Its last day. A new secret, or another day, is reminded of anew."""
        if anew or self.secret_expires_on != day:
            self.reminded_days = None
        self.secret_expires_on = day

    def days_left(self, today: date) -> int | None:
        """How many days it still works; None if nobody said."""
        return (self.secret_expires_on - today).days if self.secret_expires_on else None

    def ends_soon(self, today: date) -> bool:
        """True from the first reminder on."""
        left = self.days_left(today)
        return left is not None and left <= REMINDED_BEFORE[0]

    def reminder_due(self, today: date) -> int | None:
        """Of how many days before its end admins are to be told now; None if they know."""
        left = self.days_left(today)
        reached = [days for days in REMINDED_BEFORE if left is not None and left <= days]
        if not reached or (self.reminded_days is not None and self.reminded_days <= reached[-1]):
            return None
        return reached[-1]

    def reminded(self, days: int) -> None:
        """Admins were told. Not through the row, for the audit log would tell each time."""
        cls: Any = type(self)
        change = update(cls).where(cls.id == self.id).values(reminded_days=days)
        db.session.execute(change.execution_options(synchronize_session=False))


def all_expiring() -> Iterator[Expiring]:
    """Every row of the district that is open whose secret has a last day, whatever its table."""
    for model in every_model():
        if issubclass(model, Expiring):
            of: Any = model
            yield from db.session.scalars(select(of).where(of.secret_expires_on.is_not(None)).order_by(of.id))


def today() -> date:
    """The day it is in the district that is open."""
    card = district_by_id(current_district_id())
    return clock.local(clock.now(), card.zone if card else "UTC").date()
