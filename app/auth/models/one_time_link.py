"""A link by mail that works once, for an hour: to accept an invitation or to set a new password.

Its secret is made from the row by our key, so the database alone opens no account; the row keeps its hash.
"""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock, quotas
from app.core.crypto import mac, token_hash
from app.core.db import Base, db, uuid7
from app.core.directory import district_by_id
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.settings import get_settings
from app.core.tenancy import DistrictOwned, owned, points_at

LASTS: Final = timedelta(minutes=60)
KEPT: Final = timedelta(days=30)
DOORS: Final = {"invite": "invitations", "reset": "resets"}


class OneTimeLink(DistrictOwned, Base):
    """One link for one account and one purpose."""

    __tablename__ = "one_time_links"
    __keeping__ = Keeping("staff", "30 days after it ran out", exported=False, erased="delete")
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "token_hash"),
        Index(None, "district_id", "account_id"),
        CheckConstraint("purpose in ('invite','reset')", name="purpose"),
    )

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    purpose: Mapped[str] = mapped_column(info=PUBLIC)
    token_hash: Mapped[str] = mapped_column(info=PRIVATE)
    expires_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    used_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    account: Mapped[Account] = relationship(primaryjoin=lambda: foreign(OneTimeLink.account_id) == Account.id)

    @classmethod
    def make(cls, account: Account, purpose: str) -> Self:
        """A fresh link. Older ones for the same purpose stop working."""
        for older in db.session.scalars(cls._unused(account.id, purpose)):
            older.used_at = clock.now()
        link = cls(id=uuid7(), account_id=account.id, purpose=purpose, expires_at=clock.now() + LASTS)
        link.token_hash = token_hash(link.token)
        db.session.add(link)
        db.session.flush()
        quotas.count(quotas.LINKS)
        return link

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The link of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def working(cls, token: str, purpose: str) -> Self | None:
        """The link of that token, if it still works. Reading does not use it up: mail scanners open links."""
        return db.session.scalar(cls._working(token, purpose))

    @classmethod
    def use(cls, token: str, purpose: str) -> Self | None:
        """The link of that token, used up by this very call; of two at once, the second gets None."""
        link = db.session.scalar(cls._working(token, purpose).with_for_update())
        if link is not None:
            link.used_at = clock.now()
        return link

    @classmethod
    def _working(cls, token: str, purpose: str) -> Select[Self]:
        return select(cls).where(
            cls.token_hash == token_hash(token),
            cls.purpose == purpose,
            cls.used_at.is_(None),
            cls.expires_at > clock.now(),
        )

    @classmethod
    def _unused(cls, account_id: UUID, purpose: str) -> Select[Self]:
        return select(cls).where(cls.account_id == account_id, cls.purpose == purpose, cls.used_at.is_(None))

    @property
    def token(self) -> str:
        """The secret in the address."""
        return mac("one-time link", self.purpose, self.id, bits=160)

    @property
    def address(self) -> str:
        """The whole link. Its host is the one of the settings, whatever a request called itself."""
        district = district_by_id(self.account.district_id)
        assert district is not None
        return f"{get_settings().base_url.rstrip('/')}/{district.slug}/{DOORS[self.purpose]}/{self.token}"

    def still_works(self) -> bool:
        """True until it is used or its hour is over."""
        return self.used_at is None and self.expires_at > clock.now()


def forget_old_links() -> int:
    """Delete links of this district that ran out long ago; how many."""
    old = db.session.scalars(select(OneTimeLink).where(OneTimeLink.expires_at < clock.now() - KEPT)).all()
    for link in old:
        db.session.delete(link)
    return len(old)
