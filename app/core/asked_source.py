"""A source that is asked, whatever for: what an admin filled in, when it is asked, and how it went lately.

A model that mixes this in says itself whose its settings are; its actions are in roster/actions/asking.py.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import db
from app.core.expiring import Expiring
from app.core.records import PRIVATE, PUBLIC
from app.core.tenancy import DistrictOwned

#: What is to begin at an hour that struck while nothing ran begins so much later at most; then the next night's counts.
STILL_TIME: Final = timedelta(hours=6)


class AskedSource(Expiring, DistrictOwned):
    """One a kind of source. Whether it may be called says the switch of its outside service."""

    #: By the names of the form's fields, and never a secret.
    settings: Mapped[dict[str, Any]]
    secret_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    secret = Sealed("secret_sealed")
    #: When it is asked each night, in the district's zone; None: only when somebody says so.
    hour: Mapped[int | None] = mapped_column(info=PUBLIC)
    #: What a night finds is applied without anybody's yes, unless something must be asked.
    applies_itself: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Where the source said that reading may go on with the changes since the last one that was applied.
    bookmark: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    #: When its hour struck last and was heeded.
    struck_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    worked_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    failed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: What was wrong then, in a sentence of ours.
    failure: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)

    @property
    def kept_at(self) -> str:
        """As Expiring has it."""
        return "/admin/services"

    def is_due(self, zone_name: str) -> bool:
        """True if its hour has struck, a short while ago, and nothing was begun since."""
        return self.hour is not None and has_struck(self.hour, self.struck_at, zone_name)

    @property
    def failing(self) -> bool:
        """True if it failed since it last worked."""
        return self.failed_at is not None and (self.worked_at is None or self.worked_at < self.failed_at)

    # Not through the row, for the audit log would tell each night.

    def struck(self) -> None:
        """What tonight asks is begun, or need not be."""
        self._note(struck_at=clock.now())

    def worked(self) -> None:
        """It answered, to the end."""
        self._note(worked_at=clock.now())

    def failed(self, sentence: str) -> None:
        """It did not, and why."""
        self._note(failed_at=clock.now(), failure=sentence[:300])

    def _note(self, **values: object) -> None:
        cls = type(self)
        db.session.execute(
            update(cls).where(cls.id == self.id).values(**values).execution_options(synchronize_session=False)
        )


def has_struck(hour: int, heeded_at: datetime | None, zone_name: str) -> bool:
    """True if this hour of the day has struck a short while ago and was not heeded since."""
    now, struck = clock.now(), clock.last_struck(hour, zone_name)
    return now - struck < STILL_TIME and (heeded_at is None or heeded_at < struck)
