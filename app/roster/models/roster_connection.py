"""A source of the roster that we ask ourselves: what an admin filled in, when it is asked, and how it went lately."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.expiring import Expiring
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.roster_source import RosterSource

#: A sync whose hour struck while nothing ran is begun so much later at most; then the next night's counts.
STILL_TIME: Final = timedelta(hours=6)


class RosterConnection(Expiring, DistrictOwned, Base):
    """One a source. Whether it may be called says the switch of its outside service."""

    __tablename__ = "roster_connections"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        UniqueConstraint("district_id", "source_id"),
        CheckConstraint("hour between 0 and 23", name="hour"),
    )

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: By the names of the form's fields. An administrator's address may be among them, and never a secret.
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PERSONAL)
    secret_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    secret = Sealed("secret_sealed")
    #: When it is asked each night, in the district's zone; None: only when an admin says so.
    hour: Mapped[int | None] = mapped_column(info=PUBLIC)
    #: What the nightly sync finds is applied without an admin's yes, unless something must be asked.
    applies_itself: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Where the source said that reading may go on with the changes since the last sync that was applied.
    bookmark: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    #: When its hour struck last and was heeded.
    struck_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    worked_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    failed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: What was wrong then, in a sentence of ours.
    failure: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)

    source: Mapped[RosterSource] = relationship(
        primaryjoin=lambda: foreign(RosterConnection.source_id) == RosterSource.id,
        viewonly=True,
        lazy="joined",
    )

    @classmethod
    def of_kind(cls, kind: str) -> Self | None:
        """This district's connection of that kind, if an admin has set one up."""
        asked = select(cls).join(RosterSource, RosterSource.id == cls.source_id)
        return db.session.scalar(asked.where(RosterSource.kind == kind))

    @classmethod
    def of_source(cls, source_id: UUID) -> Self | None:
        """The connection behind a source; None if that comes by files."""
        return db.session.scalar(select(cls).where(cls.source_id == source_id))

    @classmethod
    def all(cls) -> list[Self]:
        """All of this district."""
        return list(db.session.scalars(select(cls).order_by(cls.id)))

    @classmethod
    def nightly(cls) -> Iterator[Self]:
        """Those that are asked by themselves."""
        return (one for one in cls.all() if one.hour is not None)

    def is_due(self, zone_name: str) -> bool:
        """True if its hour has struck, a short while ago, and nothing was begun since."""
        if self.hour is None:
            return False
        now = clock.now()
        struck = clock.last_struck(self.hour, zone_name)
        return now - struck < STILL_TIME and (self.struck_at is None or self.struck_at < struck)

    @property
    def secret_of(self) -> str:
        """The system that is asked."""
        return self.source.name

    @property
    def without_it(self) -> str:
        """As Expiring has it."""
        return "The roster is not read any more."

    @property
    def kept_at(self) -> str:
        """As Expiring has it."""
        return "/admin/services"

    @property
    def failing(self) -> bool:
        """True if it failed since it last worked."""
        return self.failed_at is not None and (self.worked_at is None or self.worked_at < self.failed_at)

    # Not through the row, for the audit log would tell each night.

    def struck(self) -> None:
        """Tonight's sync is begun, or need not be."""
        self._note(struck_at=clock.now())

    def worked(self) -> None:
        """It answered, to the end."""
        self._note(worked_at=clock.now())

    def keep_bookmark(self, bookmark: str) -> None:
        """Changes since then are what the next look is to tell."""
        self._note(bookmark=bookmark)

    def failed(self, sentence: str) -> None:
        """It did not, and why."""
        self._note(failed_at=clock.now(), failure=sentence[:300])

    def _note(self, **values: object) -> None:
        cls = type(self)
        db.session.execute(
            update(cls).where(cls.id == self.id).values(**values).execution_options(synchronize_session=False)
        )
