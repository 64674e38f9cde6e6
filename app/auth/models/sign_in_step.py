"""Between the two steps of signing in: what a browser carries then. It opens no door.

A table of its own, and not a session that is not one yet: whoever looks for sessions cannot take it for one.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import token_hash
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

LASTS: Final = timedelta(minutes=10)


class SignInStep(DistrictOwned, Base):
    """One browser in which the password was right, or in which a passkey is to say who it is."""

    __tablename__ = "sign_in_steps"
    __keeping__ = Keeping("staff", "24 hours", exported=False, erased="delete")
    __audited__ = False  # that the password was right is noted as such
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "token_hash"),
        Index(None, "district_id", "account_id"),
    )

    #: Null: nobody yet. A passkey will say who.
    account_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    token_hash: Mapped[str] = mapped_column(info=PRIVATE)
    #: What a passkey must sign; the first answer takes it out.
    challenge: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: The provider that vouched for them; "" after a password, or where nobody has said who they are.
    through: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def begin(cls, account_id: UUID | None, *, through: str = "") -> str:
        """A fresh step; its token, which is told once and stored nowhere."""
        token = secrets.token_urlsafe(16)
        challenge = secrets.token_urlsafe(32)
        step = cls(account_id=account_id, token_hash=token_hash(token), challenge=challenge, through=through)
        db.session.add(step)
        db.session.flush()
        return token

    @classmethod
    def of_token(cls, token: str | None) -> Self | None:
        """The step that a browser's token names, if it is not too old."""
        if not token:
            return None
        fresh = cls.made_at > clock.now() - LASTS
        return db.session.scalar(select(cls).where(cls.token_hash == token_hash(token), fresh))

    def take_challenge(self) -> str | None:
        """The challenge, for this one answer; of two at once, the second gets None."""
        cls = type(self)
        mine = select(cls).where(cls.id == self.id).with_for_update()
        if db.session.scalar(mine.execution_options(populate_existing=True)) is None:
            return None
        challenge, self.challenge = self.challenge, None
        db.session.flush()
        return challenge

    @classmethod
    def end_all(cls, account_id: UUID) -> None:
        """Whoever stands between the two begins again."""
        for step in db.session.scalars(select(cls).where(cls.account_id == account_id)):
            db.session.delete(step)

    @classmethod
    def end_all_local(cls) -> None:
        """Whoever stands there by a password begins again."""
        for step in db.session.scalars(select(cls).where(cls.through == "")):
            db.session.delete(step)


def forget_old_steps() -> int:
    """Delete steps of this district that nobody can go on from; how many."""
    old = db.session.scalars(select(SignInStep).where(SignInStep.made_at <= clock.now() - LASTS)).all()
    for step in old:
        db.session.delete(step)
    return len(old)
