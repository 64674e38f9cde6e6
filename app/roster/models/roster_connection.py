"""A source of the roster that we ask ourselves: what an admin filled in, when it is asked, and how it went lately."""

from collections.abc import Iterator
from typing import Any, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.asked_source import AskedSource
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import owned, points_at
from app.roster.models.roster_source import RosterSource


class RosterConnection(AskedSource, Base):
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

    @property
    def secret_of(self) -> str:
        """The system that is asked."""
        return self.source.name

    @property
    def without_it(self) -> str:
        """As Expiring has it."""
        return "The roster is not read any more."

    def keep_bookmark(self, bookmark: str) -> None:
        """Changes since then are what the next look is to tell."""
        self._note(bookmark=bookmark)
