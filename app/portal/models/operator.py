"""Somebody who runs this deployment. Made on the command line; signs in with a password and a code, always both."""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

import pyotp
from sqlalchemy import BigInteger, CheckConstraint, Uuid, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.auth.models import password
from app.auth.models.authenticator_app import step_of
from app.core import clock, crypto
from app.core.db import Base, uuid7
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping

SETUP_LASTS: Final = timedelta(minutes=60)
FREE_TRIES: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)


class Operator(Base):
    """One of them. Every method works within a session over all districts: role `app` cannot read this table."""

    __tablename__ = "operators"
    __keeping__ = Keeping(
        "nobody", "as long as they run it", exported=False, erased="keep: not of a district"
    )
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_lower"),
        CheckConstraint("state in ('invited','active','closed')", name="state"),
        CheckConstraint(
            "state <> 'active' or (password_hash is not null and last_step is not null)",
            name="active_has_both",
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, default=uuid7, info=PUBLIC)
    email: Mapped[str] = mapped_column(unique=True, info=PERSONAL)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    state: Mapped[str] = mapped_column(default="invited", info=PUBLIC)
    password_hash: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: Of their authenticator app, under the newest master key: there is no district whose key could seal it.
    secret_wrapped: Mapped[str] = mapped_column(info=PRIVATE)
    #: The time step of the newest code that was taken: it and all before it are used up.
    last_step: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    setup_hash: Mapped[str | None] = mapped_column(unique=True, info=PRIVATE)
    setup_until: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Tries in a row that did not fit, and when the last one was.
    failures: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    failed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def with_address(cls, across: Session, email: str) -> Self | None:
        """The one with this address, held until the transaction ends: tries are counted one after the other."""
        return across.scalar(select(cls).where(cls.email == email.strip().lower()).with_for_update())

    @classmethod
    def setting_up(cls, across: Session, token: str) -> Self | None:
        """The one whose setup link this is, while it works."""
        fresh = (cls.setup_hash == crypto.token_hash(token), cls.setup_until > clock.now())
        return across.scalar(select(cls).where(*fresh).with_for_update())

    @classmethod
    def rewrap(cls, across: Session) -> None:
        """Wrap every secret under the newest master key."""
        for one in across.scalars(select(cls).with_for_update()):
            one.secret_wrapped = crypto.wrapped_under_the_newest(one.secret_wrapped, one._bound_to)

    def begin_again(self, token: str) -> None:
        """A fresh secret and a fresh link; what opened the account before opens it no more."""
        self.state, self.password_hash, self.last_step = "invited", None, None
        self.secret_wrapped = crypto.wrap(pyotp.random_base32().encode(), self._bound_to)
        self.setup_hash, self.setup_until = crypto.token_hash(token), clock.now() + SETUP_LASTS
        self.failures, self.failed_at = 0, None

    def set_up(self, new_password: str, step: int) -> None:
        """Open it: with this password, and an app whose code of that step was typed."""
        self.password_hash, self.last_step, self.state = password.hashed(new_password), step, "active"
        self.setup_hash = self.setup_until = None

    def close(self) -> None:
        """Nobody signs in with it any more."""
        self.state, self.setup_hash, self.setup_until = "closed", None, None

    @property
    def secret(self) -> str:
        """What their app and we share."""
        return crypto.unwrap(self.secret_wrapped, self._bound_to).decode()

    def new_step_of(self, code: str) -> int | None:
        """The time step of a code of about now that was not taken yet; None for any other."""
        step = step_of(self.secret, "".join(code.split()))
        return None if step is None or (self.last_step is not None and step <= self.last_step) else step

    def must_wait(self) -> timedelta:
        """How long the next try has to wait; zero if not at all."""
        if self.failures < FREE_TRIES or self.failed_at is None:
            return timedelta()
        pause: timedelta = min(FIRST_PAUSE * 2 ** min(self.failures - FREE_TRIES, 10), LONGEST_PAUSE)
        return max(self.failed_at + pause - clock.now(), timedelta())

    @property
    def _bound_to(self) -> bytes:
        return b"operators|" + self.id.bytes
