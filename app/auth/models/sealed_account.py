"""The district's account for the day its provider is out of reach: its code and its paper lie in a safe.

One a district. It is an admin without a mailbox; nobody is sent a link for it, and it is sealed anew after each use.
"""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.actor import Role
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class SealedAccount(DistrictOwned, Base):
    """Which account it is, and whether its seal still holds."""

    __tablename__ = "sealed_accounts"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        points_at("sealed_by_id", "accounts"),
        UniqueConstraint("district_id"),
    )

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    sealed_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    sealed_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: When somebody signed in with it; until then the seal holds.
    opened_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    account: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(SealedAccount.account_id) == Account.id, viewonly=True
    )

    @classmethod
    def of_district(cls) -> Self | None:
        """This district's, if one was ever sealed."""
        return db.session.scalar(select(cls))

    @classmethod
    def of(cls, account_id: UUID) -> Self | None:
        """The same, if it is this account."""
        return db.session.scalar(select(cls).where(cls.account_id == account_id))

    @property
    def holds(self) -> bool:
        """True while nobody has used it since it was sealed."""
        return self.opened_at is None

    def open(self) -> None:
        """Somebody is in with it: what lay in the safe is known to them."""
        self.opened_at = clock.now()


def admins() -> list[Account]:
    """The admins of this district who have a mailbox: all but the sealed account."""
    sealed = SealedAccount.of_district()
    others = db.session.scalars(Account.holding(Role.ADMIN))
    return [one for one in others if sealed is None or one.id != sealed.account_id]
