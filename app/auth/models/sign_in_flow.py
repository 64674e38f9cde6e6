"""A sign-in that somebody has gone to a provider for, and not come back from yet.

Its secrets are made from the row by our key, so the database alone answers for nobody. It belongs to one
browser, works once, and for ten minutes.
"""

from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, delete, false, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import blind_index, mac, token_hash
from app.core.db import Base, changed_rows, db, uuid7
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.integrations.openid.exchange import Secrets

LASTS: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=1)
#: Begun within ten minutes from one network address. A whole school may share one.
MOST_AT_ONCE: Final = 500


class SignInFlow(DistrictOwned, Base):
    """One way there and back."""

    __tablename__ = "sign_in_flows"
    __keeping__ = Keeping("staff", "a day", exported=False, erased="delete")
    __audited__ = False  # what comes of it is noted
    __table_args__ = owned(
        points_at("provider_id", "sign_in_providers"),
        points_at("account_id", "accounts"),
        UniqueConstraint("district_id", "state_hash"),
        CheckConstraint("not confirms or account_id is not null", name="somebody_confirms"),
        Index(None, "district_id", "address_hash", "made_at"),
        Index(None, "district_id", "expires_at"),
    )

    provider_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Of the provider's settings when it began.
    version: Mapped[int] = mapped_column(info=PUBLIC)
    state_hash: Mapped[str] = mapped_column(info=PRIVATE)
    #: Of the random word that the browser keeps meanwhile.
    browser_hash: Mapped[str] = mapped_column(info=PRIVATE)
    address_hash: Mapped[str] = mapped_column(info=PERSONAL)
    #: Whoever is signed in already and adds this way to come in; null for signing in.
    account_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: They are only to show once more that it is they: a sign-in of just now counts, and nothing is added.
    confirms: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: A path of ours to go on to.
    go_on: Mapped[str] = mapped_column(default="", info=PRIVATE)
    expires_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    used_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def begin(
        cls,
        *,
        provider_id: UUID,
        version: int,
        browser: str,
        address: str,
        account_id: UUID | None,
        go_on: str,
        confirms: bool = False,
    ) -> Self:
        """A fresh one."""
        flow = cls(
            id=uuid7(),
            provider_id=provider_id,
            version=version,
            browser_hash=token_hash(browser),
            address_hash=_from(address),
            account_id=account_id,
            go_on=go_on[:2000],
            confirms=confirms,
            expires_at=clock.now() + LASTS,
        )
        flow.state_hash = token_hash(flow.secrets.state)
        db.session.add(flow)
        db.session.flush()
        return flow

    @classmethod
    def come_back(cls, state: str) -> Self | None:
        """The one of that state, locked: of two answers at once the second waits, and finds it used."""
        return db.session.scalar(select(cls).where(cls.state_hash == token_hash(state)).with_for_update())

    @classmethod
    def is_crowded(cls, address: str) -> bool:
        """True if more than a school would has been begun from there just now."""
        lately = select(func.count(cls.id)).where(
            cls.address_hash == _from(address), cls.made_at > clock.now() - LASTS
        )
        return (db.session.scalar(lately) or 0) >= MOST_AT_ONCE

    @property
    def secrets(self) -> Secrets:
        """What only we and, each for itself, the browser and the provider know."""
        return Secrets(
            state=mac("sign-in state", self.id, bits=160),
            nonce=mac("sign-in nonce", self.id, bits=160),
            verifier=mac("sign-in verifier", self.id, bits=256),
        )


def forget_old_flows() -> int:
    """Delete those of this district that nobody can come back from; how many."""
    old = delete(SignInFlow).where(SignInFlow.expires_at < clock.now() - KEPT)
    return changed_rows(db.session.execute(old))


def _from(address: str) -> str:
    return blind_index(f"sign in elsewhere from {address}")
