"""An app on a phone that shows six digits, anew every 30 seconds (TOTP, RFC 6238). One an account."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

import pyotp
from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

STEP_SECONDS: Final = 30
#: Clocks of phones go wrong: the code before and the code after are taken too.
STEPS_BESIDE: Final = 1


class AuthenticatorApp(DistrictOwned, Base):
    """The secret that the app and we share, and the last code that was taken."""

    __tablename__ = "authenticator_apps"
    __keeping__ = Keeping("staff", "as long as the account", exported=False, erased="delete")
    __audited__ = False  # set up and removed are noted as such; each code that was taken is a sign-in
    __table_args__ = owned(
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "account_id"),
        CheckConstraint("confirmed_at is null or last_step is not null", name="confirmed_by_a_code"),
    )

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    secret_sealed: Mapped[str] = mapped_column(info=PRIVATE)
    secret = Sealed("secret_sealed")
    #: The time step of the newest code that was taken: it and all before it are used up.
    last_step: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    #: Empty until a first code has shown that the app really has the secret.
    confirmed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of(cls, account_id: UUID) -> Self | None:
        """The app of an account, confirmed or not."""
        return db.session.scalar(select(cls).where(cls.account_id == account_id))

    @classmethod
    def make(cls, account_id: UUID) -> Self:
        """A fresh secret of 160 bits, which counts for nothing until a code of it was typed."""
        app = cls(account_id=account_id)
        app.secret = pyotp.random_base32()
        db.session.add(app)
        db.session.flush()
        return app

    def takes(self, code: str) -> bool:
        """True if it is a code of about now, newer than any that was taken; it is used up by that.

        Of two at once, the second waits for the first and finds the code used.
        """
        cls = type(self)
        newest = select(cls).where(cls.id == self.id).with_for_update()
        if db.session.scalar(newest.execution_options(populate_existing=True)) is None:
            return False
        step = step_of(self.secret or "", code)
        if step is None or (self.last_step is not None and step <= self.last_step):
            return False
        self.last_step = step
        return True

    def confirm(self) -> None:
        """From here on a code of it is asked for."""
        self.confirmed_at = clock.now()

    def address(self, name: str, issuer: str) -> str:
        """What the QR code says: `otpauth://…`, as authenticator apps read it."""
        return codes_of(self.secret or "").provisioning_uri(name=name, issuer_name=issuer)

    @property
    def spelled(self) -> str:
        """The secret in groups of four, to be typed where no camera is."""
        return spelled(self.secret or "")


def step_of(secret: str, code: str) -> int | None:
    """The time step, about now, whose code this is; None for any other code."""
    codes, now = codes_of(secret), int(clock.now().timestamp()) // STEP_SECONDS
    for step in range(now - STEPS_BESIDE, now + STEPS_BESIDE + 1):
        if pyotp.utils.strings_equal(codes.generate_otp(step), code):
            return step
    return None


def codes_of(secret: str) -> pyotp.TOTP:
    """The codes of an app that has this secret."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS)


def spelled(secret: str) -> str:
    """A secret in groups of four, to be typed where no camera is."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
