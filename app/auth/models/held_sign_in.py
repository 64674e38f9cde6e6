"""Somebody whom a provider vouches for and whom the rule does not know: an admin sees who asks, and decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.actor import Actor
from app.core.db import Base, changed_rows, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.integrations.openid.id_token import Somebody
from app.integrations.openid.providers import PROVIDERS

KEPT: Final = timedelta(days=90)
#: More than this wait for nobody: whoever comes then is told so, and no row is made.
MOST: Final = 1000


class HeldSignIn(DistrictOwned, Base):
    """One identity that waits, or that an admin has refused."""

    __tablename__ = "held_sign_ins"
    __keeping__ = Keeping("staff", "90 days after they last tried", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("decided_by_id", "accounts"),
        UniqueConstraint("district_id", "issuer", "tenant", "subject"),
        Index(None, "district_id", "state", "last_at"),
        CheckConstraint("word in ('google','microsoft')", name="word"),
        CheckConstraint("state in ('waiting','accepted','refused')", name="state"),
        CheckConstraint("(state = 'waiting') = (decided_at is null)", name="decided_at_agrees"),
    )
    FOUND_BY = ("id",)

    word: Mapped[str] = mapped_column(info=PUBLIC)
    issuer: Mapped[str] = mapped_column(info=PUBLIC)
    tenant: Mapped[str] = mapped_column(default="", info=PUBLIC)
    subject: Mapped[str] = mapped_column(info=PERSONAL)
    #: As the provider says, for the admin to read. Nothing is matched by them any more.
    name: Mapped[str] = mapped_column(default="", info=PERSONAL)
    email: Mapped[str] = mapped_column(default="", info=PERSONAL)
    #: Why the rule did not let them in, in a sentence.
    because: Mapped[str] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default="waiting", info=PUBLIC)
    first_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    last_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    decided_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    decided_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The one of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of(cls, somebody: Somebody) -> Self | None:
        """The one that the provider's numbers name, locked."""
        same = select(cls).where(
            cls.issuer == somebody.issuer, cls.tenant == somebody.tenant, cls.subject == somebody.subject
        )
        return db.session.scalar(same.with_for_update())

    @classmethod
    def waiting(cls) -> Sequence[Self]:
        """Those that nobody has decided on, whoever tried last first."""
        question = select(cls).where(cls.state == "waiting").order_by(cls.last_at.desc(), cls.id)
        return db.session.scalars(question.limit(MOST)).all()

    @classmethod
    def refused(cls) -> Sequence[Self]:
        """Those that an admin refused, and may have refused by mistake."""
        question = select(cls).where(cls.state == "refused").order_by(cls.last_at.desc(), cls.id)
        return db.session.scalars(question.limit(50)).all()

    @classmethod
    def are_too_many(cls) -> bool:
        """True if no more can wait."""
        waiting = select(func.count(cls.id)).where(cls.state == "waiting")
        return (db.session.scalar(waiting) or 0) >= MOST

    @property
    def provider_name(self) -> str:
        """Which of the two."""
        return PROVIDERS[self.word].name

    def somebody(self) -> Somebody:
        """Whom the provider vouched for."""
        return Somebody(
            issuer=self.issuer, tenant=self.tenant, subject=self.subject, email=self.email, name=self.name
        )

    def decide(self, state: str, *, by: Actor) -> None:
        """Accepted or refused, by whom and when."""
        self.state, self.decided_at = state, clock.now()
        self.decided_by_id = by.id if by.kind == "account" else None


def forget_old_held_sign_ins() -> int:
    """Delete those of this district that have not tried for long; how many."""
    old = delete(HeldSignIn).where(HeldSignIn.last_at < clock.now() - KEPT)
    return changed_rows(db.session.execute(old))
