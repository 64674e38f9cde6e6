"""A passkey: a key pair on somebody's phone, computer or stick, of which we keep the public half (WebAuthn)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

#: One account may have so many.
MOST: Final = 20


class Passkey(DistrictOwned, Base):
    """One of the keys of one account."""

    __tablename__ = "passkeys"
    __keeping__ = Keeping("staff", "as long as the account", exported=False, erased="delete")
    __audited__ = False  # added and removed are noted as such; its counter grows with each sign-in
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "credential_id"),
        Index(None, "district_id", "account_id"),
        CheckConstraint("sign_count >= 0", name="sign_count"),
    )
    FOUND_BY = ("id",)

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: As its owner calls it: "My phone".
    name: Mapped[str] = mapped_column(info=PERSONAL)
    #: As the authenticator names it, base64url.
    credential_id: Mapped[str] = mapped_column(info=PRIVATE)
    #: COSE key, base64url.
    public_key: Mapped[str] = mapped_column(info=PRIVATE)
    #: As the authenticator last counted; many always say 0.
    sign_count: Mapped[int] = mapped_column(BigInteger(), info=PUBLIC)
    transports: Mapped[list[Any]] = mapped_column(JSONB(), default=list, info=PUBLIC)
    last_used_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The passkey of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of(cls, account_id: UUID) -> Sequence[Self]:
        """The keys of an account, oldest first."""
        return db.session.scalars(select(cls).where(cls.account_id == account_id).order_by(cls.id)).all()

    @classmethod
    def called(cls, credential_id: str) -> Self | None:
        """The key that an authenticator names so, held until the transaction ends: its counter is compared."""
        mine = select(cls).where(cls.credential_id == credential_id).with_for_update()
        return db.session.scalar(mine.execution_options(populate_existing=True))

    def used(self, sign_count: int) -> None:
        """It has just signed."""
        self.sign_count, self.last_used_at = sign_count, clock.now()
